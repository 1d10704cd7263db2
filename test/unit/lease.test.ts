import { describe, expect, it } from 'vitest';
import {
  elapsedMinutesAtLeast,
  elapsedMinutesAtMost,
  extensionCapMinutes,
  extensionTarget,
  leaseEnd,
  narrow,
  readyAtFrom,
} from '../../shared/lease.ts';
import { minutes, seconds, T0 } from '../builders.ts';

describe('the interval of Ready', () => {
  it.each([
    {
      name: 'zero minutes: at most one before the question',
      elapsedMinutes: 0,
      early: T0 - minutes(1),
      late: T0 + 500,
    },
    {
      name: 'whole minutes lie before the answer',
      elapsedMinutes: 7,
      early: T0 - minutes(8),
      late: T0 + 500 - minutes(7),
    },
  ])('$name', ({ elapsedMinutes, early, late }) => {
    expect(readyAtFrom({ sentAt: T0, receivedAt: T0 + 500, elapsedMinutes })).toEqual({ early, late });
  });

  it.each([
    { name: 'overlapping', known: [0, 60], seen: [40, 100], expected: [40, 60] },
    { name: 'one in the other', known: [0, 60], seen: [20, 30], expected: [20, 30] },
    { name: 'the same', known: [5, 6], seen: [5, 6], expected: [5, 6] },
    { name: 'touching, which leaves no instant: both', known: [0, 60], seen: [60, 100], expected: [0, 100] },
    { name: 'apart: both', known: [0, 60], seen: [90, 100], expected: [0, 100] },
    { name: 'apart the other way: both', known: [90, 100], seen: [0, 60], expected: [0, 100] },
  ])('of two sightings, $name', ({ known, seen, expected }) => {
    const interval = ([early = 0, late = 0]: number[]) => ({ early, late });
    expect(narrow(interval(known), interval(seen))).toEqual(interval(expected));
  });
});

describe('the end of a lease', () => {
  it('is as uncertain as the instant of Ready', () => {
    const readyAt = { early: T0, late: T0 + seconds(40) };
    expect(leaseEnd(readyAt, 90)).toEqual({ early: T0 + minutes(90), late: T0 + minutes(90) + seconds(40) });
  });
});

describe('elapsed minutes', () => {
  const readyAt = { early: T0, late: T0 + seconds(30) };

  it.each([
    { now: T0 - 1, atMost: 0, atLeast: 0 },
    { now: T0, atMost: 0, atLeast: 0 },
    { now: T0 + 1, atMost: 1, atLeast: 0 },
    { now: T0 + minutes(1), atMost: 1, atLeast: 0.5 },
    { now: T0 + minutes(1) + 1, atMost: 2, atLeast: 0.5 + 1 / 60_000 },
    { now: T0 + minutes(600), atMost: 600, atLeast: 599.5 },
  ])('at $now: at most $atMost, rounded up, and at least $atLeast', ({ now, atMost, atLeast }) => {
    expect(elapsedMinutesAtMost(readyAt, now)).toBe(atMost);
    expect(elapsedMinutesAtLeast(readyAt, now)).toBeCloseTo(atLeast, 10);
  });
});

describe('the cap of extensions', () => {
  it.each([
    { maxLifetime: null, cap: 1439 },
    { maxLifetime: 10_000, cap: 1439 },
    { maxLifetime: 1440, cap: 1439 },
    { maxLifetime: 1439, cap: 1439 },
    { maxLifetime: 90, cap: 90 },
    { maxLifetime: 89.1, cap: 90 },
    { maxLifetime: 0.5, cap: 1 },
  ])('with a lifetime of $maxLifetime is $cap', ({ maxLifetime, cap }) => {
    expect(extensionCapMinutes(maxLifetime)).toBe(cap);
  });
});

describe('the target of an extension', () => {
  const lease = { grantedMinutes: 60, elapsedMinutes: 51, extensionMinutes: 60, maxLifetimeMinutes: null };

  it.each([
    { name: 'reaches so far ahead', overrides: {}, target: 111 },
    { name: 'in whole minutes, rounded up', overrides: { extensionMinutes: 9.25 }, target: 61 },
    { name: 'rounded up from a fraction', overrides: { extensionMinutes: 19.25 }, target: 71 },
    { name: 'is larger than what is granted', overrides: { elapsedMinutes: 0 }, target: 61 },
    { name: 'ends at the cap', overrides: { grantedMinutes: 1400, elapsedMinutes: 1390 }, target: 1439 },
    { name: 'ends at the lifetime', overrides: { maxLifetimeMinutes: 75 }, target: 75 },
    {
      name: 'ends at the lifetime, rounded up',
      overrides: { maxLifetimeMinutes: 74.2 },
      target: 75,
    },
    {
      name: 'is none at the cap',
      overrides: { grantedMinutes: 1439, elapsedMinutes: 1435 },
      target: undefined,
    },
    {
      name: 'is none above the cap',
      overrides: { grantedMinutes: 1440, elapsedMinutes: 1435 },
      target: undefined,
    },
    { name: 'is none at the lifetime', overrides: { maxLifetimeMinutes: 60 }, target: undefined },
    { name: 'is none past a shortened lifetime', overrides: { maxLifetimeMinutes: 30 }, target: undefined },
  ])('$name', ({ overrides, target }) => {
    expect(extensionTarget({ ...lease, ...overrides })).toBe(target);
  });
});
