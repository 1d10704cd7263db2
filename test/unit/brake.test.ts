import { describe, expect, it } from 'vitest';
import { held, heldBy } from '../../shared/brake.ts';
import {
  type Gate,
  holdMs,
  isBraked,
  mayBeHeld,
  NEW_GATE,
  unaskedLately,
  withUnaskedStop,
} from '../../shared/gate.ts';
import { liveSession, minutes, T0 } from '../builders.ts';

const stopsBefore = (count: number, at = T0): Gate => ({ ...NEW_GATE, unaskedStops: Array(count).fill(at) });
const notCounted = (): Promise<number> => Promise.reject(new Error('nobody should count'));
const live =
  (count: number): (() => Promise<number>) =>
  () =>
    Promise.resolve(count);

describe('stops that nobody asked for', () => {
  it('are counted over ten minutes, up to what another clock may say, or this one before it was corrected', () => {
    const gate = { ...NEW_GATE, unaskedStops: [T0, T0 + 1, T0 + minutes(11), T0 + minutes(11) + 1] };
    expect(unaskedLately(gate, T0 + minutes(10))).toBe(2);
    expect(withUnaskedStop(gate, T0 + minutes(10)).unaskedStops).toEqual([
      T0 + 1,
      T0 + minutes(11),
      T0 + minutes(10),
    ]);
  });

  it.each([
    { name: 'four of a small account are nothing unusual', stops: 4, sessions: 6, isBraked: false },
    { name: 'after five of a small account the sixth is one', stops: 5, sessions: 6, isBraked: true },
    { name: 'nor are five of twenty', stops: 5, sessions: 20, isBraked: true },
    { name: 'five of 21 are not a quarter', stops: 5, sessions: 21, isBraked: false },
    { name: 'a quarter of a hundred is', stops: 25, sessions: 100, isBraked: true },
    { name: 'less than a quarter is not', stops: 24, sessions: 100, isBraked: false },
  ])('brake where they are many: $name', ({ stops, sessions, isBraked: expected }) => {
    expect(isBraked(stopsBefore(stops), sessions, T0)).toBe(expected);
    expect(isBraked(stopsBefore(stops), sessions, T0 + minutes(10))).toBe(false);
  });
});

describe('more stops than are kept one by one', () => {
  const gateAfter = (stops: number, apartMs = 0): Gate => {
    let gate: Gate = NEW_GATE;
    for (let stop = 0; stop < stops; stop += 1) gate = withUnaskedStop(gate, T0 + stop * apartMs);
    return gate;
  };

  it('brake an account of any size', () => {
    const gate = gateAfter(1_250);
    expect(unaskedLately(gate, T0)).toBe(1_250);
    expect(isBraked(gate, 5_000, T0)).toBe(true);
    expect(isBraked(gateAfter(1_249), 5_000, T0)).toBe(false);
  });

  it('are forgotten like all others, and take no more room however many they are', () => {
    const gate = gateAfter(3_000, 100);
    const last = T0 + 2_999 * 100;
    expect(unaskedLately(gate, last)).toBe(3_000);
    expect(gate.unaskedStops).toHaveLength(1_000);
    expect(gate.unaskedBefore.length).toBeLessThan(70);
    expect(unaskedLately(gate, last + minutes(11))).toBe(0);
    expect(withUnaskedStop(gate, last + minutes(11)).unaskedBefore).toEqual([]);
  });
});

describe('a hold', () => {
  it.each([
    [null, minutes(30)],
    [10, minutes(10)],
    [30, minutes(30)],
    [0.5, minutes(0.5)],
    [24 * 60, minutes(30)],
  ])('lasts, with an idle timeout of %s min, %d ms', (idleTimeoutMinutes, expected) => {
    expect(holdMs(idleTimeoutMinutes)).toBe(expected);
  });

  it('comes once: again only an hour after it was over', () => {
    expect(mayBeHeld(null, T0)).toBe(true);
    expect(mayBeHeld(T0, T0)).toBe(false);
    expect(mayBeHeld(T0, T0 + minutes(60))).toBe(false);
    expect(mayBeHeld(T0, T0 + minutes(60) + 1)).toBe(true);
  });

  const braked = stopsBefore(5);
  it.each([
    ['is new where the brake is on', braked, null, 6, { until: T0 + minutes(30), isNew: true }],
    ['does not come where it is off', stopsBefore(4), null, 6, undefined],
    ['does not come in a large account', braked, null, 21, undefined],
    [
      'goes on where it is not over, brake or none',
      NEW_GATE,
      T0 + 1,
      undefined,
      { until: T0 + 1, isNew: false },
    ],
    ['is not repeated when it is over', braked, T0, undefined, undefined],
    ['may come again long after', braked, T0 - minutes(61), 6, { until: T0 + minutes(30), isNew: true }],
  ])('%s', async (_, gate, heldUntil, sessions, expected) => {
    const count = sessions === undefined ? notCounted : live(sessions);
    expect(await heldBy(gate, liveSession({ heldUntil }), T0, count)).toEqual(expected);
  });

  it('costs no count of the sessions where there were few stops', async () => {
    expect(await heldBy(stopsBefore(4), liveSession(), T0, notCounted)).toBeUndefined();
  });

  it('is in the record, and in its history where it is new', () => {
    const until = T0 + minutes(30);
    const session = liveSession();
    expect(held(session, { until, isNew: true }, 'idle', T0)).toEqual({
      next: { ...session, heldUntil: until },
      events: [{ at: T0, kind: 'held', because: 'idle', detail: { until: '2026-01-02T03:34:00.000Z' } }],
    });
    expect(held(session, { until, isNew: false }, 'idle', T0).events).toEqual([]);
  });
});
