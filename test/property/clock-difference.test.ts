import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type ClockDifference, correctionFrom, withReply } from '../../shared/clock-difference.ts';
import { minutes, T0 } from '../builders.ts';

/** One question after the other: how long after the last, and how long there and back. */
const trips = fc.array(
  fc.record({
    pauseMs: fc.oneof(fc.integer({ min: 0, max: 3_000 }), fc.integer({ min: 0, max: minutes(10) })),
    thereMs: fc.oneof(fc.integer({ min: 0, max: 50 }), fc.integer({ min: 0, max: minutes(15) })),
    backMs: fc.oneof(fc.integer({ min: 0, max: 50 }), fc.integer({ min: 0, max: minutes(15) })),
  }),
  { minLength: 1, maxLength: 30 },
);
const aheadMs = fc.oneof(
  fc.integer({ min: -2_000, max: 2_000 }),
  fc.integer({ min: -minutes(20), max: minutes(20) }),
);
type Trips = typeof trips extends fc.Arbitrary<infer Value> ? Value : never;

interface Heard {
  trueMs: number;
  correctionMs: number;
  beforeMs: number;
  known: ClockDifference;
  tripMs: number;
  shortestMs: number;
}

/** What a machine hears whose clock is ahead by `aheadAt` of the table's time. */
const hear = (asked: Trips, aheadAt: (tableNow: number) => number): Heard[] => {
  let known: ClockDifference | undefined;
  let [now, correctionMs, shortestMs] = [T0, 0, Number.POSITIVE_INFINITY];
  return asked.flatMap(({ pauseMs, thereMs, backMs }) => {
    now += pauseMs;
    const askedAt = now + aheadAt(now);
    now += thereMs;
    const tableTime = Math.floor(now / 1_000) * 1_000;
    now += backMs;
    const heardAt = now + aheadAt(now);
    known = withReply(known, { askedAt, heardAt, tableTime });
    if (known === undefined) return [];
    const beforeMs = correctionMs;
    correctionMs = correctionFrom(beforeMs, known);
    const tripMs = heardAt - askedAt;
    shortestMs = Math.min(shortestMs, tripMs);
    return [{ trueMs: aheadAt(now), correctionMs, beforeMs, known, tripMs, shortestMs }];
  });
};

/** A correction is in whole milliseconds. */
const ROUNDED_MS = 1;

it('the true difference is always among those that are possible, as well known as by the best reply', () => {
  fc.assert(
    fc.property(trips, aheadMs, (asked, ahead) => {
      for (const { trueMs, known, correctionMs, shortestMs } of hear(asked, () => ahead)) {
        expect(known.least).toBeLessThanOrEqual(trueMs);
        expect(known.most).toBeGreaterThanOrEqual(trueMs);
        // Half an hour for each of thirty trips, at twice the drift of both clocks.
        const driftMs = 30 * minutes(40) * 1e-3;
        expect(Math.abs(correctionMs - trueMs)).toBeLessThanOrEqual(1_000 + shortestMs + driftMs);
      }
    }),
  );
});

it('the same of a clock that runs fast or slow by as much as a time service lets it', () => {
  fc.assert(
    fc.property(trips, aheadMs, fc.integer({ min: -499, max: 499 }), (asked, ahead, millionths) => {
      const aheadAt = (now: number): number => ahead + (now - T0) * millionths * 1e-6;
      for (const { trueMs, known } of hear(asked, aheadAt)) {
        expect(known.least).toBeLessThanOrEqual(trueMs + ROUNDED_MS);
        expect(known.most).toBeGreaterThanOrEqual(trueMs - ROUNDED_MS);
      }
    }),
  );
});

it('a clock that is right is never moved', () => {
  fc.assert(
    fc.property(trips, (asked) => {
      for (const { correctionMs } of hear(asked, () => 0)) expect(Math.abs(correctionMs)).toBe(0);
    }),
  );
});

it('a correction that may be right stays, and one that cannot be is changed by no more than it must', () => {
  fc.assert(
    fc.property(trips, aheadMs, (asked, ahead) => {
      for (const { beforeMs, correctionMs, known } of hear(asked, () => ahead)) {
        const outsideMs = Math.max(known.least - beforeMs, beforeMs - known.most, 0);
        expect(Math.abs(correctionMs - beforeMs)).toBeLessThanOrEqual(outsideMs + ROUNDED_MS);
      }
    }),
  );
});

it('a clock that jumps is followed with the first reply after it, as well as that one tells', () => {
  fc.assert(
    fc.property(trips, trips, aheadMs, aheadMs, (before, after, ahead, jumpMs) => {
      const end = before.reduce((sum, { pauseMs, thereMs, backMs }) => sum + pauseMs + thereMs + backMs, T0);
      const aheadAt = (now: number): number => (now > end ? ahead + jumpMs : ahead);
      const quick = { pauseMs: 1, thereMs: 5, backMs: 5 };
      const [first] = hear([...before, quick, ...after], aheadAt).slice(before.length);
      expect(Math.abs((first?.correctionMs ?? Number.NaN) - ahead - jumpMs)).toBeLessThanOrEqual(
        1_010 + ROUNDED_MS,
      );
    }),
  );
});

it('two machines agree to within two seconds and the ways of their quickest replies', () => {
  fc.assert(
    fc.property(trips, trips, aheadMs, aheadMs, (one, other, aheadOne, aheadOther) => {
      const quick = { pauseMs: 0, thereMs: 3, backMs: 3 };
      const errors = [hear([quick, ...one], () => aheadOne), hear([quick, ...other], () => aheadOther)].map(
        (heard) => (heard[0]?.trueMs ?? Number.NaN) - (heard[0]?.correctionMs ?? 0),
      );
      expect(Math.abs((errors[0] ?? 0) - (errors[1] ?? 0))).toBeLessThanOrEqual(2_000 + 2 * 6 + ROUNDED_MS);
    }),
  );
});
