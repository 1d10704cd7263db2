import type { Absence } from './absence.ts';
import { type Instant, MINUTE_MS, type ReadyAt } from './lease.ts';
import type { Size } from './protocol/vocabulary.ts';

/** The record of a session: what is wanted, what was seen, and what is under way. */

export interface SessionKey {
  /** GUID in lower case; the partition of everything about its sessions. */
  accountId: string;
  sessionId: string;
}

/** Why a server is to be stopped. */
export type StopReason = 'asked' | 'idle' | 'lifetime' | 'launch';

/** What is wanted. It goes from running to stopped once, and never back. */
export type Desired =
  | { state: 'running' }
  | {
      state: 'stopped';
      because: StopReason;
      at: Instant;
      /** When the upstream first said that it would. */
      acceptedAt: Instant | null;
      /** When it last said so once more; null where it was told but once. */
      repeatedAt: Instant | null;
      message: string | null;
    };

/** What the upstream was last seen to have. `Requested`: asked for, and not confirmed by any answer yet. */
export type Observed =
  | { status: 'Requested' }
  | { status: 'Starting'; since: Instant; lastSeenAt: Instant }
  | {
      status: 'Ready';
      seenAt: Instant;
      readyAt: ReadyAt;
      hostname: string;
      ports: Ports;
      teraflops: number | null;
    };

export interface Ports {
  handshake: number | null;
  inspector: number | null;
}

/** An upstream change under way: until `until`, nobody else touches the upstream for this session. */
export interface Pending {
  op: 'create' | 'extend' | 'stop';
  opId: string;
  until: Instant;
}

/** What the client chose for the session, or the account's defaults. Minutes may be fractions. */
export interface Policy {
  keepAlive: boolean;
  /** null = never idle. */
  idleTimeoutMinutes: number | null;
  /** Whether the client named an idle timeout itself, which arms it from Ready on. */
  idleTimeoutExplicit: boolean;
  /** null = no limit. */
  maxLifetimeMinutes: number | null;
}

/** The keeper's own wishes that a client may add to a create or an update. Undefined: as it is, or the default. */
export interface Wishes {
  keepAlive?: boolean | undefined;
  /** null = never idle. */
  idleTimeoutMinutes?: number | null | undefined;
  /** null = no limit. */
  maxLifetimeMinutes?: number | null | undefined;
  tags?: Readonly<Record<string, string>> | undefined;
}

/** Three leases, in minutes: they answer different questions and are never mixed. */
export interface Leases {
  /** The client's original words, for the answer to a repeated create. */
  requestedMinutes: number;
  /** The client's latest words: what is asked for on its behalf, whatever the keeper wants itself. */
  floorMinutes: number;
  /** What the upstream is known to have granted; 0 before its first answer. */
  grantedMinutes: number;
  /** The largest total that an extension ever asked for, granted or not; undefined before the first. */
  askedMinutes?: number | undefined;
}

/** What stays with a session beyond its end. */
export interface Facts extends SessionKey {
  size: Size;
  models: readonly string[];
  tags: Readonly<Record<string, string>>;
  createdAt: Instant;
  /** The endpoint that owns the server; another one in the configuration says nothing about it. */
  upstream: string;
  policy: Policy;
  leases: Leases;
  /** The wishes that the create named, for the answer to a repeated one; `policy` and `tags` are what holds now. */
  requestedWishes: Wishes;
  /** Counts the history rows. */
  seq: number;
  /** Written afresh with each transaction, so that a writer whose reply was lost knows its own write. */
  opId: string;
  /** The next instant at which the session needs a look; the due index holds the same. */
  dueAt: Instant;
}

/** A session that is asked for, running, or being stopped. */
export interface LiveSession extends Facts {
  life: 'live';
  desired: Desired;
  observed: Observed;
  /** When the last conclusive look at the upstream was sent. */
  observedAt: Instant | null;
  /** The latest lease, in minutes, to which the client was answered yes: a new total must be larger. */
  acknowledgedMinutes: number;
  creation: {
    /** What every attempt asks for, unchanged: a create with other words would be another create. */
    maxLeaseMinutes: number;
    /** Attempts that may have reached the upstream. */
    attempts: number;
    firstAttemptAt: Instant | null;
    lastUntil: Instant | null;
  };
  pending: Pending | null;
  /** When the upstream first said 404, with no other answer since. */
  missingSince: Instant | null;
  /** The brake was on: until then it is not stopped, or taken for gone, without anybody asking for it. */
  heldUntil: Instant | null;
  /** An extension that the upstream refused; it is never repeated unchanged. */
  refused: { maxLeaseMinutes: number; at: Instant } | null;
  /** Back-off after answers that told nothing. */
  retry: { failures: number; at: Instant } | null;
  /** Since when an extension or a stop is without an answer that tells: a look comes before it is repeated. */
  unansweredSince: Instant | null;
}

