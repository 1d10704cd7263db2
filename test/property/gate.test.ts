import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Gate,
  heldBack,
  holdMs,
  isBraked,
  isSweptByOther,
  mayBeHeld,
  mostKept,
  NEW_GATE,
  noted,
  opensAt,
  passed,
  rulesAt,
  unaskedLately,
  withUnaskedStop,
} from '../../shared/gate.ts';
import { accountRules, minutes, seconds, T0 } from '../builders.ts';

const anyInstant = fc.oneof(
  fc.integer({ min: T0 - minutes(90), max: T0 + minutes(90) }),
  fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
);
const anyGate: fc.Arbitrary<Gate> = fc
  .record({
    nextCallAt: anyInstant,
    sweeper: fc.option(
      fc.record({ id: fc.constantFrom('me', 'other'), until: anyInstant, since: anyInstant }),
      { nil: null },
    ),
    sweptAt: fc.option(anyInstant, { nil: null }),
    graceFrom: anyInstant,
    keptCount: fc.nat(5_000),
    unaskedStops: fc.array(fc.integer({ min: T0 - minutes(20), max: T0 + minutes(5) }), { maxLength: 60 }),
  })
  .map((parts) => ({ ...NEW_GATE, ...parts }));

describe('any gate', () => {
  it('opens within two minutes, whatever its row says, and a call that then leaves keeps its gap', () => {
    fc.assert(
      fc.property(anyGate, fc.integer({ min: 0, max: minutes(1) }), (gate, gapMs) => {
        const opens = opensAt(gate, T0);
        expect(opens).toBeGreaterThanOrEqual(T0);
        expect(opens).toBeLessThanOrEqual(T0 + minutes(2));
        expect(opensAt(passed(gate, gapMs, opens), opens)).toBe(opens + gapMs);
      }),
    );
  });

  it('is never opened earlier by an answer that tells to wait, nor later than it tells, or two minutes', () => {
    fc.assert(
      fc.property(anyGate, fc.integer({ min: 0, max: minutes(5) }), (gate, retryAfterMs) => {
        const before = opensAt(gate, T0);
        const told = T0 + Math.min(retryAfterMs, minutes(2));
        expect(opensAt(heldBack(gate, retryAfterMs, T0), T0)).toBe(Math.max(before, told));
      }),
    );
  });

  it('has a sweeper that others wait for half a minute at most', () => {
    fc.assert(
      fc.property(anyGate, (gate) => {
        expect(isSweptByOther(gate, 'me', T0) && isSweptByOther(gate, 'me', T0 + seconds(30))).toBe(false);
      }),
    );
  });

  it('never lets idleness count from later than a sweep after an absence, nor from earlier than it did', () => {
    fc.assert(
      fc.property(anyGate, fc.integer({ min: 0, max: minutes(30) }), (gate, laterMs) => {
        const first = noted(gate, accountRules, T0);
        const { graceFrom } = rulesAt(first, accountRules, T0 + laterMs);
        const isAway = laterMs > accountRules.awayMs;
        expect(graceFrom).toBe(isAway ? T0 + laterMs : first.graceFrom);
        expect([T0, gate.graceFrom]).toContain(first.graceFrom);
      }),
    );
  });
});

