import { isDeepStrictEqual } from 'node:util';
import { LeaseNotLargerError, LeaseTooLongError } from './errors.ts';
import { clientLeaseMinutes, type Instant } from './lease.ts';
import type { HistoryEvent } from './outcome.ts';
import { MAX_CREATE_LEASE_MINUTES, MAX_EXTENDED_LEASE_MINUTES, type Size } from './protocol/vocabulary.ts';
import type { LiveSession, Policy, Rules, Session, Wishes } from './session.ts';

/** What clients want, and what that makes of a record. Pure; the keeper commits it. */

export interface NewSession extends Wishes {
  sessionId: string;
  size: Size;
  models: readonly string[];
  /** The client's words; fractions are granted in whole minutes, rounded up. */
  leaseMinutes: number;
}

export interface SessionChange extends Wishes {
  /** The new total since Ready. */
  leaseMinutes?: number | undefined;
}

/** What a client wants of the record. */
export interface Wish {
  next: LiveSession;
  events: HistoryEvent[];
}

/** The record of a session that is asked for. `endpoint` is the upstream that is to own its server. */
export const newSession = (
  accountId: string,
  wanted: NewSession,
  defaults: Policy,
  { rules, endpoint, now }: { rules: Pick<Rules, 'renewMarginMinutes'>; endpoint: string; now: Instant },
): Wish => {
  const policy = withWishes(defaults, wanted);
  // A kept session must last until it is first seen Ready and extended.
  const atLeast = policy.keepAlive ? Math.ceil(rules.renewMarginMinutes) : 0;
  const maxLeaseMinutes = Math.min(
    Math.max(Math.ceil(wanted.leaseMinutes), atLeast),
    MAX_CREATE_LEASE_MINUTES,
  );
  const { leaseMinutes, size, models } = wanted;
  const next: LiveSession = {
    life: 'live',
    accountId,
    sessionId: wanted.sessionId,
    size,
    models,
    tags: wanted.tags ?? {},
    createdAt: now,
    upstream: endpoint,
    policy,
    leases: {
      requestedMinutes: leaseMinutes,
      floorMinutes: leaseMinutes,
      grantedMinutes: 0,
    },
    requestedWishes: wishesOnly(wanted),
    acknowledgedMinutes: leaseMinutes,
    seq: 0,
    opId: '',
    dueAt: now,
    desired: { state: 'running' },
    observed: { status: 'Requested' },
    observedAt: null,
    creation: { maxLeaseMinutes, attempts: 0, firstAttemptAt: null, lastUntil: null },
    pending: null,
    missingSince: null,
    heldUntil: null,
    refused: null,
    retry: null,
    unansweredSince: null,
  };
  const detail = { size, leaseMinutes, keepAlive: policy.keepAlive };
  return { next, events: [{ at: now, kind: 'created', because: 'requested', detail }] };
};

/** Without those that are undefined, which a row of the table cannot hold. */
const wishesOnly = ({ keepAlive, idleTimeoutMinutes, maxLifetimeMinutes, tags }: Wishes): Wishes => ({
  ...(keepAlive === undefined ? {} : { keepAlive }),
  ...(idleTimeoutMinutes === undefined ? {} : { idleTimeoutMinutes }),
  ...(maxLifetimeMinutes === undefined ? {} : { maxLifetimeMinutes }),
  ...(tags === undefined ? {} : { tags }),
});

/**
 * Whether a create is the repetition of the one that made this session: its client's words are the same, whatever has
 * become of the session since, and whatever a newer version has written beside them. One that turned out to be somebody
 * else's was made by no create of ours.
 */
export const isRepeated = (session: Session, wanted: NewSession): boolean =>
  !(session.life === 'ended' && session.because === 'foreign') &&
  isDeepStrictEqual(
    [session.size, session.leases.requestedMinutes, session.models, wishesOnly(session.requestedWishes)],
    [wanted.size, wanted.leaseMinutes, wanted.models, wishesOnly(wanted)],
  );