export type EndStatus = 'Stopped' | 'Expired' | 'Error';
/** Why it ended: a stop of ours, or what the upstream said. */
export type EndReason =
  | StopReason
  | 'expired'
  | 'failed'
  | 'stopped-elsewhere'
  | 'gone'
  | 'refused'
  | 'foreign';

/** A session that is over. Written once, never changed, forgotten at `dueAt`. */
export interface EndedSession extends Facts {
  life: 'ended';
  status: EndStatus;
  because: EndReason;
  message: string | null;
  /** What the upstream calls the failure, where it is one of its own. */
  errorCode: string | null;
  endedAt: Instant;
  elapsedMinutes: number;
  hostname: string | null;
  ports: Ports;
  /** False where the server under this id is somebody else's, or none was ever asked for: it is never stopped by us. */
  owned: boolean;
  /** The lease that was asked for, where no answer ever told of a server: another lease is another's server. */
  unconfirmedMinutes: number | null;
}

export type Session = LiveSession | EndedSession;

/** Signs of use, kept beside the record so that a heartbeat costs one read. */
export interface Activity {
  lastActivityAt: Instant;
  /** Use is acknowledged up to here without another write; idleness counts from here. */
  coveredUntil: Instant;
  /** Set by the transaction that decides a stop: from then on use comes too late. */
  closed: boolean;
}

/** What the decision needs of the account: its rules, as the account stands. */
export interface Rules {
  renewMarginMinutes: number;
  extensionMinutes: number;
  observeIntervalMs: number;
  launchTimeoutMs: number;
  /** Idleness counts from here on: before, the keeper was away. */
  graceFrom: Instant;
  /** Shorter times in which the keeper was away, which matter to sessions with a short idle timeout. */
  absences: readonly Absence[];
}

/** The account's rules, as they are set. */
export interface AccountRules extends Omit<Rules, 'graceFrom' | 'absences'> {
  /** Between two calls to the upstream, over all instances; 0: as many as there are. */
  callGapMs: number;
  /** Without a sweep for longer than this, the keeper was away. */
  awayMs: number;
  /** Without a sweep for longer than this, it was away for as long as that matters to short idle timeouts. */
  absentMs: number;
  /** Whether nobody else uses the upstream's account: an unknown server there is one of ours. */
  isExclusive: boolean;
  /** So long a server is unknown before it is taken over. */
  orphanGraceMs: number;
}

/** Waits, one after the other. */
export type Waits = readonly [number, ...number[]];

/**
 * When what is looked at each interval is looked at again: at the same instants whenever the latest look was, and for all
 * sessions of the account, so that one list of its upstream serves everything.
 */
export const nextLookAt = (lookedAt: Instant, intervalMs: number): Instant =>
  (Math.floor(lookedAt / intervalMs) + 1) * intervalMs;

/** Ended sessions are kept this long, as the service keeps their basic facts. */
export const RETENTION_MS = 30 * 24 * 60 * MINUTE_MS;
/** A Starting session is looked at no more often than this. */
export const STARTING_OBSERVE_MS = 10_000;
/** A server that has been Starting for so long will not become Ready. */
export const STARTING_TIMEOUT_MS = 30 * MINUTE_MS;
/** A single 404 may be a mistake: the second look comes so much later. */
export const MISSING_RECHECK_MS = 30_000;
/** A session that the brake keeps from being taken for gone is looked at so often meanwhile. */
export const HELD_OBSERVE_MS = MINUTE_MS;
/** A create whose reply was lost may still take effect; after this it will not. */
export const CREATE_SETTLED_MS = 2 * MINUTE_MS;
/** A session for which nothing was ever sent is given up after so many launch timeouts: nobody waits for ever. */
export const UNSENT_LAUNCH_TIMEOUTS = 3;
/**
 * An accepted stop is repeated when the server is still there after the first of these; the last one holds from then on.
 * What the upstream has not done by then, it does not do sooner for being asked often.
 */
export const STOP_REPEATS_MS: Waits = [30_000, MINUTE_MS, 2 * MINUTE_MS, 5 * MINUTE_MS];
/** How soon after it was accepted a stop is first looked at; a server takes a moment to go. */
export const STOP_FIRST_OBSERVE_MS = 1_000;
/** How soon a stop that was accepted is looked at again; the last one holds from then on. */
export const STOP_OBSERVES_MS: Waits = [5_000, 10_000, 20_000, 40_000, 60_000];
/** A look that just missed the end of the lease comes again so much later. */
export const LEASE_END_OBSERVE_MS = 1_000;
/** Use this long after Ready shows a client that calls again, and so arms its idleness. */
const ARMING_MS = MINUTE_MS;

