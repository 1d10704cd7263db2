import { describe, expect, it } from 'vitest';
import { formatTimeSpan, parseTimeSpanMinutes } from '../../shared/protocol/time-span.ts';

const DAY = 24 * 60;

describe('a time span is read', () => {
  it.each([
    ['4:0:0', 240],
    ['04:00:00', 240],
    ['02:00:00', 120],
    ['0:0:1', 1 / 60],
    ['00:00:00', 0],
    ['00:30', 30],
    ['4:5', 245],
    ['1.02:03:04', DAY + 2 * 60 + 3 + 4 / 60],
    ['1.02:03', DAY + 2 * 60 + 3],
    ['0.00:10:00', 10],
    ['10.00:00:00', 10 * DAY],
    ['23:59:59', DAY - 1 / 60],
    ['24:00:00', DAY],
    ['48:30:00', 2 * DAY + 30],
    ['100:00:00', 6000],
    ['00:00:00.5', 0.5 / 60],
    ['00:00:30.25', 30.25 / 60],
    ['00:00:06.0000000', 0.1],
    ['00:00:00.0000001', 1e-7 / 60],
    ['1.02:03:04.5', DAY + 2 * 60 + 3 + 4.5 / 60],
    [' 04:00:00\r\n', 240],
  ])('%j is %d minutes', (text, minutes) => {
    expect(parseTimeSpanMinutes(text)).toBeCloseTo(minutes, 12);
  });

  it.each([
    ['nothing', ''],
    ['blanks', '  '],
    ['a word', 'four hours'],
    ['a bare number, which .NET takes for days', '4'],
    ['a decimal number', '4.5'],
    ['a negative one', '-1:00:00'],
    ['one with a plus', '+1:00:00'],
    ['an ISO 8601 duration', 'PT4H'],
    ['sixty minutes', '00:60:00'],
    ['sixty seconds', '00:00:60'],
    ['more than 23 hours beside days', '1.24:00:00'],
    ['four parts with colons', '1:02:03:04'],
    ['an empty part', '4::0'],
    ['a trailing colon', '04:00:'],
    ['a leading colon', ':04:00'],
    ['a trailing point', '04:00:00.'],
    ['a leading point', '.04:00:00'],
    ['a fraction of a minute', '04:00.5'],
    ['a comma as the decimal sign', '04:00:00,5'],
    ['more fraction than .NET has', '00:00:00.00000001'],
    ['three digits of minutes', '0:001:00'],
    ['five digits of hours', '10000:00:00'],
    ['blanks inside', '04: 00:00'],
    ['two of them', '04:00:00 04:00:00'],
    ['a line break inside', '04:00:00\n1'],
    ['hexadecimal digits', '0x4:00:00'],
    ['an exponent', '1e1:00:00'],
    ['digits of another script', '\u0660\u0664:\u0660\u0660:\u0660\u0660'],
    ['full-width digits', '\uFF10\uFF14:00:00'],
    ['a NUL at the end', '04:00:00\u0000'],
    ['AM and PM', '04:00:00 PM'],
  ])('%s is refused', (_what, text) => {
    expect(parseTimeSpanMinutes(text)).toBeUndefined();
  });

  it('garbage of 64 KiB is refused at once', () => {
    const texts = [
      '1'.repeat(65_536),
      '1:'.repeat(32_768),
      `${' '.repeat(65_536)}x`,
      `1.${'0'.repeat(65_536)}`,
    ];
    const started = performance.now();
    expect(texts.map(parseTimeSpanMinutes)).toEqual([undefined, undefined, undefined, undefined]);
    expect(performance.now() - started).toBeLessThan(500);
  });
});

describe('a time span is written', () => {
  it.each([
    [0, '00:00:00'],
    [1 / 60, '00:00:01'],
    [59 / 60, '00:00:59'],
    [1, '00:01:00'],
    [59, '00:59:00'],
    [60, '01:00:00'],
    [240, '04:00:00'],
    [DAY - 1, '23:59:00'],
    [DAY - 1 / 60, '23:59:59'],
    [DAY, '1.00:00:00'],
    [DAY + 2 * 60 + 3 + 4 / 60, '1.02:03:04'],
    [10 * DAY, '10.00:00:00'],
    [1.5, '00:01:30'],
    [0.999 / 60, '00:00:00'],
    [59.999, '00:59:59'],
    [-0, '00:00:00'],
    [-1 / 60, '00:00:00'],
    [-DAY, '00:00:00'],
  ])('%d minutes as %s', (minutes, text) => {
    expect(formatTimeSpan(minutes)).toBe(text);
  });

  it('with every second of a day as its own text', () => {
    const texts = new Set(Array.from({ length: 86_400 }, (_, second) => formatTimeSpan(second / 60)));
    expect(texts.size).toBe(86_400);
  });
});
