import { describe } from 'vitest';
import type { Decision, Step } from '../../shared/session.ts';
import { liveSession, ready, T0 } from '../builders.ts';
import { at, check, extend, look, none, used } from './decide-table.ts';

describe('idleness of a ready session', () => {
  const armed = liveSession({ observedAt: at(29), policy: { idleTimeoutExplicit: true } });
  const kept = liveSession({ observedAt: at(29), policy: { keepAlive: true } });
  const plain = liveSession({ observedAt: at(29) });
  const idle = (when: number): Step => ({ action: 'stop', at: when, because: 'idle' });
  const reap: Decision = { type: 'stop', because: 'idle' };

  check([
    { name: 'armed by its client: comes', session: armed, now: at(29, 59.999), expected: none(idle(at(30))) },
    { name: 'armed by its client: has come', session: armed, now: at(30), expected: reap },
    { name: 'armed by keep-alive', session: kept, now: at(30), expected: reap },
    {
      name: 'armed by use a minute after Ready',
      session: plain,
      activity: used(at(1), at(2)),
      now: at(32),
      expected: reap,
    },
    {
      name: 'armed by use: not before the whole timeout since what was acknowledged',
      session: liveSession({ observedAt: at(31) }),
      activity: used(at(1), at(2)),
      now: at(31, 59),
      expected: none(idle(at(32))),
    },
    {
      name: 'is not armed by use within the first minute',
      session: liveSession({ observedAt: at(33) }),
      activity: used(at(0, 59.999), at(1)),
      now: at(35),
      expected: none(look(at(36), 'interval')),
    },
    {
      name: 'never comes without a timeout, even for a kept session',
      session: liveSession({ observedAt: at(40), policy: { keepAlive: true, idleTimeoutMinutes: null } }),
      now: at(45),
      expected: none(look(at(46), 'interval')),
    },
    {
      name: 'counts from the first sight of Ready where that is later than the last use',
      session: liveSession({
        observed: ready(T0, at(4)),
        observedAt: at(31),
        policy: { idleTimeoutExplicit: true },
      }),
      now: at(33),
      expected: none(idle(at(34))),
    },
    {
      name: 'has timeouts with fractions',
      session: liveSession({ policy: { idleTimeoutMinutes: 0.05, idleTimeoutExplicit: true } }),
      now: at(0, 2),
      expected: none(idle(at(0, 3))),
    },
    {
      name: 'comes before an extension that is due as well',
      session: liveSession({ observedAt: at(49), policy: { keepAlive: true } }),
      now: at(59),
      expected: reap,
    },
    {
      name: 'comes before a longer lease that its client wanted earlier',
      session: liveSession({ policy: { idleTimeoutExplicit: true }, leases: { floorMinutes: 90 } }),
      now: at(30),
      expected: reap,
    },
    {
      name: 'does not wait for a back-off',
      session: liveSession({
        policy: { idleTimeoutExplicit: true },
        retry: { failures: 4, at: at(31) },
      }),
      now: at(30),
      expected: reap,
    },
    {
      name: 'waits for the call of another',
      session: liveSession({
        policy: { idleTimeoutExplicit: true },
        pending: { op: 'extend', opId: 'op-9', until: at(31) },
      }),
      now: at(30),
      expected: none(idle(at(31))),
    },
  ]);
});

describe('the lease of a ready session', () => {
  const inUse = used(at(48), at(49));
  const keepAlive = { policy: { keepAlive: true } };
  const renewal = (when: number): Step => ({ action: 'extend', at: when, because: 'keep-alive' });

  check([
    {
      name: 'kept, plenty left: waits for the margin before its early end',
      session: liveSession({ ...keepAlive, observedAt: at(46) }),
      activity: inUse,
      now: at(48, 59),
      expected: none(renewal(at(49))),
    },
    {
      name: 'kept, within the margin: asks for an hour from now, by the most that may have run',
      session: liveSession(keepAlive),
      activity: inUse,
      now: at(49),
      expected: extend('keep-alive', 110),
    },
    {
      name: 'kept, ended by our reckoning: is asked for all the same',
      session: liveSession(keepAlive),
      activity: used(at(64)),
      now: at(65),
      expected: extend('keep-alive', 126),
    },
    {
      name: 'kept, near its lifetime: asks for no more than that',
      session: liveSession({ policy: { keepAlive: true, maxLifetimeMinutes: 80 } }),
      activity: inUse,
      now: at(49),
      expected: extend('keep-alive', 80),
    },
    {
      name: 'kept, at its lifetime: runs to it',
      session: liveSession({ policy: { keepAlive: true, maxLifetimeMinutes: 60 }, observedAt: at(56) }),
      activity: used(at(57)),
      now: at(57),
      expected: none(look(at(59), 'lease-end'), 'cap'),
    },
    {
      name: 'kept, near the cap: asks for 1439',
      session: liveSession({ ...keepAlive, leases: { grantedMinutes: 1400 } }),
      activity: used(at(1390)),
      now: at(1390),
      expected: extend('keep-alive', 1439),
    },
    {
      name: 'kept, at the cap: nothing more can be done',
      session: liveSession({ ...keepAlive, leases: { grantedMinutes: 1439 }, observedAt: at(1426) }),
      activity: used(at(1430)),
      now: at(1431),
      expected: none(look(at(1436), 'interval'), 'cap'),
    },
    {
      name: 'kept, created with 1440: as good as at the cap',
      session: liveSession({ ...keepAlive, leases: { grantedMinutes: 1440 }, observedAt: at(1426) }),
      activity: used(at(1430)),
      now: at(1431),
      expected: none(look(at(1436), 'interval'), 'cap'),
    },
    {
      name: 'not kept, plenty left: is looked at every interval',
      session: liveSession(),
      now: at(3),
      expected: none(look(at(6), 'interval')),
    },
    {
      name: 'not kept, nearly over: is looked at when it may have ended',
      session: liveSession({ observedAt: at(56) }),
      now: at(58),
      expected: none(look(at(59), 'lease-end')),
    },
    {
      name: 'not kept, may have ended: is looked at soon again',
      session: liveSession({ observedAt: at(59) }),
      now: at(59),
      expected: none(look(at(59, 10), 'lease-end')),
    },
    {
      name: 'not kept, must have ended: is looked at, and declared nothing',
      session: liveSession({ observedAt: at(59, 58) }),
      now: at(60, 1),
      expected: { type: 'observe', because: 'lease-end' },
    },
    {
      name: 'past its lifetime: is stopped, although its lease goes on',
      session: liveSession({ policy: { maxLifetimeMinutes: 20.5 }, observedAt: at(20) }),
      now: at(20, 30),
      expected: { type: 'stop', because: 'lifetime' },
    },
    {
      name: 'just before its lifetime by the late reckoning: is not',
      session: liveSession({ policy: { maxLifetimeMinutes: 20.5 }, observedAt: at(20) }),
      now: at(20, 29),
      expected: none({ action: 'stop', at: at(20, 30), because: 'lifetime' }),
    },
  ]);
});
