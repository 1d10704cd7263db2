import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TooManyRequestsError } from '../../shared/errors.ts';
import { BURST_SECONDS, type CallKind, createThrottle, type Throttle } from '../../shared/throttle.ts';
import { ACCOUNT_ID, T0 } from '../builders.ts';

interface Call {
  accountId: string;
  kind: CallKind;
  at: number;
}
/** 0 = passes; otherwise the seconds to wait. */
type Outcome = number;

const make = (throttle: Throttle, { accountId, kind, at }: Call): Outcome => {
  try {
    throttle.take(accountId, kind, at);
    return 0;
  } catch (error) {
    if (!(error instanceof TooManyRequestsError)) throw error;
    // A wait of none would look like a call that passes.
    return error.retryAfterSeconds || Number.NaN;
  }
};
const makeAll = (throttle: Throttle, calls: readonly Call[]): Outcome[] =>
  calls.map((call) => make(throttle, call));
const readAt = (at: number): Call => ({ accountId: ACCOUNT_ID, kind: 'read', at });
const readsOnly = (readsPerSecond: number): Throttle =>
  createThrottle({ readsPerSecond, writesPerSecond: 1, heartbeatsPerSecond: 1 });
const burstOf = (rate: number): number => Math.max(1, rate * BURST_SECONDS);

const slowRate = fc.oneof(
  fc.integer({ min: 1, max: 40 }).map((tenths) => tenths / 10),
  fc.double({ min: 0.1, max: 4, noNaN: true }),
);
const anyRate = fc.oneof(slowRate, fc.double({ min: 4, max: 100_000, noNaN: true }));
/** Mostly bursts, sometimes a pause: what brings a bucket to its bottom, and back. */
const gaps = fc.array(
  fc.oneof(
    { weight: 5, arbitrary: fc.integer({ min: 0, max: 30 }) },
    { weight: 2, arbitrary: fc.integer({ min: 0, max: 2_500 }) },
    { weight: 1, arbitrary: fc.integer({ min: 0, max: 15_000 }) },
  ),
  { minLength: 1, maxLength: 150, size: 'max' },
);
const timesFrom = (start: number, steps: readonly number[]): number[] => {
  let at = start;
  return steps.map((step) => {
    at += step;
    return at;
  });
};
const reads = gaps.map((steps) => timesFrom(T0, steps).map(readAt));

/** An empty bucket, and the instant at which it is. */
const emptied = (rate: number): { throttle: Throttle; at: number } => {
  const throttle = readsOnly(rate);
  while (make(throttle, readAt(T0)) === 0);
  return { throttle, at: T0 };
};

describe('a bucket', () => {
  it('lets at most rate × t and a burst pass, in any window of t seconds', () => {
    fc.assert(
      fc.property(slowRate, reads, (rate, calls) => {
        const outcomes = makeAll(readsOnly(rate), calls);
        const passed = calls.filter((_, index) => outcomes[index] === 0).map(({ at }) => at);
        const excesses = passed.flatMap((from, first) =>
          passed.slice(first).map((to, more) => more + 1 - (rate * (to - from)) / 1000 - burstOf(rate)),
        );
        expect(Math.max(...excesses)).toBeLessThanOrEqual(1e-6);
      }),
    );
  });

  it('refuses only where the call would be one too many, in some window', () => {
    fc.assert(
      fc.property(slowRate, reads, (rate, calls) => {
        const passed: number[] = [];
        const throttle = readsOnly(rate);
        for (const call of calls) {
          if (make(throttle, call) === 0) {
            passed.push(call.at);
            continue;
          }
          const isTooMany = passed.some((from, first) => {
            const allowed = (rate * (call.at - from)) / 1000 + burstOf(rate);
            return passed.length - first + 1 > allowed - 1e-3;
          });
          expect(isTooMany).toBe(true);
        }
      }),
    );
  });

  it('refills: after the time of n tokens n calls pass, up to a burst', () => {
    fc.assert(
      fc.property(slowRate, fc.integer({ min: 1, max: 60 }), (rate, tokens) => {
        const { throttle, at } = emptied(rate);
        const later = at + Math.ceil((tokens * 1000) / rate) + 1;
        const expected = Math.min(tokens, Math.floor(burstOf(rate) + 1e-9));
        const outcomes = Array.from({ length: tokens }, () => make(throttle, readAt(later)));
        expect(outcomes.filter((one) => one === 0)).toHaveLength(expected);
        expect(outcomes.slice(0, expected).every((one) => one === 0)).toBe(true);
      }),
    );
  });

  it('is not changed by a call that is refused', () => {
    fc.assert(
      fc.property(slowRate, reads, (rate, calls) => {
        const outcomes = makeAll(readsOnly(rate), calls);
        const passed = calls.filter((_, index) => outcomes[index] === 0);
        expect(makeAll(readsOnly(rate), passed).every((one) => one === 0)).toBe(true);
        const refused = calls.findLastIndex((_, index) => outcomes[index] !== 0);
        const without = calls.filter((_, index) => outcomes[index] === 0 || index === refused);
        expect(Math.max(...makeAll(readsOnly(rate), without))).toBe(outcomes[refused] ?? 0);
      }),
    );
  });
});