const withWishes = (policy: Policy, wishes: Wishes): Policy => ({
  // What a newer version may have added to it stays.
  ...policy,
  keepAlive: wishes.keepAlive ?? policy.keepAlive,
  idleTimeoutMinutes:
    wishes.idleTimeoutMinutes === undefined ? policy.idleTimeoutMinutes : wishes.idleTimeoutMinutes,
  idleTimeoutExplicit: policy.idleTimeoutExplicit || wishes.idleTimeoutMinutes !== undefined,
  maxLifetimeMinutes:
    wishes.maxLifetimeMinutes === undefined ? policy.maxLifetimeMinutes : wishes.maxLifetimeMinutes,
});

/**
 * The record with what its client wants changed. A lease that needs no call is acknowledged at once; for another one
 * see `acknowledged`.
 *
 * @throws LeaseNotLargerError where the new total is not larger than what the client was last answered yes to
 * @throws LeaseTooLongError above the most that an extension reaches
 */
export const changed = (session: LiveSession, change: SessionChange, now: Instant): Wish => {
  const { leaseMinutes } = change;
  const policy = withWishes(session.policy, change);
  const leased = leaseMinutes === undefined ? session : withLease(session, leaseMinutes);
  const { keepAlive, idleTimeoutMinutes, maxLifetimeMinutes } = policy;
  const detail = {
    keepAlive,
    idleTimeoutMinutes,
    maxLifetimeMinutes,
    floorMinutes: leased.leases.floorMinutes,
  };
  return {
    next: { ...leased, policy, tags: change.tags ?? session.tags },
    events: [{ at: now, kind: 'changed', because: 'client', detail }],
  };
};

const withLease = (session: LiveSession, leaseMinutes: number): LiveSession => {
  const { acknowledgedMinutes } = session;
  if (Math.ceil(leaseMinutes) > MAX_EXTENDED_LEASE_MINUTES) {
    throw new LeaseTooLongError(acknowledgedMinutes, MAX_EXTENDED_LEASE_MINUTES);
  }
  if (leaseMinutes <= acknowledgedMinutes) throw new LeaseNotLargerError(acknowledgedMinutes);
  return {
    ...session,
    leases: { ...session.leases, floorMinutes: leaseMinutes },
    acknowledgedMinutes: owesNothing(session, leaseMinutes) ? leaseMinutes : acknowledgedMinutes,
    // A new wish is asked for although an earlier one was refused.
    refused: null,
  };
};

/**
 * Whether a lease of so many minutes needs no further call: it is granted, or its server is not confirmed yet, and it
 * is asked for as soon as there is somebody to ask.
 */
export const owesNothing = (session: LiveSession, leaseMinutes: number): boolean =>
  session.leases.grantedMinutes >= clientLeaseMinutes(leaseMinutes) ||
  session.observed.status === 'Requested';

/**
 * Whether the upstream has refused this very lease, and a look has confirmed that it is not had. A lower wish in the
 * record is no refusal: it is another client's.
 */
export const isRefused = ({ leases, refused }: LiveSession, leaseMinutes: number): boolean =>
  leases.floorMinutes < leaseMinutes && refused?.maxLeaseMinutes === clientLeaseMinutes(leaseMinutes);

/** The record once its client is answered yes; undefined where that is written already. */
export const acknowledged = (session: LiveSession, leaseMinutes: number): Wish | undefined =>
  session.acknowledgedMinutes >= leaseMinutes
    ? undefined
    : { next: { ...session, acknowledgedMinutes: leaseMinutes }, events: [] };

/** The session as its client wants it stopped; undefined where that is so already. */
export const stopped = (session: LiveSession, now: Instant): Wish | undefined =>
  session.desired.state === 'stopped'
    ? undefined
    : {
        next: {
          ...session,
          desired: {
            state: 'stopped',
            because: 'asked',
            at: now,
            acceptedAt: null,
            repeatedAt: null,
            message: null,
          },
          // Whatever kept the keeper from asking before, a stop is worth a call of its own.
          retry: null,
          unansweredSince: null,
        },
        events: [{ at: now, kind: 'stop', because: 'asked', detail: {} }],
      };
