import type { Instant } from './lease.ts';

/** Time, as an argument: only the composition root and the tests make one. */
export interface Clock {
  now(): Instant;
  /** A signal that aborts at that instant of this clock. */
  abortAt(at: Instant): AbortSignal;
}

/** A clock that is held against that of the table, which all instances share. */
export interface CheckedClock extends Clock {
  /** False where this machine's clock is so wrong that nobody should be stopped by it. */
  isTrusted(): boolean;
  /** How far this machine's clock was ahead of the table's at its last reply, in milliseconds. */
  aheadMs(): number;
  /**
   * A question to the table begins. What is given back is told, with its reply, what the table says the time was, in
   * whole seconds: somewhere between the two, however long this machine slept in between.
   */
  asks(): (tableTime: Instant) => void;
}

/** More than the way of a reply, its rounding, and what well-kept machines differ by. */
export const TRUSTED_MS = 30_000;

/**
 * The clock of this machine, or the table's time where the two are too far apart: deadlines are written by one instance
 * and read by another. `alert` is told when that begins and ends, with the difference in milliseconds.
 */
export const createCheckedClock = (own: Clock, alert: (aheadMs: number) => void): CheckedClock => {
  let aheadMs = 0;
  let measuredMs = 0;
  return {
    now: () => own.now() - aheadMs,
    abortAt: (at) => own.abortAt(at + aheadMs),
    isTrusted: () => aheadMs === 0,
    aheadMs: () => measuredMs,
    asks() {
      const askedAt = own.now();
      return (tableTime) => {
        const difference = Math.max(0, askedAt - tableTime) - Math.max(0, tableTime - own.now());
        measuredMs = difference;
        const found = Math.abs(difference) > TRUSTED_MS ? difference : 0;
        const isNews = (found === 0) !== (aheadMs === 0);
        aheadMs = found;
        if (isNews) alert(difference);
      };
    },
  };
};

/** What people are told of it. */
export const clockFault = (aheadMs: number): string =>
  Math.abs(aheadMs) > TRUSTED_MS
    ? `this machine's clock is ${Math.round(aheadMs / 1000)} s ahead of the table's: the table's time is used, and nobody is stopped by it`
    : "this machine's clock agrees with the table's again";
