import type { Instant } from './lease.ts';
import type { Act, Change, HistoryEvent } from './outcome.ts';
import type { LiveSession, Pending, StopReason } from './session.ts';

/** Intent first: what is written into the record before an upstream change is asked for. */

/** How long one upstream call may take, and by when all of them must be over. */
export interface Limits {
  callTimeoutMs: number;
  until: Instant;
  /** Only a slot is taken that nobody else wants, and none is waited for. */
  isSpareOnly?: boolean;
  /** One call at most, and none is waited for: its caller decides anew who is the most urgent. */
  isOneCall?: boolean;
}

/** An upstream change with its window: when it must have left, and (in `pending`) when it is broken off. */
export interface Intent {
  act: Act;
  pending: Pending;
  startBy: Instant;
}

/** A call that has not left so soon after its commit, or its slot, is given up: others count on its window. */
export const START_WINDOW_MS = 2_000;

/** An upstream change that begins now. */
export const intentOf = (act: Change, limits: Limits, opId: string, now: Instant): Intent => ({
  act,
  pending: { op: act.type, opId, until: Math.min(now + limits.callTimeoutMs, limits.until) },
  startBy: now + START_WINDOW_MS,
});

/** The record with the intent in it: while `pending.until` is ahead, everyone else leaves the session alone. */
export const withIntent = (
  session: LiveSession,
  { act, pending }: Intent,
  now: Instant,
): { next: LiveSession; events: HistoryEvent[] } => {
  const marked: LiveSession = { ...session, pending, dueAt: pending.until };
  switch (act.type) {
    case 'create': {
      const { attempts, firstAttemptAt } = session.creation;
      const attempt = {
        attempts: attempts + 1,
        firstAttemptAt: firstAttemptAt ?? now,
        lastUntil: pending.until,
      };
      return { next: { ...marked, creation: { ...session.creation, ...attempt } }, events: [] };
    }
    case 'stop': {
      const { because } = act;
      if (session.desired.state === 'stopped') return { next: marked, events: [] };
      return condemned(marked, because, now);
    }
    case 'extend': {
      const askedMinutes = Math.max(session.leases.askedMinutes ?? 0, act.maxLeaseMinutes);
      return { next: { ...marked, leases: { ...session.leases, askedMinutes } }, events: [] };
    }
    case 'observe':
      return { next: marked, events: [] };
    default:
      return act satisfies never;
  }
};

/** The record of a session that is to be stopped without having been asked to. */
export const condemned = (
  session: LiveSession,
  because: StopReason,
  now: Instant,
): { next: LiveSession; events: HistoryEvent[] } => {
  const message = stopMessage(session, because);
  const desired = {
    state: 'stopped',
    because,
    at: now,
    acceptedAt: null,
    repeatedAt: null,
    message,
  } as const;
  return {
    next: { ...session, desired },
    events: [{ at: now, kind: 'stop', because, detail: { message } }],
  };
};

/** What a client reads about a stop that it did not ask for. */
const stopMessage = (
  { policy, creation }: LiveSession,
  because: (Act & { type: 'stop' })['because'],
): string | null => {
  switch (because) {
    case 'asked':
      return null;
    case 'idle':
      return `Stopped because idle: no activity for ${minutesText(policy.idleTimeoutMinutes ?? 0)}.`;
    case 'lifetime':
      return `Stopped because of its lifetime: ${minutesText(policy.maxLifetimeMinutes ?? 0)} have passed since Ready.`;
    case 'launch':
      return creation.attempts === 0
        ? 'The session did not start in time: the upstream could not be asked.'
        : 'The session did not start in time.';
    default:
      return because satisfies never;
  }
};

const minutesText = (minutes: number): string =>
  minutes < 1 ? `${Math.round(minutes * 60)} s` : `${Math.round(minutes * 100) / 100} min`;
