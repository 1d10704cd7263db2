import { leaseEnd } from './lease.ts';
import type { Activity, Foreseen, Session } from './session.ts';

/** A session with what it will come to: what clients are shown. */
export interface SessionView {
  session: Session;
  activity: Activity;
  next: Foreseen;
}

/** What clients are shown as the status of a session; `Stopping` exists in the first API generation only. */
export const SHOWN_STATUSES = ['Starting', 'Ready', 'Stopping', 'Stopped', 'Expired', 'Error'] as const;
export type ShownStatus = (typeof SHOWN_STATUSES)[number];

/**
 * The status of a session for its clients. One that did not start is an Error as soon as that is decided, although
 * the stop of what may have been made is still being confirmed: clients wait for Ready, Expired or Error.
 */
export const shownStatus = (session: Session): ShownStatus => {
  if (session.life === 'ended') return session.status;
  const { desired, observed } = session;
  if (desired.state === 'stopped') return desired.because === 'launch' ? 'Error' : 'Stopping';
  return observed.status === 'Requested' ? 'Starting' : observed.status;
};

/** When the lease of a Ready session may end at the earliest; null before Ready and after the end. */
export const shownLeaseEnd = (session: Session): number | null =>
  session.life === 'live' && session.observed.status === 'Ready'
    ? leaseEnd(session.observed.readyAt, session.leases.grantedMinutes).early
    : null;
