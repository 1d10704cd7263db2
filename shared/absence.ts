import { type Instant, MINUTE_MS } from './lease.ts';

/** A time without a sweep, too short for everybody's idleness to count anew, and long enough not to have heard somebody. */
export interface Absence {
  /** When a sweep looked again. */
  until: Instant;
  lengthMs: number;
}

/**
 * For a session whose idle timeout is less than this many times the absence, that was too large a part of it. Larger timeouts
 * are not touched: a timer that fails now and then keeps no idle session for ever.
 */
const SHARE = 2;

/**
 * The absences that still matter, with one that ends now. An earlier one that was longer is kept beside it, because it
 * matters to sessions to which the later one does not, until all their timeouts have passed since.
 */
export const withAbsence = (known: readonly Absence[], lengthMs: number, now: Instant): Absence[] => [
  ...known.filter((one) => one.lengthMs > lengthMs && one.until + SHARE * one.lengthMs > now),
  { until: now, lengthMs },
];

/** From when on the idleness of a session with this timeout counts: nothing is concluded from when nobody could be heard. */
export const countsFrom = (
  { graceFrom, absences }: { graceFrom: Instant; absences: readonly Absence[] },
  idleTimeoutMinutes: number | null,
): Instant => {
  const timeoutMs = (idleTimeoutMinutes ?? Number.POSITIVE_INFINITY) * MINUTE_MS;
  const isTouched = ({ lengthMs }: Absence): boolean => timeoutMs < SHARE * lengthMs;
  return Math.max(graceFrom, ...absences.filter(isTouched).map(({ until }) => until));
};
