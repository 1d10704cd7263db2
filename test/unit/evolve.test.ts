import { describe, expect, it } from 'vitest';
import type { Outcome } from '../../shared/outcome.ts';
import { acts, found, liveSession, minutes, ready, seconds, starting, stopped, T0 } from '../builders.ts';
import { check, liveAfter, missing, NOW, pending, refusal, unclear } from './evolve-table.ts';

describe('an observation', () => {
  const at = { sentAt: NOW, receivedAt: NOW } as const;

  check([
    {
      name: 'still starting: the beginning stays',
      session: liveSession({
        observed: starting(T0, T0 + 1),
        missingSince: T0 + 2,
        retry: { failures: 2, at: T0 },
      }),
      act: acts.observe,
      outcome: found({ ...at, status: 'Starting' }),
      expected: { observed: starting(T0, NOW), observedAt: NOW, missingSince: null, retry: null },
      kinds: [],
    },
    {
      name: 'ready now: after the last look that saw it starting',
      session: liveSession({ observed: starting(T0, NOW - seconds(10)) }),
      act: acts.observe,
      outcome: found({ ...at }),
      expected: { observed: { ...ready(NOW), readyAt: { early: NOW - seconds(10), late: NOW } } },
      kinds: ['status'],
    },
    {
      name: 'ready still: first seen when it was',
      session: liveSession({ observed: ready(T0) }),
      act: acts.observe,
      outcome: found({ ...at, elapsedMinutes: 20, hostname: 'new.example.org' }),
      expected: { observed: { ...ready(T0), hostname: 'new.example.org' } },
      kinds: [],
    },
    {
      name: 'starting after ready contradicts itself and changes nothing of it',
      session: liveSession(),
      act: acts.observe,
      outcome: found({ ...at, status: 'Starting' }),
      expected: { observed: ready(T0) },
      kinds: [],
    },
    {
      name: 'a larger lease',
      session: liveSession(),
      act: acts.observe,
      outcome: found({ ...at, leaseMinutes: 61 }),
      expected: { leases: { requestedMinutes: 60, floorMinutes: 60, grantedMinutes: 61 } },
      kinds: ['extended'],
    },
    {
      name: 'a smaller lease is not believed',
      session: liveSession(),
      act: acts.observe,
      outcome: found({ ...at, leaseMinutes: 59 }),
      expected: { leases: { requestedMinutes: 60, floorMinutes: 60, grantedMinutes: 60 } },
      kinds: [],
    },
    {
      name: 'expired',
      session: liveSession(),
      act: acts.observe,
      outcome: found({ ...at, status: 'Expired', elapsedMinutes: 60 }),
      expected: {
        life: 'ended',
        status: 'Expired',
        because: 'expired',
        elapsedMinutes: 60,
        hostname: 'host.example.org',
      },
      kinds: ['ended'],
    },
    {
      name: 'stopped, though nobody here wanted that',
      session: liveSession(),
      act: acts.observe,
      outcome: found({ ...at, status: 'Stopped' }),
      expected: { life: 'ended', status: 'Stopped', because: 'stopped-elsewhere' },
      kinds: ['ended'],
    },
    {
      name: 'stopped, as was wanted',
      session: liveSession({ desired: stopped('idle', T0, T0) }),
      act: acts.observe,
      outcome: found({ ...at, status: 'Stopped' }),
      expected: { life: 'ended', status: 'Stopped', because: 'idle' },
      kinds: ['ended'],
    },
    {
      name: 'expired before the stop',
      session: liveSession({ desired: stopped('idle', T0, T0) }),
      act: acts.observe,
      outcome: found({ ...at, status: 'Expired' }),
      expected: { life: 'ended', status: 'Expired', because: 'idle' },
      kinds: ['ended'],
    },
    {
      name: 'stopped after a failed launch: an error for its client',
      session: liveSession({
        observed: starting(T0),
        desired: { ...stopped('launch', T0, T0), message: 'too slow' },
      }),
      act: acts.observe,
      outcome: found({ ...at, status: 'Stopped' }),
      expected: { life: 'ended', status: 'Error', because: 'launch', message: 'too slow' },
      kinds: ['ended'],
    },
    {
      name: 'leaves the call of another alone',
      session: liveSession({ pending: pending('extend') }),
      act: acts.observe,
      outcome: unclear,
      expected: { pending: pending('extend') },
      kinds: [],
    },
  ]);
});

