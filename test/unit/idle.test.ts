import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  coverMs,
  idleAt,
  idleFactsOf,
  isCovered,
  type LiveSession,
  lostActivity,
} from '../../shared/session.ts';
import {
  activity,
  liveSession,
  minutes,
  ready,
  requestedSession,
  seconds,
  starting,
  stopped,
  T0,
} from '../builders.ts';

/** When an armed session is idle is in the tables of `decide`; here is what only a heartbeat asks for. */

const armed = { keepAlive: true, idleTimeoutMinutes: 30 };

describe('a session that is not ready yet', () => {
  it.each<{ name: string; session: LiveSession }>([
    { name: 'requested', session: requestedSession({ policy: armed }) },
    { name: 'starting', session: liveSession({ policy: armed, observed: starting(T0) }) },
    {
      name: 'starting, and to be stopped',
      session: liveSession({ policy: armed, observed: starting(T0), desired: stopped('asked') }),
    },
  ])('has no instant at which it is idle, however it is armed and used: $name', ({ session }) => {
    expect(idleFactsOf(session)).toEqual({ readySeenAt: null, idleTimeoutMinutes: 30, idleArmed: true });
    expect(idleAt(idleFactsOf(session), activity({ lastActivityAt: T0 + minutes(5) }))).toBeNull();
  });
});

describe('use that an earlier note covers', () => {
  const noted = activity({ lastActivityAt: T0 + seconds(50), coveredUntil: T0 + seconds(110) });
  const facts = { readySeenAt: T0, idleTimeoutMinutes: 30, idleArmed: false };
  it.each([
    { name: 'is covered', facts, at: 59, expected: true },
    { name: 'is not where it is the first that arms idleness', facts, at: 60, expected: false },
    { name: 'is where idleness is armed', facts: { ...facts, idleArmed: true }, at: 60, expected: true },
    { name: 'is before Ready', facts: { ...facts, readySeenAt: null }, at: 60, expected: true },
    {
      name: 'is where the note armed it',
      facts: { ...facts, readySeenAt: T0 - seconds(10) },
      at: 60,
      expected: true,
    },
    { name: 'is at its end', facts: { ...facts, idleArmed: true }, at: 110, expected: true },
    { name: 'is not after it', facts: { ...facts, idleArmed: true }, at: 110.001, expected: false },
  ])('$name', (one) => {
    expect(isCovered(one.facts, noted, T0 + seconds(one.at))).toBe(one.expected);
  });
});

describe('a note of use', () => {
  it.each([
    { timeout: null, reaches: seconds(60) },
    { timeout: 1440, reaches: seconds(60) },
    { timeout: 10.1, reaches: seconds(60) },
    { timeout: 10, reaches: seconds(60) },
    { timeout: 9.9, reaches: seconds(59.4) },
    { timeout: 5, reaches: seconds(30) },
    { timeout: 0.05, reaches: 300 },
  ])('reaches, with an idle timeout of $timeout min, $reaches ms', ({ timeout, reaches }) => {
    expect(coverMs(timeout)).toBeCloseTo(reaches, 6);
  });

  it('never keeps a session idle for more than a tenth of its timeout longer, nor for more than a minute', () => {
    const timeout = fc.double({ min: 0.01, max: 3000, noNaN: true });
    fc.assert(
      fc.property(timeout, fc.integer({ min: 0, max: minutes(1440) }), (idleTimeoutMinutes, usedAfter) => {
        const session = liveSession({ observed: ready(T0), policy: { ...armed, idleTimeoutMinutes } });
        const usedAt = T0 + usedAfter;
        const used = activity({ lastActivityAt: usedAt, coveredUntil: usedAt + coverMs(idleTimeoutMinutes) });
        const late =
          (idleAt(idleFactsOf(session), used) ?? Number.NaN) - usedAt - minutes(idleTimeoutMinutes);
        expect(late).toBeGreaterThan(0);
        // Instants have no room for a fraction of a thousandth.
        expect(late).toBeLessThanOrEqual(Math.min(minutes(idleTimeoutMinutes) / 10, minutes(1)) + 0.001);
      }),
    );
  });
});

it('is not armed by what is taken for the activity of a session whose own was lost, whenever that was made', () => {
  fc.assert(
    fc.property(fc.integer({ min: -minutes(60), max: minutes(60) }), (createdAfterReady) => {
      const session = liveSession({ observed: ready(T0), createdAt: T0 + createdAfterReady });
      const facts = { ...idleFactsOf(session), idleArmed: false };
      expect(idleAt(facts, lostActivity(session, T0 + minutes(120)))).toBeNull();
    }),
  );
});
