import { type Instant, leaseEnd, MINUTE_MS } from './lease.ts';
import type { Act } from './outcome.ts';
import type { LiveSession } from './session.ts';

/** In which order calls leave where not all of them can. Pure. */

/** What is due, and what it would ask of the upstream. */
export interface Due {
  session: LiveSession;
  act: Act;
}

/** An extension this close to the end of its lease comes before everything else. */
const LAST_CALL_MS = 2 * MINUTE_MS;
/** A look that has waited so long has waited for its turn: without looks nobody knows what else is urgent. */
const OVERDUE_MS = MINUTE_MS;

const leaseEndOf = ({ observed, leases }: LiveSession): Instant =>
  observed.status === 'Ready'
    ? leaseEnd(observed.readyAt, leases.grantedMinutes).early
    : Number.POSITIVE_INFINITY;

const isLastCall = (session: LiveSession, now: Instant): boolean => leaseEndOf(session) - now < LAST_CALL_MS;

/** The smaller, the more urgent: who would be cut off, who was promised something, who costs money, who is looked at. */
const rank = ({ session, act }: Due, now: Instant): number => {
  switch (act.type) {
    case 'extend':
      if (isLastCall(session, now)) return 0;
      return act.because === 'client' ? 2 : 6;
    case 'stop':
      return session.desired.state === 'stopped' ? 1 : 5;
    case 'observe':
      return now - session.dueAt > OVERDUE_MS ? 3 : 7;
    case 'create':
      return 4;
    default:
      return act satisfies never;
  }
};

/** When it has to be done, among those of the same rank: of two that would be cut off, whoever is so first. */
const deadline = ({ session, act }: Due, now: Instant): Instant => {
  const isForLease = act.type === 'extend' && (act.because !== 'client' || isLastCall(session, now));
  return isForLease ? leaseEndOf(session) : session.dueAt;
};

/** The most urgent first. */
export const byUrgency =
  (now: Instant) =>
  (one: Due, other: Due): number =>
    rank(one, now) - rank(other, now) || deadline(one, now) - deadline(other, now);
