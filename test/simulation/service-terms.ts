import { MINUTE_MS } from '../../shared/lease.ts';
import type { SessionView } from '../../shared/view.ts';

/**
 * The terms of the service and of DESIGN, written down a second time: who judges by the product's own numbers would
 * agree with whatever stands there.
 */

/** The service's API, `PATCH …/sessions/{id}`: "not below 1440" is refused, so this is the most an extension reaches. */
export const MOST_EXTENDED_MINUTES = 1439;

/** The service's API, `GET …/sessions`: a page has at most so many. */
export const LONGEST_PAGE = 100;

/** DESIGN §4.3: so long in Starting is a launch that has failed. */
export const STARTING_AT_MOST_MS = 30 * MINUTE_MS;

/** A launch for which nothing could be sent is given up after so many times the time-out of one that was. */
export const UNSENT_LAUNCH_TIMEOUTS = 3;

/** docs/guarantees.md, "The bound": a stop that was accepted is asked for again after so long at the most. */
export const STOP_REPEATED_WITHIN_MS = 5 * MINUTE_MS;

/** DESIGN §4.3: while it starts, a session is looked at every ten seconds at most, so it may be Ready for so long unseen. */
export const STARTING_LOOKED_AT_MS = 10_000;

/** docs/guarantees.md, "The survived outage": an extension that grows with the kept sessions ends here. */
export const LONGEST_GROWN_EXTENSION_MINUTES = 240;

/** DESIGN §4.3, `extend`: min(…, maxLifetime, 1439), in whole minutes. */
export const capMinutes = (maxLifetimeMinutes: number | null): number =>
  maxLifetimeMinutes === null
    ? MOST_EXTENDED_MINUTES
    : Math.min(Math.ceil(maxLifetimeMinutes), MOST_EXTENDED_MINUTES);

export type ShownAs = 'Starting' | 'Ready' | 'Stopping' | 'Stopped' | 'Expired' | 'Error';

/** What the API makes of a record: a launch that failed is an Error at once, and a server that nobody heard of starts. */
export const shownAs = ({ session }: Pick<SessionView, 'session'>): ShownAs => {
  if (session.life === 'ended') return session.status;
  if (session.desired.state === 'stopped') return session.desired.because === 'launch' ? 'Error' : 'Stopping';
  return session.observed.status === 'Ready' ? 'Ready' : 'Starting';
};