describe('a refused caller', () => {
  it('waits whole seconds, at least one, and no longer than a token takes', () => {
    fc.assert(
      fc.property(slowRate, reads, (rate, calls) => {
        for (const wait of makeAll(readsOnly(rate), calls).filter((one) => one !== 0)) {
          expect(Number.isInteger(wait)).toBe(true);
          expect(wait).toBeGreaterThanOrEqual(1);
          expect(wait).toBeLessThanOrEqual(Math.ceil(1 / rate + 1e-6));
        }
      }),
    );
  });

  it('passes after waiting that long, and not a whole second earlier', () => {
    fc.assert(
      fc.property(slowRate, reads, (rate, calls) => {
        const throttle = readsOnly(rate);
        const last = calls.map((call) => ({ at: call.at, wait: make(throttle, call) })).at(-1);
        fc.pre(last !== undefined && last.wait > 0);
        const { at, wait } = last ?? { at: 0, wait: 0 };
        for (let second = 1; second < wait; second += 1) {
          expect(make(throttle, readAt(at + second * 1000))).toBe(wait - second);
        }
        expect(make(throttle, readAt(at + wait * 1000))).toBe(0);
      }),
    );
  });

  it('passes after waiting that long, at any rate that can be set', () => {
    fc.assert(
      fc.property(anyRate, fc.integer({ min: 0, max: 12_000 }), (rate, ms) => {
        const { throttle, at } = emptied(rate);
        const wait = make(throttle, readAt(at + ms));
        expect(wait === 0 || make(throttle, readAt(at + ms + wait * 1000)) === 0).toBe(true);
      }),
      // A million calls each: too slow to be made small.
      { numRuns: 40, endOnFailure: true },
    );
  });
});

describe('accounts and kinds', () => {
  const calls = fc
    .array(
      fc.record({
        accountId: fc.constantFrom('a', 'b', 'c'),
        kind: fc.constantFrom<CallKind>('read', 'write', 'heartbeat'),
        step: fc.integer({ min: 0, max: 200 }),
      }),
      { maxLength: 300, size: 'max' },
    )
    .map((list) => {
      const times = timesFrom(
        T0,
        list.map(({ step }) => step),
      );
      return list.map(({ accountId, kind }, index): Call => ({ accountId, kind, at: times[index] ?? T0 }));
    });
  const rates = fc.record({
    readsPerSecond: slowRate,
    writesPerSecond: slowRate,
    heartbeatsPerSecond: slowRate,
  });

  it('are independent: each fares as it would alone', () => {
    fc.assert(
      fc.property(rates, calls, (each, all) => {
        const together = makeAll(createThrottle(each), all);
        for (const { accountId, kind } of all) {
          const isOwn = (call: Call | undefined): boolean =>
            call?.accountId === accountId && call.kind === kind;
          const alone = makeAll(createThrottle(each), all.filter(isOwn));
          expect(together.filter((_, index) => isOwn(all[index]))).toEqual(alone);
        }
      }),
      { numRuns: 30 },
    );
  });
});

describe('a clock that is set back', () => {
  const back = fc.integer({ min: 1, max: T0 });

  it('is as if it had stood still for that moment', () => {
    fc.assert(
      fc.property(slowRate, gaps, gaps, back, (rate, before, after, backMs) => {
        const earlier = timesFrom(T0, before);
        const turn = earlier.at(-1) ?? T0;
        const goesOn = [0, ...after];
        const still = [...earlier, ...timesFrom(turn, goesOn)].map(readAt);
        const setBack = [...earlier, ...timesFrom(turn - backMs, goesOn)].map(readAt);
        expect(makeAll(readsOnly(rate), setBack)).toEqual(makeAll(readsOnly(rate), still));
      }),
    );
  });

  it('makes nobody wait for longer than a token takes, however it goes', () => {
    const anywhere = fc.array(fc.integer({ min: 0, max: 2 * T0 }), {
      minLength: 1,
      maxLength: 100,
      size: 'max',
    });
    fc.assert(
      fc.property(slowRate, anywhere, (rate, times) => {
        const waits = makeAll(readsOnly(rate), times.map(readAt));
        expect(Math.max(...waits)).toBeLessThanOrEqual(Math.ceil(1 / rate + 1e-6));
      }),
    );
  });
});
