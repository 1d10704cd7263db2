import { expect, it } from 'vitest';
import { MINUTE_MS } from '../../shared/lease.ts';
import type { Sitting } from '../bench/month/month.ts';
import { oracleMs, waitingMs } from '../bench/month/oracle.ts';
import { TIMES } from '../bench/simulated/upstream.ts';
import { sittingOf } from '../bench-sittings.ts';

const START_MINUTES = TIMES.startsInMs / MINUTE_MS;
const minutes = (sittings: readonly Sitting[], promised: number): number =>
  oracleMs(sittings, promised) / MINUTE_MS;

/** An hour of use, 20 min away, an hour, 40 min away, and an hour. */
const day = sittingOf('a', [
  [0, 60],
  [80, 140],
  [180, 240],
]);

it('runs through the pauses that it has promised to wait for, and through no other', () => {
  expect(minutes([day], 30)).toBe(140 + 60 - 2 * START_MINUTES);
  expect(minutes([day], 0)).toBe(180 - 3 * START_MINUTES);
  expect(minutes([day], Number.POSITIVE_INFINITY)).toBe(240 - START_MINUTES);
});

it('is there for somebody who comes back at the last moment of the promise', () => {
  const back = (pause: number): Sitting =>
    sittingOf('b', [
      [0, 60],
      [60 + pause, 120 + pause],
    ]);
  expect(minutes([back(30)], 30)).toBe(150 - START_MINUTES);
  expect(minutes([back(31)], 30)).toBe(120 - 2 * START_MINUTES);
});

it('pays nothing for a server that would not be Ready before its user leaves', () => {
  expect(minutes([sittingOf('c', [[0, 1]])], 30)).toBe(0);
});

it('without foresight the promise costs a wait in each longer pause, and at an end that nobody tells', () => {
  expect(waitingMs([{ ...day, ends: 'stopped' }], 30) / MINUTE_MS).toBe(30);
  expect(waitingMs([{ ...day, ends: 'closed' }], 30) / MINUTE_MS).toBe(60);
  expect(waitingMs([{ ...day, ends: 'left-open' }], 30) / MINUTE_MS).toBe(60);
});
