import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  elapsedMinutesAtLeast,
  elapsedMinutesAtMost,
  extensionTarget,
  leaseEnd,
  MINUTE_MS,
  narrow,
  type ReadyAt,
  readyAtFrom,
} from '../../shared/lease.ts';
import { T0 } from '../builders.ts';

const milliseconds = (max: number) => fc.integer({ min: 0, max });

/** What a real upstream and a real network do: Ready at `truth`, read after `outward`, answered after `back`. */
interface Exchange {
  ranMs: number;
  outwardMs: number;
  backMs: number;
}
const exchange: fc.Arbitrary<Exchange> = fc.record({
  ranMs: milliseconds(1500 * MINUTE_MS),
  outwardMs: milliseconds(20_000),
  backMs: milliseconds(20_000),
});
const sightingOf = (truth: number, { ranMs, outwardMs, backMs }: Exchange): ReadyAt => {
  const readAt = truth + ranMs;
  return readyAtFrom({
    sentAt: readAt - outwardMs,
    receivedAt: readAt + backMs,
    elapsedMinutes: Math.floor(ranMs / MINUTE_MS),
  });
};

/** A non-empty interval, (early, late]. */
const interval: fc.Arbitrary<ReadyAt> = fc
  .tuple(milliseconds(600_000), fc.integer({ min: 1, max: 600_000 }))
  .map(([early, length]) => ({ early: T0 + early, late: T0 + early + length }));
const contains = ({ early, late }: ReadyAt, at: number): boolean => early < at && at <= late;

describe('the interval of Ready', () => {
  it('contains the true instant, whatever the clock of the upstream reads and however slow the network is', () => {
    fc.assert(
      fc.property(exchange, (one) => {
        expect(contains(sightingOf(T0, one), T0)).toBe(true);
      }),
    );
  });

  it('is no wider than a minute and the time of the exchange', () => {
    fc.assert(
      fc.property(exchange, (one) => {
        const { early, late } = sightingOf(T0, one);
        expect(late - early).toBe(MINUTE_MS + one.outwardMs + one.backMs);
      }),
    );
  });

  it('still contains it after any number of sightings, and never grows by one that is true', () => {
    fc.assert(
      fc.property(fc.array(exchange, { minLength: 1, maxLength: 20 }), (exchanges) => {
        const [first, ...others] = exchanges.map((one) => sightingOf(T0, one));
        let known = first ?? { early: Number.NaN, late: Number.NaN };
        for (const seen of others) {
          const next = narrow(known, seen);
          expect(next.late - next.early).toBeLessThanOrEqual(known.late - known.early);
          known = next;
        }
        expect(contains(known, T0)).toBe(true);
      }),
    );
  });

  it('narrows to what both say, and keeps both where they contradict each other', () => {
    fc.assert(
      fc.property(interval, interval, fc.integer({ min: -1000, max: 1_202_000 }), (known, seen, offset) => {
        const at = T0 + offset;
        const both = narrow(known, seen);
        expect(both).toEqual(narrow(seen, known));
        expect(both.early).toBeLessThan(both.late);
        const disjoint = Math.max(known.early, seen.early) >= Math.min(known.late, seen.late);
        expect(!disjoint || !(contains(known, at) || contains(seen, at)) || contains(both, at)).toBe(true);
        expect(disjoint || contains(both, at) === (contains(known, at) && contains(seen, at))).toBe(true);
      }),
    );
  });

  it('is not changed by seeing the same again', () => {
    fc.assert(
      fc.property(interval, (known) => {
        expect(narrow(known, known)).toEqual(known);
      }),
    );
  });
});

describe('elapsed time', () => {
  it('is bracketed: at least ≤ true ≤ at most, and the bracket is at most its uncertainty and a minute wide', () => {
    fc.assert(
      fc.property(exchange, milliseconds(1500 * MINUTE_MS), (one, ranMs) => {
        const readyAt = sightingOf(T0, one);
        const now = T0 + ranMs;
        const [least, most] = [elapsedMinutesAtLeast(readyAt, now), elapsedMinutesAtMost(readyAt, now)];
        expect(least).toBeLessThanOrEqual(ranMs / MINUTE_MS);
        expect(most).toBeGreaterThanOrEqual(ranMs / MINUTE_MS);
        expect(Number.isInteger(most)).toBe(true);
        expect(most - least).toBeLessThanOrEqual((readyAt.late - readyAt.early) / MINUTE_MS + 1);
      }),
    );
  });

  it('is past the lease for certain only after its late end', () => {
    fc.assert(
      fc.property(
        interval,
        fc.integer({ min: 1, max: 1440 }),
        milliseconds(100_000_000),
        (readyAt, lease, ms) => {
          const now = T0 + ms;
          const end = leaseEnd(readyAt, lease);
          expect(elapsedMinutesAtLeast(readyAt, now) >= lease).toBe(now >= end.late);
          expect(elapsedMinutesAtMost(readyAt, now) > lease).toBe(now > end.early);
        },
      ),
    );
  });
});

describe('the target of an extension', () => {
  const lease = fc.record({
    grantedMinutes: fc.integer({ min: 0, max: 1441 }),
    elapsedMinutes: fc.integer({ min: 0, max: 1441 }),
    extensionMinutes: fc.double({ min: 0.01, max: 2000, noNaN: true }),
    maxLifetimeMinutes: fc.option(fc.double({ min: 0.01, max: 3000, noNaN: true }), { nil: null }),
  });

  it('is a whole number above what is granted and at most the cap; none only where the cap is reached', () => {
    fc.assert(
      fc.property(lease, (one) => {
        const cap = Math.min(1439, Math.ceil(one.maxLifetimeMinutes ?? 1439));
        const target = extensionTarget(one);
        if (target === undefined) {
          expect(one.grantedMinutes).toBeGreaterThanOrEqual(cap);
          return;
        }
        expect(Number.isInteger(target)).toBe(true);
        expect(target).toBeGreaterThan(one.grantedMinutes);
        expect(target).toBeLessThanOrEqual(cap);
      }),
    );
  });

  it('reaches the whole extension ahead wherever the cap allows it', () => {
    fc.assert(
      fc.property(lease, (one) => {
        const target = extensionTarget(one);
        const cap = Math.min(1439, Math.ceil(one.maxLifetimeMinutes ?? 1439));
        const reached = Math.min(cap, one.elapsedMinutes + one.extensionMinutes);
        expect(target ?? one.grantedMinutes).toBeGreaterThanOrEqual(reached);
      }),
    );
  });

  it('asked for again after it was granted in the same minute, grows by no more than a minute', () => {
    fc.assert(
      fc.property(lease, (one) => {
        const target = extensionTarget(one);
        fc.pre(target !== undefined);
        const again = extensionTarget({ ...one, grantedMinutes: target ?? 0 });
        expect((again ?? target ?? 0) - (target ?? 0)).toBeLessThanOrEqual(1);
      }),
    );
  });
});
