import { foresee } from '../decide.ts';
import { end } from '../ending.ts';
import { intentOf, withIntent } from '../intent.ts';
import { type Instant, MINUTE_MS } from '../lease.ts';
import {
  type HeartbeatBody,
  type KeptSession,
  type KeptSessionV1,
  writeKept,
  writeKeptV1,
} from '../protocol/kept.ts';
import {
  type Activity,
  idleAt,
  idleFactsOf,
  type LiveSession,
  type Policy,
  type Rules,
  type Session,
} from '../session.ts';
import { type SessionView, shownLeaseEnd, shownStatus } from '../view.ts';
import { type NewSession, newSession } from '../wishes.ts';

/** Sessions to show, made and written by what makes and writes the real ones: an example cannot be wrong. */

export const EXAMPLE_ACCOUNT = '9f0d5e1c-7f3a-4a52-9c1e-2b64d1a0c7e5';
export const EXAMPLE_SESSION_V1 = 'd31bddca-dab7-498e-9bc9-7594bc12862f';
export const EXAMPLE_SESSION = 'engine-review-7';

/** What the session is extended to. */
export const EXTENDED_MINUTES = 300;

const CREATED_AT = Date.UTC(2026, 2, 2, 8, 57, 30);
const READY_AT = CREATED_AT + 2.5 * MINUTE_MS;
const NOW = READY_AT + 12 * MINUTE_MS;
const IDLE_TIMEOUT_MINUTES = 45;
const IDLE_SINCE = NOW + 20 * MINUTE_MS;

const policy: Policy = {
  keepAlive: false,
  idleTimeoutMinutes: 30,
  idleTimeoutExplicit: false,
  maxLifetimeMinutes: null,
};
const rules: Rules = {
  renewMarginMinutes: 10,
  extensionMinutes: 60,
  observeIntervalMs: 10 * MINUTE_MS,
  launchTimeoutMs: 5 * MINUTE_MS,
  graceFrom: 0,
  absences: [],
};
const wanted: NewSession = {
  sessionId: EXAMPLE_SESSION,
  size: 'Standard',
  models: [],
  leaseMinutes: 240,
  keepAlive: true,
  idleTimeoutMinutes: IDLE_TIMEOUT_MINUTES,
  tags: { team: 'powertrain' },
};

const SERVER = {
  hostname: 'gpu-17.render.example',
  ports: { handshake: 50_051, inspector: 50_052 },
  teraflops: 8,
};

const requested = (sessionId: string): LiveSession =>
  newSession(EXAMPLE_ACCOUNT, { ...wanted, sessionId }, policy, { rules, endpoint: '', now: CREATED_AT })
    .next;

const granted = (session: LiveSession): LiveSession => ({
  ...session,
  leases: { ...session.leases, grantedMinutes: session.creation.maxLeaseMinutes },
  creation: { ...session.creation, attempts: 1, firstAttemptAt: CREATED_AT, lastUntil: CREATED_AT },
  observedAt: CREATED_AT,
});

const ready = (sessionId: string): LiveSession => {
  const readyAt = { early: READY_AT - MINUTE_MS, late: READY_AT };
  return {
    ...granted(requested(sessionId)),
    observed: { status: 'Ready', seenAt: READY_AT, readyAt, ...SERVER },
    observedAt: NOW,
  };
};

const extended = (sessionId: string): LiveSession => {
  const session = ready(sessionId);
  return { ...session, leases: { ...session.leases, grantedMinutes: EXTENDED_MINUTES } };
};

const starting = (sessionId: string): LiveSession => ({
  ...granted(requested(sessionId)),
  observed: { status: 'Starting', since: CREATED_AT, lastSeenAt: CREATED_AT },
});

const idle = (sessionId: string): Session =>
  stopped(ready(sessionId), 'idle', IDLE_SINCE + IDLE_TIMEOUT_MINUTES * MINUTE_MS);

const unstarted = (sessionId: string): Session =>
  stopped(requested(sessionId), 'launch', CREATED_AT + rules.launchTimeoutMs);

/** As the keeper stops a session, with what it says about it. */
const stopped = (session: LiveSession, because: 'idle' | 'launch', at: Instant): Session => {
  const intent = intentOf({ type: 'stop', because }, { callTimeoutMs: 0, until: at }, '', at);
  const { next } = withIntent(session, intent, at);
  const message = next.desired.state === 'stopped' ? next.desired.message : null;
  return end(next, { status: because === 'launch' ? 'Error' : 'Stopped', because, message }, at).next;
};

/** Each example as it is seen, at the time and with the last use that suit it. */
const shown = {
  starting: { make: starting, now: CREATED_AT, lastUse: CREATED_AT },
  ready: { make: ready, now: NOW, lastUse: NOW },
  extended: { make: extended, now: NOW, lastUse: NOW },
  idle: { make: idle, now: IDLE_SINCE + 60 * MINUTE_MS, lastUse: IDLE_SINCE },
  unstarted: { make: unstarted, now: NOW, lastUse: CREATED_AT },
};
export type ExampleName = keyof typeof shown;

const viewOf = (name: ExampleName, sessionId: string): { view: SessionView; now: number } => {
  const { make, now, lastUse } = shown[name];
  const session = make(sessionId);
  const activity: Activity = { lastActivityAt: lastUse, coveredUntil: lastUse, closed: false };
  return { view: { session, activity, next: foresee(session, activity, now, rules) }, now };
};

export const exampleV1 = (name: ExampleName): KeptSessionV1 => {
  const { view, now } = viewOf(name, EXAMPLE_SESSION_V1);
  return writeKeptV1(view, now);
};

export const example2021 = (name: ExampleName): KeptSession => {
  const { view, now } = viewOf(name, EXAMPLE_SESSION);
  return writeKept(view, now);
};

const stamp = (at: Instant | null): string | null => (at === null ? null : new Date(at).toISOString());

/** What a heartbeat is answered, of the session that is Ready. */
export const exampleHeartbeat = (): HeartbeatBody => {
  const { view, now } = viewOf('ready', EXAMPLE_SESSION);
  const session = ready(EXAMPLE_SESSION);
  return {
    status: shownStatus(session),
    leaseEnd: stamp(shownLeaseEnd(session)),
    idleAt: stamp(idleAt(idleFactsOf(session), { ...view.activity, coveredUntil: now })),
  };
};
