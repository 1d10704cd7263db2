import { describe, expect, it } from 'vitest';
import { decide } from '../../shared/decide.ts';
import { activity, liveSession, requestedSession, rules, starting, stopped, T0 } from '../builders.ts';
import { at, check, look, none, type Row } from './decide-table.ts';

describe('a session that is to be stopped', () => {
  const reasons = ['asked', 'idle', 'lifetime', 'launch'] as const;
  const states = [
    {
      state: 'requested',
      session: requestedSession({ creation: { attempts: 1, firstAttemptAt: T0, lastUntil: at(0, 10) } }),
    },
    { state: 'starting', session: liveSession({ observed: starting(at(-1), at(-1)), observedAt: at(-1) }) },
    { state: 'ready', session: liveSession({ observedAt: at(-1) }) },
    {
      state: 'ready, kept, low and wanted longer',
      session: liveSession({
        observedAt: at(-1),
        policy: { keepAlive: true },
        leases: { grantedMinutes: 1, floorMinutes: 90 },
      }),
    },
  ];

  for (const because of reasons) {
    describe(`because ${because}`, () => {
      check(
        states.flatMap(({ state, session }): Row[] => [
          {
            name: `${state}: is ${state === 'requested' ? 'looked for first, as it may be somebody else’s' : 'stopped'}`,
            session: { ...session, desired: stopped(because) },
            now: T0,
            expected:
              state === 'requested' ? { type: 'observe', because: 'unconfirmed' } : { type: 'stop', because },
          },
          {
            name: `${state}, accepted: is looked at a second later`,
            session: { ...session, desired: stopped(because, T0, T0) },
            now: at(0, 0.999),
            expected: none(look(at(0, 1), 'stopping')),
          },
          {
            name: `${state}, accepted and seen since: is looked at every 5 s`,
            session: { ...session, desired: stopped(because, T0, T0), observedAt: at(0, 1) },
            now: at(0, 5),
            expected: none(look(at(0, 6), 'stopping')),
          },
          {
            name: `${state}, accepted and still there: is stopped again after 30 s`,
            session: { ...session, desired: stopped(because, T0, T0), observedAt: at(0, 26) },
            now: at(0, 30),
            expected: { type: 'stop', because },
          },
        ]),
      );
    });
  }

  describe('accepted, and its server is still there', () => {
    const going = (seenAt: number, repeatedAt: number | null = null) =>
      liveSession({ desired: { ...stopped('asked', T0, T0), repeatedAt }, observedAt: seenAt });
    const again = { type: 'stop', because: 'asked' } as const;

    it.each([
      [1, 6],
      [6, 16],
      [16, 36],
      [36, 76],
      [76, 136],
      [600, 660],
    ])('was seen after %d s, and is looked at again after %d s', (seen, next) => {
      const session = going(at(0, seen), at(60));
      expect(decide(session, activity(), at(0, next) - 1, rules)).toEqual(
        none(look(at(0, next), 'stopping')),
      );
      expect(decide(session, activity(), at(0, next), rules)).toEqual({
        type: 'observe',
        because: 'stopping',
      });
    });

    it.each([
      ['for the first time', null, 30],
      ['for the second time', 30, 90],
      ['for the third time', 90, 210],
      ['for the fourth time', 210, 510],
      ['and so on', 510, 810],
    ])('is asked to stop once more, %s', (_, repeated, next) => {
      const session = going(at(0, next), repeated === null ? null : at(0, repeated));
      expect(decide(session, activity(), at(0, next) - 1, rules).type).toBe('none');
      expect(decide(session, activity(), at(0, next), rules)).toEqual(again);
    });
  });

  check([
    {
      name: 'waits for the call of another',
      session: liveSession({
        desired: stopped('asked'),
        pending: { op: 'extend', opId: 'op-9', until: at(0, 5) },
      }),
      now: at(0, 4),
      expected: none({ action: 'stop', at: at(0, 5), because: 'asked' }),
    },
    {
      name: 'waits for the back-off of a stop that told nothing',
      session: liveSession({ desired: stopped('idle'), retry: { failures: 2, at: at(0, 2) } }),
      now: at(0, 1),
      expected: none({ action: 'stop', at: at(0, 2), because: 'idle' }),
    },
    {
      name: 'without an answer: a look first, when the back-off is over',
      session: liveSession({
        desired: stopped('idle'),
        retry: { failures: 2, at: at(0, 2) },
        unansweredSince: at(0),
      }),
      now: at(0, 2),
      expected: { type: 'observe', because: 'unanswered' },
    },
    {
      name: 'accepted a minute ago, and not looked at since: the look comes before the repetition, or it never would',
      session: liveSession({ desired: stopped('asked', T0, T0), observedAt: at(-1) }),
      now: at(1),
      expected: { type: 'observe', because: 'stopping' },
    },
    {
      name: 'accepted a minute ago, and seen since it may be repeated: that comes before another look, however late it is',
      session: liveSession({ desired: stopped('asked', T0, T0), observedAt: at(0, 30) }),
      now: at(1),
      expected: { type: 'stop', because: 'asked' },
    },
    {
      name: 'accepted a minute ago, and still there: it is repeated',
      session: liveSession({ desired: stopped('asked', T0, T0), observedAt: at(1) }),
      now: at(1),
      expected: { type: 'stop', because: 'asked' },
    },
    {
      name: 'unconfirmed and missing while a create is on its way: it is looked at now and then all the same',
      session: requestedSession({
        desired: stopped('asked'),
        creation: { attempts: 1, firstAttemptAt: T0, lastUntil: at(0, 10) },
        missingSince: at(0, 20),
        observedAt: at(0, 20),
      }),
      now: at(0, 21),
      expected: none(look(at(0, 30), 'missing')),
    },
    {
      name: 'unconfirmed and missing: a create that is still on its way settles first',
      session: requestedSession({
        desired: stopped('asked'),
        creation: { attempts: 1, firstAttemptAt: T0, lastUntil: at(0, 10) },
        missingSince: at(0, 20),
        observedAt: at(2, 5),
      }),
      now: at(2, 9),
      expected: none(look(at(2, 10), 'missing')),
    },
    {
      name: 'unconfirmed and missing after it settled: the second look comes 5 s after the first',
      session: requestedSession({
        desired: stopped('asked'),
        creation: { attempts: 1, firstAttemptAt: T0, lastUntil: at(0, 10) },
        missingSince: at(9),
      }),
      now: at(9, 4),
      expected: none(look(at(9, 5), 'missing')),
    },
    {
      name: 'at the cap: waits because it is stopping, not because of the cap',
      session: liveSession({
        desired: stopped('asked', T0, T0),
        policy: { keepAlive: true },
        leases: { grantedMinutes: 1439 },
        observedAt: at(-1),
      }),
      now: T0,
      expected: none(look(at(0, 1), 'stopping')),
    },
  ]);
});
