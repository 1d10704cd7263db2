import type { Instant } from './lease.ts';

/**
 * How far this machine's clock is ahead of the table's, as far as replies tell: not by less than `least`, and by at most
 * `most`, in milliseconds, as it was when this machine's clock showed `at`. Pure.
 */
export interface ClockDifference {
  least: number;
  most: number;
  at: Instant;
}

/** A question to the table: when it was asked and heard by this machine's clock, and the time that the reply names. */
export interface TimedReply {
  askedAt: Instant;
  heardAt: Instant;
  /** Whole seconds, rounded down. */
  tableTime: Instant;
}

/** The `Date` of a reply names whole seconds. */
const ROUNDED_MS = 1_000;
/**
 * Two clocks run apart by no more than this: a time service slews a clock by at most 500 millionths (the limit of
 * Linux, adjtimex), which is more than the crystals of two machines differ by.
 */
const DRIFT = 500e-6;

/**
 * What one more reply tells. Together with what was known, widened by how far the clocks may have run apart since;
 * where the two contradict each other the clock has jumped, and only the newest reply counts. A reply that took long
 * says little, and so changes little. One that was heard before it was asked says nothing: the clock was put back.
 */
export const withReply = (
  known: ClockDifference | undefined,
  { askedAt, heardAt, tableTime }: TimedReply,
): ClockDifference | undefined => {
  if (heardAt < askedAt) return known;
  const least = askedAt - tableTime - ROUNDED_MS - driftMs(askedAt, heardAt);
  const told = { least, most: heardAt - tableTime, at: heardAt };
  if (known === undefined) return told;
  const apartMs = driftMs(known.at, heardAt);
  return meeting(told, { least: known.least - apartMs, most: known.most + apartMs });
};

const driftMs = (from: Instant, to: Instant): number => Math.abs(to - from) * DRIFT;

/** What both tell; the newest alone where they contradict each other. */
const meeting = (told: ClockDifference, known: Pick<ClockDifference, 'least' | 'most'>): ClockDifference => {
  const least = Math.max(told.least, known.least);
  const most = Math.min(told.most, known.most);
  return least <= most ? { ...told, least, most } : told;
};

/** What to correct the clock by: the whole milliseconds, of those that are possible, nearest to what it was before. */
export const correctionFrom = (beforeMs: number, { least, most }: ClockDifference): number =>
  Math.round(Math.min(Math.max(beforeMs, least), most));