/** The reason of a step: a word for machines, the same in logs, history and the API. */
export type Because =
  | StopReason
  | 'requested'
  | 'unconfirmed'
  | 'client'
  | 'keep-alive'
  | 'starting'
  | 'interval'
  | 'lease-end'
  | 'missing'
  | 'refused'
  | 'stopping'
  | 'unanswered'
  | 'retention';

/** Something that is to be done at an instant. */
export type Step =
  | { action: 'create' | 'observe' | 'extend'; at: Instant; because: Because }
  | { action: 'stop'; at: Instant; because: StopReason };

/** What to do now, with the reason. `none` says what comes next, and when. */
export type Decision =
  | { type: 'create'; because: Because; maxLeaseMinutes: number }
  | { type: 'observe'; because: Because }
  | { type: 'extend'; because: Because; maxLeaseMinutes: number }
  | { type: 'stop'; because: StopReason }
  | { type: 'forget'; because: Because }
  | { type: 'none'; because: Because | 'cap'; next: Foreseen };

/** What comes next, and when. `none`: nothing but looks, because the lease is at its cap. */
export interface Foreseen {
  action: Step['action'] | 'forget' | 'none';
  at: Instant;
  because: Because | 'cap';
}

/** A server was asked for, and no answer has ever told of it. */
export const isUnconfirmed = ({ observed, creation }: LiveSession): boolean =>
  observed.status === 'Requested' && creation.attempts > 0;

/** No create ever left for the upstream: there is no server, and nobody to be asked about it. */
export const isUnsent = ({ observed, creation }: LiveSession): boolean =>
  observed.status === 'Requested' && creation.attempts === 0;

/** Whether anything is to be done for the session now. */
export const isDue = (session: Session, now: Instant): boolean =>
  session.life === 'live' && session.dueAt <= now;

/** The upstream has said that it stops the server: what is left is to see that it does. */
export const isStopAccepted = ({ desired }: LiveSession): boolean =>
  desired.state === 'stopped' && desired.acceptedAt !== null;

/** What idleness is reckoned from, whether it is read from the record or from the activity row. */
export interface IdleFacts {
  /** When the keeper first saw the session Ready; null before. */
  readySeenAt: Instant | null;
  idleTimeoutMinutes: number | null;
  /** Armed without further use: the client named a timeout, or the session is kept alive. */
  idleArmed: boolean;
}

export const idleFactsOf = ({ policy, observed }: LiveSession): IdleFacts => ({
  readySeenAt: observed.status === 'Ready' ? observed.seenAt : null,
  idleTimeoutMinutes: policy.idleTimeoutMinutes,
  idleArmed: policy.idleTimeoutExplicit || policy.keepAlive,
});

/**
 * When the session becomes idle unless it is used; null where it never does. A session whose client neither named a
 * timeout nor ever calls again is not armed: it runs to its own lease. `graceFrom`: idleness counts from here on, see
 * `countsFrom`; without it the instant is the earliest that it can be.
 */
export const idleAt = (facts: IdleFacts, activity: Activity, graceFrom: Instant = 0): Instant | null => {
  const { readySeenAt, idleTimeoutMinutes } = facts;
  if (readySeenAt === null || idleTimeoutMinutes === null) return null;
  if (!facts.idleArmed && activity.lastActivityAt < readySeenAt + ARMING_MS) return null;
  return Math.max(activity.coveredUntil, readySeenAt, graceFrom) + idleTimeoutMinutes * MINUTE_MS;
};

/**
 * Whether use at `now` is acknowledged already, and tells nothing new: the first use that arms idleness does, also where
 * an earlier one covers it.
 */
export const isCovered = (facts: IdleFacts, activity: Activity, now: Instant): boolean => {
  if (now > activity.coveredUntil) return false;
  const armsAt = facts.readySeenAt === null || facts.idleArmed ? null : facts.readySeenAt + ARMING_MS;
  return armsAt === null || now < armsAt || activity.lastActivityAt >= armsAt;
};

/**
 * What is taken for the activity of a session whose own was lost: covered until now, because missing evidence is never a
 * reason to reap, and as of nobody's use, because it arms no idleness either.
 */
export const lostActivity = ({ createdAt, observed, desired }: LiveSession, now: Instant): Activity => ({
  // What was adopted had been seen before it was a session.
  lastActivityAt: observed.status === 'Ready' ? Math.min(createdAt, observed.seenAt) : createdAt,
  coveredUntil: now,
  closed: desired.state === 'stopped',
});

/** The longest stretch of use that one write acknowledges. */
const COVER_LONGEST_MS = MINUTE_MS;

/** How far one note of use reaches: a tenth of the idle timeout, at most a minute. */
export const coverMs = (idleTimeoutMinutes: number | null): number =>
  Math.min(((idleTimeoutMinutes ?? Number.POSITIVE_INFINITY) * MINUTE_MS) / 10, COVER_LONGEST_MS);
