import { LeaseNotLargerError } from './errors.ts';
import { clientLeaseMinutes, type Instant } from './lease.ts';
import type { HistoryEvent } from './outcome.ts';
import { MAX_CREATE_LEASE_MINUTES, type Size } from './protocol/session-2021.ts';
import type { LiveSession, Policy, Rules } from './session.ts';

/** What clients want, and what that makes of a record. Pure; the keeper commits it. */

/** The keeper's own wishes that a client may add to a create or an update. Undefined: as it is, or the default. */
export interface Wishes {
  keepAlive?: boolean | undefined;
  /** null = never idle. */
  idleTimeoutMinutes?: number | null | undefined;
  /** null = no limit. */
  maxLifetimeMinutes?: number | null | undefined;
  tags?: Readonly<Record<string, string>> | undefined;
}

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
  { rules, endpoint, now }: { rules: Rules; endpoint: string; now: Instant },
): LiveSession => {
  const policy = withWishes(defaults, wanted);
  // A kept session must last until it is first seen Ready and extended.
  const atLeast = policy.keepAlive ? Math.ceil(rules.renewMarginMinutes) : 0;
  const maxLeaseMinutes = Math.min(
    Math.max(Math.ceil(wanted.leaseMinutes), atLeast),
    MAX_CREATE_LEASE_MINUTES,
  );
  return {
    life: 'live',
    accountId,
    sessionId: wanted.sessionId,
    size: wanted.size,
    models: wanted.models,
    tags: wanted.tags ?? {},
    createdAt: now,
    upstream: endpoint,
    policy,
    leases: { requestedMinutes: wanted.leaseMinutes, floorMinutes: wanted.leaseMinutes, grantedMinutes: 0 },
    seq: 0,
    opId: '',
    dueAt: now,
    desired: { state: 'running' },
    observed: { status: 'Requested' },
    observedAt: null,
    creation: { maxLeaseMinutes, attempts: 0, firstAttemptAt: null, lastUntil: null },
    pending: null,
    missingSince: null,
    refused: null,
    retry: null,
    unansweredSince: null,
  };
};

const withWishes = (policy: Policy, wishes: Wishes): Policy => ({
  keepAlive: wishes.keepAlive ?? policy.keepAlive,
  idleTimeoutMinutes:
    wishes.idleTimeoutMinutes === undefined ? policy.idleTimeoutMinutes : wishes.idleTimeoutMinutes,
  idleTimeoutExplicit: policy.idleTimeoutExplicit || wishes.idleTimeoutMinutes !== undefined,
  maxLifetimeMinutes:
    wishes.maxLifetimeMinutes === undefined ? policy.maxLifetimeMinutes : wishes.maxLifetimeMinutes,
});

/** @throws LeaseNotLargerError where the new total is not larger than the client's own lease */
export const changed = (session: LiveSession, change: SessionChange, now: Instant): Wish => {
  const { leases } = session;
  const { leaseMinutes } = change;
  if (leaseMinutes !== undefined) {
    const isOwed = clientLeaseMinutes(leases.floorMinutes) > leases.grantedMinutes;
    // The same words again are a repetition, as long as they have not been granted.
    const isRepeated = leaseMinutes === leases.floorMinutes && isOwed;
    if (leaseMinutes <= leases.floorMinutes && !isRepeated)
      throw new LeaseNotLargerError(leases.floorMinutes);
  }
  const policy = withWishes(session.policy, change);
  const next: LiveSession = {
    ...session,
    policy,
    tags: change.tags ?? session.tags,
    leases: { ...leases, floorMinutes: leaseMinutes ?? leases.floorMinutes },
    // A new wish is asked for although an earlier one was refused.
    refused: leaseMinutes === undefined ? session.refused : null,
  };
  const { keepAlive, idleTimeoutMinutes, maxLifetimeMinutes } = policy;
  const detail = {
    keepAlive,
    idleTimeoutMinutes,
    maxLifetimeMinutes,
    floorMinutes: next.leases.floorMinutes,
  };
  return { next, events: [{ at: now, kind: 'changed', because: 'client', detail }] };
};

/** The session as its client wants it stopped; undefined where that is so already. */
export const stopped = (session: LiveSession, now: Instant): Wish | undefined =>
  session.desired.state === 'stopped'
    ? undefined
    : {
        next: {
          ...session,
          desired: { state: 'stopped', because: 'asked', at: now, acceptedAt: null, message: null },
          // Whatever kept the keeper from asking before, a stop is worth a call of its own.
          retry: null,
          unansweredSince: null,
        },
        events: [{ at: now, kind: 'stop', because: 'asked', detail: {} }],
      };
