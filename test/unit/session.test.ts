import { describe, expect, it } from 'vitest';
import {
  type IdleFacts,
  isCovered,
  isDue,
  isStopAccepted,
  isUnconfirmed,
  isUnsent,
  type LiveSession,
  lostActivity,
  nextLookAt,
} from '../../shared/session.ts';
import { endedSession, liveSession, minutes, ready, requestedSession, stopped, T0 } from '../builders.ts';

const NOW = T0 + minutes(30);

const attempted = (attempts: number): LiveSession['creation'] => ({
  ...{ maxLeaseMinutes: 60, attempts },
  ...(attempts === 0 ? { firstAttemptAt: null, lastUntil: null } : { firstAttemptAt: T0, lastUntil: T0 }),
});

describe('a session', () => {
  it.each([
    ['that no create left for is unsent', requestedSession({ creation: attempted(0) }), true, false],
    [
      'that was asked for, and not heard of, is unconfirmed',
      requestedSession({ creation: attempted(1) }),
      false,
      true,
    ],
    ['that was asked for twice as well', requestedSession({ creation: attempted(2) }), false, true],
    ['that is Ready is neither', liveSession({ creation: attempted(1) }), false, false],
    ['that was taken over is neither', liveSession({ creation: attempted(0) }), false, false],
  ])('%s', (_, session, unsent, unconfirmed) => {
    expect(isUnsent(session)).toBe(unsent);
    expect(isUnconfirmed(session)).toBe(unconfirmed);
  });

  it.each([
    ['runs', liveSession(), false],
    ['is to be stopped', liveSession({ desired: stopped('asked') }), false],
    ['has had its stop accepted', liveSession({ desired: stopped('asked', T0, T0) }), true],
  ])('that %s', (_, session, expected) => {
    expect(isStopAccepted(session)).toBe(expected);
  });

  it.each([
    ['ahead', 1, false],
    ['now', 0, true],
    ['behind', -1, true],
  ])('whose instant is %s is due: %s ms', (_, aheadMs, expected) => {
    expect(isDue(liveSession({ dueAt: NOW + aheadMs }), NOW)).toBe(expected);
  });

  it('that is over is never due: forgetting it is for sweeps', () => {
    expect(isDue(endedSession({ dueAt: NOW - 1 }), NOW)).toBe(false);
  });
});

it.each([
  ['at its beginning', 0, minutes(10)],
  ['within', minutes(10) - 1, minutes(10)],
  ['at its end, which is the next one’s beginning', minutes(10), minutes(20)],
])('what was looked at in an interval, %s, is looked at again when that is over', (_, at, expected) => {
  expect(nextLookAt(at, minutes(10))).toBe(expected);
});

describe('use', () => {
  const facts = (overrides: Partial<IdleFacts> = {}): IdleFacts => ({
    ...{ readySeenAt: T0, idleTimeoutMinutes: 30, idleArmed: false },
    ...overrides,
  });
  const covered = (lastActivityAt: number, coveredUntil: number) => ({
    ...{ lastActivityAt, coveredUntil, closed: false },
  });
  const armsAt = T0 + minutes(1);

  it.each([
    ['after what is covered', facts({ idleArmed: true }), covered(T0, NOW - 1), NOW, false],
    ['at the end of what is covered', facts({ idleArmed: true }), covered(T0, NOW), NOW, true],
    ['that arms nothing, because it is armed', facts({ idleArmed: true }), covered(T0, NOW), NOW, true],
    // What has not been seen arms at no instant, be it the first of all.
    ['before Ready was seen', facts({ readySeenAt: null }), covered(T0 - minutes(60), NOW), NOW, true],
    ['in the first minute of Ready', facts(), covered(T0, NOW), armsAt - 1, true],
    ['a minute after Ready, which is the first to arm', facts(), covered(armsAt - 1, NOW), armsAt, false],
    ['after use that has armed', facts(), covered(armsAt, NOW), armsAt, true],
    [
      'before Ready was seen, with nothing before it',
      facts({ readySeenAt: null }),
      covered(-1, NOW),
      0,
      true,
    ],
    [
      'before Ready was seen, a minute from the beginning of time',
      facts({ readySeenAt: null }),
      covered(0, NOW),
      minutes(1),
      true,
    ],
  ])('%s', (_, idle, activity, at, expected) => {
    expect(isCovered(idle, activity, at)).toBe(expected);
  });
});

describe('an activity that was lost', () => {
  it.each([
    [
      'is nobody’s use, and covered',
      requestedSession({ createdAt: T0 }),
      { lastActivityAt: T0, closed: false },
    ],
    [
      'of a Ready session is as of its creation',
      liveSession({ createdAt: T0, observed: ready(T0 + minutes(2)) }),
      { lastActivityAt: T0, closed: false },
    ],
    [
      'of one that was taken over is as of when it was seen',
      liveSession({ createdAt: T0 + minutes(9), observed: { ...ready(T0), seenAt: T0 } }),
      { lastActivityAt: T0, closed: false },
    ],
    [
      'of one that is to be stopped stays closed',
      liveSession({ createdAt: T0, desired: stopped('asked') }),
      { lastActivityAt: T0, closed: true },
    ],
  ])('%s', (_, session, expected) => {
    expect(lostActivity(session, NOW)).toEqual({ ...expected, coveredUntil: NOW });
  });
});
