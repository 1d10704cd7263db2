import { MINUTE_MS } from '../shared/lease.ts';
import type { Act, Outcome, Sighting } from '../shared/outcome.ts';
import type {
  AccountRules,
  Activity,
  Desired,
  EndedSession,
  LiveSession,
  Observed,
  Rules,
} from '../shared/session.ts';

/** Records and answers for tests, each with what a test does not care about filled in. */

/** An instant on a whole minute that is on no observation interval. */
export const T0 = Date.UTC(2026, 0, 2, 3, 4);
export const seconds = (count: number): number => count * 1000;
export const minutes = (count: number): number => count * MINUTE_MS;

export const ACCOUNT_ID = '11111111-1111-1111-1111-111111111111';

export const rules: Rules = {
  renewMarginMinutes: 10,
  extensionMinutes: 60,
  observeIntervalMs: minutes(10),
  launchTimeoutMs: minutes(5),
  graceFrom: 0,
  absences: [],
};

/** The rules of an account whose upstream may be called without a pause. */
export const accountRules: AccountRules = {
  ...{ renewMarginMinutes: 10, extensionMinutes: 60 },
  ...{ observeIntervalMs: minutes(10), launchTimeoutMs: minutes(5) },
  callGapMs: 0,
  awayMs: minutes(5),
  absentMs: minutes(2),
  isExclusive: false,
  orphanGraceMs: minutes(5),
};

type Overrides<T> = { [Key in keyof T]?: T[Key] };
interface LiveOverrides
  extends Overrides<Omit<LiveSession, 'life' | 'policy' | 'leases' | 'creation' | 'desired'>> {
  policy?: Overrides<LiveSession['policy']>;
  leases?: Overrides<LiveSession['leases']>;
  creation?: Overrides<LiveSession['creation']>;
  desired?: Desired;
}

export const requested: Observed = { status: 'Requested' };

export const starting = (since: number, lastSeenAt = since): Observed => ({
  status: 'Starting',
  since,
  lastSeenAt,
});

/** Ready since a known minute: `early` is a minute before `late`. */
export const ready = (late: number, seenAt = late): Observed & { status: 'Ready' } => ({
  status: 'Ready',
  seenAt,
  readyAt: { early: late - MINUTE_MS, late },
  hostname: 'host.example.org',
  ports: { handshake: 50_051, inspector: 50_052 },
  teraflops: 8,
});

export const stopped = (
  because: (Desired & { state: 'stopped' })['because'],
  at = T0,
  acceptedAt: number | null = null,
): Desired & { state: 'stopped' } => ({
  ...{ state: 'stopped', because, at, acceptedAt, repeatedAt: null, message: null },
});

/** Ready since T0 (at most a minute longer), observed then, with a lease of an hour that nobody prolongs. */
export const liveSession = (overrides: LiveOverrides = {}): LiveSession => ({
  life: 'live',
  accountId: ACCOUNT_ID,
  sessionId: 'a-session',
  size: 'Standard',
  models: ['https://example.org/models/one'],
  tags: { team: 'blue' },
  requestedWishes: { tags: { team: 'blue' } },
  createdAt: T0 - minutes(2),
  upstream: 'http://127.0.0.1:1',
  seq: 3,
  opId: 'op-3',
  dueAt: T0,
  desired: { state: 'running' },
  observed: ready(T0),
  observedAt: T0,
  pending: null,
  missingSince: null,
  heldUntil: null,
  refused: null,
  retry: null,
  unansweredSince: null,
  acknowledgedMinutes: 60,
  ...overrides,
  policy: {
    keepAlive: false,
    idleTimeoutMinutes: 30,
    idleTimeoutExplicit: false,
    maxLifetimeMinutes: null,
    ...overrides.policy,
  },
  leases: { requestedMinutes: 60, floorMinutes: 60, grantedMinutes: 60, ...overrides.leases },
  creation: {
    maxLeaseMinutes: 60,
    attempts: 1,
    firstAttemptAt: T0 - minutes(2),
    lastUntil: T0 - minutes(2) + seconds(10),
    ...overrides.creation,
  },
});

/** A session that was just asked for: no answer yet, and no attempt under way. */
export const requestedSession = (overrides: LiveOverrides = {}): LiveSession =>
  liveSession({
    observed: requested,
    observedAt: null,
    createdAt: T0,
    ...overrides,
    leases: { grantedMinutes: 0, ...overrides.leases },
    creation: { attempts: 0, firstAttemptAt: null, lastUntil: null, ...overrides.creation },
  });

export const endedSession = (overrides: Overrides<Omit<EndedSession, 'life'>> = {}): EndedSession => {
  const { accountId, sessionId, size, models, tags, createdAt, upstream, policy, leases, seq, opId } =
    liveSession();
  const { requestedWishes } = liveSession();
  return {
    ...{ life: 'ended', accountId, sessionId, size, models, tags, createdAt, upstream, policy, leases, seq },
    opId,
    requestedWishes,
    dueAt: T0 + minutes(30 * 24 * 60),
    status: 'Stopped',
    because: 'asked',
    message: null,
    errorCode: null,
    endedAt: T0,
    elapsedMinutes: 12.5,
    hostname: 'host.example.org',
    ports: { handshake: 50_051, inspector: 50_052 },
    owned: true,
    unconfirmedMinutes: null,
    ...overrides,
  };
};

/** No use since T0. */
export const activity = (overrides: Overrides<Activity> = {}): Activity => ({
  lastActivityAt: T0,
  coveredUntil: T0,
  closed: false,
  ...overrides,
});

export const sighting = (overrides: Overrides<Sighting> = {}): Sighting => ({
  status: 'Ready',
  leaseMinutes: 60,
  size: 'Standard',
  elapsedMinutes: 0,
  hostname: 'host.example.org',
  ports: { handshake: 50_051, inspector: 50_052 },
  teraflops: 8,
  errorCode: null,
  errorMessage: null,
  sentAt: T0,
  receivedAt: T0 + 20,
  ...overrides,
});

export const found = (overrides: Overrides<Sighting> = {}, created = false): Outcome & { type: 'found' } => ({
  type: 'found',
  created,
  sighting: sighting(overrides),
});

export const acts = {
  create: { type: 'create', because: 'requested', maxLeaseMinutes: 60 },
  observe: { type: 'observe', because: 'interval' },
  keep: { type: 'extend', because: 'keep-alive', maxLeaseMinutes: 120 },
  extendForClient: { type: 'extend', because: 'client', maxLeaseMinutes: 120 },
  stop: { type: 'stop', because: 'asked' },
} as const satisfies Record<string, Act>;
