import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatTimeSpan, parseTimeSpanMinutes } from '../../shared/protocol/time-span.ts';

const MS_PER_MINUTE = 60_000;
/** A microsecond, in minutes: what the writing may round away. */
const TOLERANCE_MINUTES = 1e-6 / 60;
const LONGEST_SECONDS = 100 * 86_400;

const seconds = fc.nat({ max: LONGEST_SECONDS });
const minutes = fc.double({ min: -1e4, max: LONGEST_SECONDS / 60, noNaN: true });
const readBack = (text: string): number => {
  const read = parseTimeSpanMinutes(text);
  if (read === undefined) throw new RangeError(`${text} cannot be read back`);
  return read;
};

describe('time spans', () => {
  it('whole seconds come back as they were', () => {
    fc.assert(
      fc.property(seconds, (total) => {
        expect(Math.round(readBack(formatTimeSpan(total / 60)) * 60)).toBe(total);
      }),
    );
  });

  it('a text of the service comes back letter by letter', () => {
    const two = (value: number): string => String(value).padStart(2, '0');
    const text = fc
      .tuple(fc.nat({ max: 99 }), fc.nat({ max: 23 }), fc.nat({ max: 59 }), fc.nat({ max: 59 }))
      .map(([d, h, m, s]) => `${d > 0 ? `${d}.` : ''}${two(h)}:${two(m)}:${two(s)}`);
    fc.assert(
      fc.property(text, (written) => {
        expect(formatTimeSpan(readBack(written))).toBe(written);
      }),
    );
  });

  it('every documented way to write one means the same', () => {
    const parts = fc.tuple(
      fc.nat({ max: 999 }),
      fc.nat({ max: 59 }),
      fc.nat({ max: 59 }),
      fc.nat({ max: 9_999_999 }),
    );
    fc.assert(
      fc.property(parts, ([h, m, s, ticks]) => {
        const pad = (value: number): string => String(value).padStart(2, '0');
        const expected = h * 60 + m + (s + ticks / 1e7) / 60;
        const fraction = `.${String(ticks).padStart(7, '0')}`;
        const days = `${Math.floor(h / 24)}.${pad(h % 24)}:${pad(m)}:${pad(s)}${fraction}`;
        for (const text of [`${h}:${m}:${s}${fraction}`, `${pad(h)}:${pad(m)}:${pad(s)}${fraction}`, days]) {
          expect(Math.abs(readBack(text) - expected)).toBeLessThan(1e-9);
        }
      }),
    );
  });

  it('one that is written has the form [d.]hh:mm:ss', () => {
    fc.assert(
      fc.property(minutes, (value) => {
        expect(formatTimeSpan(value)).toMatch(/^([1-9]\d*\.)?([01]\d|2[0-3]):[0-5]\d:[0-5]\d$/);
      }),
    );
  });

  it('one that is written is never above the value, and less than a second below it', () => {
    fc.assert(
      fc.property(minutes, (value) => {
        const back = readBack(formatTimeSpan(value));
        expect(back).toBeLessThanOrEqual(Math.max(0, value) + TOLERANCE_MINUTES);
        expect(back).toBeGreaterThan(Math.max(0, value) - 1 / 60 - TOLERANCE_MINUTES);
      }),
    );
  });

  it('a number of milliseconds is cut to the whole seconds that have passed', () => {
    fc.assert(
      fc.property(fc.nat({ max: LONGEST_SECONDS * 1000 }), (ms) => {
        const back = readBack(formatTimeSpan(ms / MS_PER_MINUTE));
        expect(Math.round(back * 60)).toBe(Math.floor(ms / 1000));
      }),
    );
  });

  it('a longer time is never written as a shorter one', () => {
    fc.assert(
      fc.property(minutes, minutes, (one, other) => {
        const [less, more] = one <= other ? [one, other] : [other, one];
        expect(readBack(formatTimeSpan(less))).toBeLessThanOrEqual(readBack(formatTimeSpan(more)));
      }),
    );
  });

  it('any text is either refused or a finite number that is not below zero', () => {
    const alike = fc.string({ unit: fc.constantFrom(...'0123459.:-+ eE,xٱ'), maxLength: 14 });
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.string({ unit: 'binary' }), alike), (text) => {
        const read = parseTimeSpanMinutes(text);
        expect(read === undefined || (Number.isFinite(read) && read >= 0)).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  it('what is read has a colon, and digits at both ends', () => {
    const alike = fc.string({ unit: fc.constantFrom(...'0159.:-'), maxLength: 9 });
    const isRead = (text: string): boolean => parseTimeSpanMinutes(text) !== undefined;
    fc.assert(
      fc.property(alike.filter(isRead), (text) => {
        expect(text).toMatch(/^\d.*:.*\d$/);
      }),
    );
  });
});
