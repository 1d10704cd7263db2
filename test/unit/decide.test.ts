import { describe, expect, it } from 'vitest';
import { foresee } from '../../shared/decide.ts';
import type { Because, Decision, Foreseen } from '../../shared/session.ts';
import { activity, endedSession, liveSession, requestedSession, rules, starting, T0 } from '../builders.ts';
import { at, check, extend, look, none } from './decide-table.ts';

const create = (because: Because): Decision => ({ type: 'create', because, maxLeaseMinutes: 60 });

describe('a requested session', () => {
  const attempted = { attempts: 1, firstAttemptAt: at(0, 5), lastUntil: at(0, 7) };
  const launch = (when: number): Foreseen => ({ action: 'stop', at: when, because: 'launch' });
  const byUs = { op: 'create', opId: 'op-9', until: at(0, 7) } as const;

  check([
    { name: 'is created', session: requestedSession(), now: T0, expected: create('requested') },
    {
      name: 'is created again, until an answer confirms it',
      session: requestedSession({ creation: attempted }),
      now: at(0, 7),
      expected: create('unconfirmed'),
    },
    {
      name: 'waits while its create is under way',
      session: requestedSession({ creation: attempted, pending: byUs }),
      now: at(0, 6),
      expected: none({ action: 'create', at: at(0, 7), because: 'unconfirmed' }),
    },
    {
      name: 'waits for its back-off',
      session: requestedSession({ creation: attempted, retry: { failures: 3, at: at(1) } }),
      now: at(0, 59),
      expected: none({ action: 'create', at: at(1), because: 'unconfirmed' }),
    },
    {
      name: 'is stopped when it was not confirmed in time since the first attempt',
      session: requestedSession({ creation: attempted }),
      now: at(5, 5),
      expected: { type: 'stop', because: 'launch' },
    },
    {
      name: 'is not stopped a moment before; the verdict does not wait for a back-off',
      session: requestedSession({ creation: attempted, retry: { failures: 9, at: at(6) } }),
      now: at(5, 4.999),
      expected: none(launch(at(5, 5))),
    },
    {
      name: 'is asked for although it has waited for its turn for longer than a launch may take',
      session: requestedSession(),
      now: at(14, 59.999),
      expected: create('requested'),
    },
    {
      name: 'is given up in three times that time when no attempt ever left: nobody waits for ever',
      session: requestedSession(),
      now: at(15),
      expected: { type: 'stop', because: 'launch' },
    },
    {
      name: 'has all the time of a launch from its first attempt, however late that was',
      session: requestedSession({
        creation: { attempts: 1, firstAttemptAt: at(14), lastUntil: at(14, 10) },
      }),
      now: at(18, 59),
      expected: create('unconfirmed'),
    },
    {
      name: 'is not extended, however long a lease its client wants meanwhile',
      session: requestedSession({ leases: { floorMinutes: 600 } }),
      now: T0,
      expected: create('requested'),
    },
  ]);
});

describe('a starting session', () => {
  const session = liveSession({ observed: starting(T0, at(1)) });

  check([
    { name: 'is looked at every 10 s', session, now: at(1, 9), expected: none(look(at(1, 10), 'starting')) },
    {
      name: 'is looked at then',
      session,
      now: at(1, 10),
      expected: { type: 'observe', because: 'starting' },
    },
    {
      name: 'is looked at 30 s after a 404',
      session: liveSession({ observed: starting(T0, at(1)), missingSince: at(1, 10) }),
      now: at(1, 39),
      expected: none(look(at(1, 40), 'missing')),
    },
    {
      name: 'is never idle',
      session: liveSession({
        observed: starting(T0, at(20)),
        policy: { idleTimeoutMinutes: 1, idleTimeoutExplicit: true },
      }),
      now: at(20),
      expected: none(look(at(20, 10), 'starting')),
    },
    {
      name: 'is not renewed by itself',
      session: liveSession({
        observed: starting(T0, at(20)),
        policy: { keepAlive: true },
        leases: { grantedMinutes: 10, floorMinutes: 10 },
      }),
      now: at(20),
      expected: none(look(at(20, 10), 'starting')),
    },
    {
      name: 'gets the longer lease that its client wants',
      session: liveSession({ observed: starting(T0), leases: { floorMinutes: 90 } }),
      now: T0,
      expected: extend('client', 90),
    },
    {
      name: 'may take 30 minutes',
      session,
      now: at(29, 59),
      expected: { type: 'observe', because: 'starting' },
    },
    {
      name: 'is looked at again where nobody has looked for so long',
      session,
      now: at(31),
      expected: { type: 'observe', because: 'starting' },
    },
    {
      name: 'is stopped where it is seen Starting after that',
      session: liveSession({ observed: starting(T0, at(30)) }),
      now: at(30),
      expected: { type: 'stop', because: 'launch' },
    },
  ]);
});

describe('an ended session', () => {
  const session = endedSession({ dueAt: at(7) });
  const forget: Foreseen = { action: 'forget', at: at(7), because: 'retention' };

  check([
    { name: 'is kept', session, now: at(6), expected: none(forget) },
    {
      name: 'is forgotten when its time has come',
      session,
      now: at(7),
      expected: { type: 'forget', because: 'retention' },
    },
  ]);
});

describe('what a client is told to expect', () => {
  it.each([
    {
      name: 'the stop, not the looks before it',
      session: liveSession({ policy: { idleTimeoutExplicit: true } }),
      expected: { action: 'stop', at: at(30), because: 'idle' },
    },
    {
      name: 'what is done now',
      session: liveSession({ leases: { floorMinutes: 90 } }),
      expected: { action: 'extend', at: T0, because: 'client' },
    },
    {
      name: 'the next look where there is nothing else',
      session: liveSession(),
      expected: { action: 'observe', at: at(6), because: 'interval' },
    },
    {
      name: 'nothing more at the cap',
      session: liveSession({
        policy: { keepAlive: true, idleTimeoutMinutes: null },
        leases: { grantedMinutes: 1439 },
      }),
      expected: { action: 'none', at: at(6), because: 'cap' },
    },
    {
      name: 'not that a launch may fail',
      session: liveSession({ observed: starting(T0) }),
      expected: { action: 'observe', at: at(0, 10), because: 'starting' },
    },
    {
      name: 'the end of retention',
      session: endedSession({ dueAt: at(7) }),
      expected: { action: 'forget', at: at(7), because: 'retention' },
    },
  ])('$name', ({ session, expected }) => {
    expect(foresee(session, activity(), T0, rules)).toEqual(expected);
  });
});
