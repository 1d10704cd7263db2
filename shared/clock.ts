import { type ClockDifference, correctionFrom, withReply } from './clock-difference.ts';
import type { Instant } from './lease.ts';

/** Time, as an argument: only the composition root and the tests make one. */
export interface Clock {
  now(): Instant;
  /** A signal that aborts at that instant of this clock. */
  abortAt(at: Instant): AbortSignal;
}

/** A clock that is corrected by that of the table, which all instances share. */
export interface CheckedClock extends Clock {
  /** False where this machine's clock is so wrong that nobody should be stopped by it. */
  isTrusted(): boolean;
  /** How far this machine's clock is taken to be ahead of the table's, in milliseconds: what it is corrected by. */
  aheadMs(): number;
  /**
   * A question to the table begins. What is given back is told, with its reply, what the table says the time was, in
   * whole seconds: somewhere between the two, however long this machine slept in between.
   */
  asks(): (tableTime: Instant) => void;
}

/** A machine that is so far off is not kept by any time service: whatever else it says is not believed either. */
export const DISTRUSTED_MS = 30_000;
/** It is believed again below this; in between it stays as it is, so that a clock at the limit does not flap. */
export const TRUSTED_MS = 20_000;

/**
 * A corrected clock stands still rather than run backwards by up to this: what was due by it a moment ago stays due,
 * and is not left for the next sweep. More than replies at their usual speed can move it by (a second of rounding, and
 * the way); a clock that was really put back by more has to be followed.
 */
const STANDS_STILL_MS = 2_000;

/**
 * The clock of this machine, always corrected by what the replies of the table say: deadlines are written by one
 * instance and read by another, and the windows between them are a few seconds. Each is then within a second of the
 * table's (a `Date` is rounded to it) and the way of its quickest reply, so that the clocks of two instances differ by
 * one or two seconds at most, whatever their machines' own clocks show; a clock that jumps does so until the next
 * reply. A clock that may be right is not moved, and a correction that may be right stays as it is, so that time hardly
 * ever jumps; and it never runs backwards by less than two seconds. `alert` is told when the machine's own clock is not trusted any more, and when it is again, with the
 * difference in milliseconds.
 */
export const createCheckedClock = (own: Clock, alert: (aheadMs: number) => void): CheckedClock => {
  let known: ClockDifference | undefined;
  let aheadMs = 0;
  let isTrusted = true;
  let latest = Number.NEGATIVE_INFINITY;
  return {
    now() {
      const corrected = own.now() - aheadMs;
      const isHeld = corrected < latest && corrected >= latest - STANDS_STILL_MS;
      if (!isHeld) latest = corrected;
      return latest;
    },
    abortAt: (at) => own.abortAt(at + aheadMs),
    isTrusted: () => isTrusted,
    aheadMs: () => aheadMs,
    asks() {
      const askedAt = own.now();
      return (tableTime) => {
        known = withReply(known, { askedAt, heardAt: own.now(), tableTime });
        if (known === undefined) return;
        aheadMs = correctionFrom(aheadMs, known);
        const wasTrusted = isTrusted;
        isTrusted = Math.abs(aheadMs) < (wasTrusted ? DISTRUSTED_MS : TRUSTED_MS);
        if (isTrusted !== wasTrusted) alert(aheadMs);
      };
    },
  };
};

/** What people are told of it. */
export const clockFault = (aheadMs: number): string =>
  Math.abs(aheadMs) >= DISTRUSTED_MS
    ? `this machine's clock is ${Math.round(aheadMs / 1000)} s ahead of the table's: the table's time is used, and nobody is stopped by it`
    : "this machine's clock agrees with the table's again";
