import { MAX_EXTENDED_LEASE_MINUTES } from './protocol/vocabulary.ts';

/**
 * Lease arithmetic. A lease is the total run time since Ready, in whole minutes; it can only grow.
 * Instants are Unix milliseconds and always arrive as arguments.
 */

/** A point in time, Unix milliseconds. */
export type Instant = number;

export const MINUTE_MS = 60_000;

/** The instant at which a session became Ready is only known to lie in (`early`, `late`]. */
export interface ReadyAt {
  early: Instant;
  late: Instant;
}

/** What one answer of the upstream says about time: when it was asked and answered, and the minutes since Ready. */
export interface ElapsedSighting {
  sentAt: Instant;
  receivedAt: Instant;
  elapsedMinutes: number;
}

/**
 * When the session became Ready, as far as one answer tells. The upstream counts whole minutes, rounded down, and
 * read its clock somewhere between `sentAt` and `receivedAt`; only durations are compared, never the two clocks.
 */
export const readyAtFrom = ({ sentAt, receivedAt, elapsedMinutes }: ElapsedSighting): ReadyAt => ({
  early: sentAt - (elapsedMinutes + 1) * MINUTE_MS,
  late: receivedAt - elapsedMinutes * MINUTE_MS,
});

/**
 * What two sightings say together. Where they contradict each other (a clock jumped), both stay possible: the
 * wider interval renews earlier and declares nothing.
 */
export const narrow = (known: ReadyAt, seen: ReadyAt): ReadyAt => {
  const early = Math.max(known.early, seen.early);
  const late = Math.min(known.late, seen.late);
  return early < late
    ? { early, late }
    : { early: Math.min(known.early, seen.early), late: Math.max(known.late, seen.late) };
};

/** When a lease of so many minutes ends: not before `early`, and by `late` for certain. */
export const leaseEnd = (readyAt: ReadyAt, leaseMinutes: number): ReadyAt => ({
  early: readyAt.early + leaseMinutes * MINUTE_MS,
  late: readyAt.late + leaseMinutes * MINUTE_MS,
});

/** The most minutes that the session may have run at `now`, rounded up. */
export const elapsedMinutesAtMost = (readyAt: ReadyAt, now: Instant): number =>
  Math.max(0, Math.ceil((now - readyAt.early) / MINUTE_MS));

/** The minutes that the session has run at `now` for certain, with a fraction. */
export const elapsedMinutesAtLeast = (readyAt: ReadyAt, now: Instant): number =>
  Math.max(0, (now - readyAt.late) / MINUTE_MS);

/** The largest total that the keeper extends to by itself: the service's cap, or a shorter `maxLifetime`. */
export const extensionCapMinutes = (maxLifetimeMinutes: number | null): number =>
  Math.min(MAX_EXTENDED_LEASE_MINUTES, Math.ceil(maxLifetimeMinutes ?? Number.POSITIVE_INFINITY));

/**
 * The total to ask for when a kept session runs low: `extensionMinutes` from now, at least one minute more than
 * granted, at most the cap. An absolute total, so asking twice is harmless. Undefined where the cap is reached.
 */
export const extensionTarget = (lease: {
  grantedMinutes: number;
  elapsedMinutes: number;
  extensionMinutes: number;
  maxLifetimeMinutes: number | null;
}): number | undefined => {
  const wanted = Math.max(lease.grantedMinutes + 1, lease.elapsedMinutes + Math.ceil(lease.extensionMinutes));
  const target = Math.min(wanted, extensionCapMinutes(lease.maxLifetimeMinutes));
  return target > lease.grantedMinutes ? target : undefined;
};

/** The client's words in the whole minutes of the upstream, rounded up so that it gets at least what it asked for. */
export const clientLeaseMinutes = (floorMinutes: number): number =>
  Math.min(Math.ceil(floorMinutes), MAX_EXTENDED_LEASE_MINUTES);
