import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Absence, countsFrom, withAbsence } from '../../shared/absence.ts';
import { NEW_GATE, noted, rulesAt } from '../../shared/gate.ts';
import { accountRules, minutes, T0 } from '../builders.ts';

const at = (count: number): number => T0 + minutes(count);
const absence = (untilMinutes: number, lengthMinutes: number): Absence => ({
  until: at(untilMinutes),
  lengthMs: minutes(lengthMinutes),
});

describe('an absence', () => {
  it.each([
    ['of less than half of it', 8, 0],
    ['of half of it', 7.6, 0],
    ['of more than half of it', 7.5, 10],
    ['longer than it', 3, 10],
  ])('touches an idle timeout where it is a large part of it: it was %s', (_, timeoutMinutes, expected) => {
    const absences = [absence(10, 3.8)];
    expect(countsFrom({ graceFrom: T0, absences }, timeoutMinutes)).toBe(at(expected));
  });

  it('touches nobody who is never idle, and takes nothing from the grace of all', () => {
    expect(countsFrom({ graceFrom: T0, absences: [absence(10, 4)] }, null)).toBe(T0);
    expect(countsFrom({ graceFrom: at(20), absences: [absence(10, 4)] }, 3)).toBe(at(20));
  });

  it('that is longer is not forgotten for a shorter one', () => {
    const absences = withAbsence([absence(0, 4)], minutes(2.5), at(4));
    expect([3, 6, 9].map((timeout) => countsFrom({ graceFrom: 0, absences }, timeout))).toEqual([
      at(4),
      T0,
      0,
    ]);
  });

  it('that is shorter is, for a longer one', () => {
    expect(withAbsence([absence(0, 2.5)], minutes(4), at(4))).toEqual([absence(4, 4)]);
  });

  it('is forgotten when every timeout that it touches has passed since', () => {
    expect(withAbsence([absence(0, 4)], minutes(2.5), at(8))).toEqual([absence(8, 2.5)]);
  });

  it('changes nothing for anybody by what is forgotten, as long as it matters', () => {
    const gaps = fc.array(
      fc.record({
        quietMinutes: fc.integer({ min: 1, max: 12 }),
        lengthMinutes: fc.double({ min: 2, max: 5, noNaN: true }),
      }),
      { minLength: 1, maxLength: 12 },
    );
    fc.assert(
      fc.property(gaps, fc.double({ min: 0.1, max: 12, noNaN: true }), (all, timeoutMinutes) => {
        let now = T0;
        let kept: readonly Absence[] = [];
        const every: Absence[] = [];
        for (const { quietMinutes, lengthMinutes } of all) {
          now += minutes(quietMinutes) + minutes(lengthMinutes);
          every.push({ until: now, lengthMs: minutes(lengthMinutes) });
          kept = withAbsence(kept, minutes(lengthMinutes), now);
        }
        const idleAt = (absences: readonly Absence[]): number =>
          countsFrom({ graceFrom: 0, absences }, timeoutMinutes) + minutes(timeoutMinutes);
        expect(Math.max(now, idleAt(kept))).toBe(Math.max(now, idleAt(every)));
      }),
    );
  });
});

describe('the gate', () => {
  const { awayMs, absentMs } = accountRules;
  it.each([
    ['no absence where ticks are late', absentMs, []],
    ['an absence of more than two ticks', absentMs + 1, [absentMs + 1]],
    ['one that is as long as it can be', awayMs, [awayMs]],
    ['none where everybody’s idleness counts anew', awayMs + 1, []],
  ])('notes %s, and reckons with it before that', (_, lengthMs, expected) => {
    const gate = { ...NEW_GATE, sweptAt: T0 };
    const now = T0 + lengthMs;
    const absences = expected.map((length) => ({ until: now, lengthMs: length }));
    expect(rulesAt(gate, accountRules, now).absences).toEqual(absences);
    expect(noted(gate, accountRules, now).absences).toEqual(absences);
  });

  it('keeps them from one sweep to the next', () => {
    const back = noted({ ...NEW_GATE, sweptAt: T0 }, accountRules, at(4));
    expect(noted(back, accountRules, at(5)).absences).toEqual([absence(4, 4)]);
  });
});