describe('sessions that are kept alive', () => {
  /** docs/guarantees.md: an extension that grows with the kept sessions ends here. */
  const LONGEST_MINUTES = 240;
  const anyAccount = fc
    .record({
      renewMarginMinutes: fc.double({ min: 0.1, max: 60, noNaN: true }),
      factor: fc.double({ min: 2, max: 20, noNaN: true }),
      callGapMs: fc.integer({ min: 1, max: minutes(1) }),
    })
    .map(({ factor, ...set }) => ({
      ...accountRules,
      ...set,
      extensionMinutes: set.renewMarginMinutes * factor,
    }));

  it('need at most half of the calls for their renewals, however many there may be', () => {
    fc.assert(
      fc.property(anyAccount, fc.double({ min: 0, max: 1, noNaN: true }), (rules, share) => {
        const keptCount = Math.floor(mostKept(rules) * share);
        const { renewMarginMinutes, extensionMinutes } = rulesAt({ ...NEW_GATE, keptCount }, rules, T0);
        // A renewal reaches `extension` ahead, and the next one is due when the margin is left.
        const everyMs = (extensionMinutes - renewMarginMinutes) * minutes(1);
        const callsMs = keptCount * rules.callGapMs;
        expect(callsMs).toBeLessThanOrEqual(everyMs / 2 + 1e-6);
        // Each of them can wait for the calls of all the others, and still has the margin that is set.
        expect(renewMarginMinutes * minutes(1) - callsMs).toBeGreaterThanOrEqual(
          rules.renewMarginMinutes * minutes(1) - 1e-6,
        );
      }),
    );
  });

  it('are as many as that allows: one more would need more than half', () => {
    fc.assert(
      fc.property(anyAccount, (rules) => {
        const more = mostKept(rules) + 1;
        const margin = rules.renewMarginMinutes * minutes(1) + more * rules.callGapMs;
        const everyMs = Math.max(rules.extensionMinutes, LONGEST_MINUTES) * minutes(1) - margin;
        expect(more * rules.callGapMs).toBeGreaterThan(everyMs / 2 - 1e-6);
      }),
    );
  });

  it('never renew all the time, however many there are', () => {
    fc.assert(
      fc.property(anyAccount, fc.nat(100_000), (rules, keptCount) => {
        const { renewMarginMinutes, extensionMinutes } = rulesAt({ ...NEW_GATE, keptCount }, rules, T0);
        expect(renewMarginMinutes).toBeLessThan(extensionMinutes);
      }),
    );
  });

  it('are renewed as far ahead as it is set at least, and four hours at the most where less is set', () => {
    fc.assert(
      fc.property(anyAccount, fc.nat(100_000), (rules, keptCount) => {
        const { extensionMinutes } = rulesAt({ ...NEW_GATE, keptCount }, rules, T0);
        expect(extensionMinutes).toBeGreaterThanOrEqual(rules.extensionMinutes);
        expect(extensionMinutes).toBeLessThanOrEqual(Math.max(rules.extensionMinutes, LONGEST_MINUTES));
      }),
    );
  });
});

describe('stops that nobody asked for', () => {
  it('are never more in ten minutes than five, or a quarter, without a brake', () => {
    const stopsAfter = fc.array(fc.nat(minutes(2)), { maxLength: 120 });
    fc.assert(
      fc.property(stopsAfter, fc.integer({ min: 1, max: 100 }), (pauses, liveCount) => {
        const passedAt: number[] = [];
        let gate = NEW_GATE;
        let now = T0;
        for (const pause of pauses) {
          now += pause;
          if (isBraked(gate, liveCount, now)) continue;
          gate = withUnaskedStop(gate, now);
          passedAt.push(now);
        }
        const most = Math.max(5, Math.ceil(liveCount / 4));
        for (const last of passedAt) {
          const inWindow = passedAt.filter((at) => at <= last && at > last - minutes(10));
          expect(inWindow.length).toBeLessThanOrEqual(most);
        }
        expect(unaskedLately(gate, now)).toBeLessThanOrEqual(most);
      }),
    );
  });

  it('are held for half an hour at most, and then not again for an hour', () => {
    const anyTimeout = fc.option(fc.double({ min: 0.02, max: 2_000, noNaN: true }), { nil: null });
    fc.assert(
      fc.property(anyTimeout, fc.integer({ min: 0, max: minutes(60) }), (timeout, laterMs) => {
        const until = T0 + holdMs(timeout);
        expect(until).toBeGreaterThan(T0);
        expect(until).toBeLessThanOrEqual(T0 + minutes(30));
        expect(mayBeHeld(until, until + laterMs)).toBe(false);
      }),
    );
  });
});
