import { MINUTE_MS } from '../../shared/lease.ts';

/** What the sessions of a load are promised, and how the keeper is set up for it: short, so that it can be seen. */

/**
 * Of sessions of the kind `idle`: more than twice as long as a bad network keeps one sweep from another while clients are at
 * work. A shorter one counts anew after each such absence (shared/absence.ts).
 */
export const IDLE_TIMEOUT_MS = 20_000;
/** A note of use reaches so far, so idleness may be counted from so much later. */
export const coverMs = (idleTimeoutMs: number): number => idleTimeoutMs / 10;
export const RENEW_MARGIN_MS = 2 * MINUTE_MS;

/** A kept session that comes nearer to its end than this was renewed late, whatever was in the way. */
export const CLOSEST_LAPSE_SECONDS = RENEW_MARGIN_MS / 2 / 1000;

export const LOAD_SETTINGS = {
  KEEPER_RENEW_MARGIN: '00:02:00',
  KEEPER_EXTENSION: '00:04:00',
  KEEPER_OBSERVE_INTERVAL: '00:00:10',
  SESSION_HOST_STANDARD_PLACES: '1000',
  // A server that does nothing: hundreds of them cost next to nothing.
  SESSION_HOST_COMMAND: 'sleep 3600',
} as const;