describe('a stop', () => {
  const session = liveSession({
    desired: stopped('idle', T0),
    pending: pending('stop'),
    retry: { failures: 2, at: T0 },
  });

  check([
    {
      name: 'accepted: not over before that is seen',
      session,
      act: acts.stop,
      outcome: { type: 'accepted' },
      expected: { life: 'live', pending: null, retry: null, desired: stopped('idle', T0, NOW) },
      kinds: [],
    },
    {
      name: 'accepted once more: it was accepted all along',
      session: { ...session, desired: stopped('idle', T0, T0) },
      act: acts.stop,
      outcome: { type: 'accepted' },
      expected: { desired: { ...stopped('idle', T0, T0), repeatedAt: NOW } },
      kinds: [],
    },
    {
      name: 'refused: told nothing, and a look is to tell why',
      session,
      act: acts.stop,
      outcome: refusal,
      expected: {
        life: 'live',
        desired: stopped('idle', T0),
        retry: { failures: 3, at: NOW + seconds(6) },
        unansweredSince: NOW,
      },
      kinds: [],
    },
    {
      name: 'looked at after it got no answer: the look is done, and the stop still waits for its back-off',
      session: { ...session, unansweredSince: T0 },
      act: acts.observe,
      outcome: found({ sentAt: NOW, receivedAt: NOW }),
      expected: { life: 'live', retry: { failures: 2, at: T0 }, unansweredSince: null },
      kinds: [],
    },
    {
      name: 'looked at in vain: the stop itself comes next',
      session: { ...session, unansweredSince: T0 },
      act: acts.observe,
      outcome: unclear,
      expected: { life: 'live', retry: { failures: 3, at: NOW + seconds(6) }, unansweredSince: null },
      kinds: [],
    },
    {
      name: 'unclear: told nothing',
      session,
      act: acts.stop,
      outcome: unclear,
      expected: { life: 'live', desired: stopped('idle', T0) },
      kinds: [],
    },
    {
      name: 'unsent: told nothing',
      session,
      act: acts.stop,
      outcome: { type: 'unsent', because: 'late' },
      expected: { life: 'live', pending: null, desired: stopped('idle', T0) },
      kinds: [],
    },
  ]);
});

describe('the back-off after an unclear answer', () => {
  it.each([
    { failures: 0, waits: 0 },
    { failures: 1, waits: seconds(2) },
    { failures: 2, waits: seconds(6) },
    { failures: 3, waits: seconds(14) },
    { failures: 4, waits: seconds(30) },
    { failures: 5000, waits: seconds(30) },
  ])('after $failures before it is $waits ms', ({ failures, waits }) => {
    const retry = failures === 0 ? null : { failures, at: T0 };
    expect(liveAfter(liveSession({ retry }), acts.observe, unclear).retry).toEqual({
      failures: failures + 1,
      at: NOW + waits,
    });
  });

  it.each([
    { name: 'is what the upstream says', retryAfterMs: seconds(20), failures: 1, waits: seconds(20) },
    {
      name: 'is what the upstream says, up to 2 min',
      retryAfterMs: minutes(2),
      failures: 1,
      waits: minutes(2),
    },
    { name: 'is 2 min where it says more', retryAfterMs: minutes(10), failures: 1, waits: minutes(2) },
    { name: 'is our own where that is longer', retryAfterMs: seconds(1), failures: 4, waits: seconds(30) },
  ])('$name', ({ retryAfterMs, failures, waits }) => {
    const session = liveSession({ retry: { failures, at: T0 } });
    expect(liveAfter(session, acts.keep, { ...unclear, retryAfterMs } as Outcome).retry?.at).toBe(
      NOW + waits,
    );
  });

  it('ends with the first clear answer', () => {
    const session = liveSession({ retry: { failures: 4, at: T0 } });
    expect(liveAfter(session, acts.observe, found()).retry).toBeNull();
    expect(liveAfter(session, acts.observe, missing).retry).toBeNull();
  });
});
