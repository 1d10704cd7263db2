import { type Instant, leaseEnd, MINUTE_MS } from './lease.ts';
import type { Act } from './outcome.ts';
import { isStopAccepted, type LiveSession } from './session.ts';

/** In which order calls leave where not all of them can. Pure. */

/** What is due, and what it would ask of the upstream. */
export interface Due {
  session: LiveSession;
  act: Act;
}

/**
 * A look or a create that has waited so long takes its turn, whoever waited longest first: without looks nobody knows
 * what else is urgent, and where looks alone take up all calls, a server that a lost answer left behind is never found.
 */
const OVERDUE_MS = MINUTE_MS;

const leaseEndOf = ({ observed, leases }: LiveSession): Instant =>
  observed.status === 'Ready'
    ? leaseEnd(observed.readyAt, leases.grantedMinutes).early
    : Number.POSITIVE_INFINITY;

/** The order is that of this instant, with renewals so long before the end of their leases before everything else. */
interface Order {
  now: Instant;
  lastCallMs: number;
}

const isLastCall = (session: LiveSession, { now, lastCallMs }: Order): boolean =>
  leaseEndOf(session) - now < lastCallMs;

const isOverdue = ({ dueAt }: LiveSession, { now }: Order): boolean => now - dueAt > OVERDUE_MS;

/** The smaller, the more urgent: who would be cut off, who was promised something, who costs money, who is looked at. */
const rank = ({ session, act }: Due, order: Order): number => {
  switch (act.type) {
    case 'extend':
      if (isLastCall(session, order)) return 0;
      return act.because === 'client' ? 2 : 6;
    case 'stop':
      // Once it is accepted it is the upstream's to do, however often it is told.
      if (isStopAccepted(session)) return 7;
      return session.desired.state === 'stopped' ? 1 : 5;
    case 'observe':
      return isOverdue(session, order) && !isStopAccepted(session) ? 3 : 8;
    case 'create':
      return isOverdue(session, order) ? 3 : 4;
    default:
      return act satisfies never;
  }
};

/** When it has to be done, among those of the same rank: of two that would be cut off, whoever is so first. */
const deadline = ({ session, act }: Due, order: Order): Instant => {
  const isForLease = act.type === 'extend' && (act.because !== 'client' || isLastCall(session, order));
  return isForLease ? leaseEndOf(session) : session.dueAt;
};

/** The most urgent first; `lastCallMs` as the account stands. */
export const byUrgency =
  (now: Instant, lastCallMs: number) =>
  (one: Due, other: Due): number => {
    const order = { now, lastCallMs };
    return rank(one, order) - rank(other, order) || deadline(one, order) - deadline(other, order);
  };
