import { describe, expect, it } from 'vitest';
import { FailureOnDemandError } from '../../infra/local/session-host/errors.ts';
import {
  createTrouble,
  type TroubleValues,
  troubleChangeSchema,
  writeTrouble,
} from '../../infra/local/session-host/trouble.ts';
import { BadRequestError } from '../../shared/errors.ts';
import { checkBody } from '../../shared/protocol/body.ts';

const NONE: TroubleValues = { callGapMs: 0, delayMs: 0, failing: 0, full: false };

describe('trouble', () => {
  it('changes in what is named, and says so once', () => {
    const lines: string[] = [];
    const trouble = createTrouble(NONE, Math.random, (line) => lines.push(line));
    trouble.change({ callGap: 5000, failing: 0.2 });
    expect(trouble.values()).toEqual({ callGapMs: 5000, delayMs: 0, failing: 0.2, full: false });
    trouble.change({});
    trouble.change({ failing: 0.2 });
    trouble.change({ delay: 250, full: true });
    expect(trouble.values()).toEqual({ callGapMs: 5000, delayMs: 250, failing: 0.2, full: true });
    trouble.change({ callGap: 0, delay: 0, failing: 0, full: false });
    expect(trouble.values()).toEqual(NONE);
    expect(lines).toEqual([
      'trouble: call gap 00:00:05, delay 00:00:00, failing 0.2, not full',
      'trouble: call gap 00:00:05, delay 00:00:00.250, failing 0.2, full',
      'trouble: call gap 00:00:00, delay 00:00:00, failing 0, not full',
    ]);
  });

  it.each([
    [0, 0, false],
    [0, 0.999, false],
    [0.2, 0.199, true],
    [0.2, 0.2, false],
    [1, 0.999_999, true],
  ])('of a share of %d at the chance %d strikes: %s', (failing, chance, strikes) => {
    const trouble = createTrouble(
      { ...NONE, failing },
      () => chance,
      () => undefined,
    );
    if (strikes) expect(trouble.strike).toThrow(FailureOnDemandError);
    else expect(trouble.strike).not.toThrow();
  });

  it.each([
    [0, '00:00:00'],
    [7, '00:00:00.007'],
    [1999, '00:00:01.999'],
    [65_000, '00:01:05'],
    [86_400_000, '1.00:00:00'],
  ])('shows %d ms as a time span that is read as the same', (ms, text) => {
    expect(writeTrouble({ ...NONE, delayMs: ms })).toMatchObject({ delay: text });
    expect(checkBody(troubleChangeSchema, { delay: text })).toEqual({ delay: ms });
  });
});

describe('a change of trouble', () => {
  it.each([
    [{}, {}],
    [
      { callGap: '0:0:5', delay: '00:00:02', failing: 0.2, full: true },
      { callGap: 5000, delay: 2000, failing: 0.2, full: true },
    ],
    [
      { failing: 1, full: false },
      { failing: 1, full: false },
    ],
    [{ failing: 0 }, { failing: 0 }],
  ])('may be %j', (body, change) => {
    expect(checkBody(troubleChangeSchema, body)).toEqual(change);
  });

  it.each([
    ...[5, '5', 'soon', '-0:0:1', '24:00:01', null].flatMap((span) => [
      [{ callGap: span }, 'callGap', 'time span'],
      [{ delay: span }, 'delay', 'time span'],
    ]),
    ...['0.5', -0.1, 1.1, null].map((share) => [{ failing: share }, 'failing', 'a number from 0 to 1']),
    ...['true', 1, null].map((flag) => [{ full: flag }, 'full', 'true or false']),
    [{ slow: true }, 'body', '"slow"'],
  ] as [object, string, string][])('cannot be %j', (body, target, reason) => {
    const check = () => checkBody(troubleChangeSchema, body);
    expect(check).toThrow(BadRequestError);
    expect(check).toThrow(expect.objectContaining({ target, message: expect.stringContaining(reason) }));
  });
});
