import { describe, expect, it } from 'vitest';
import { decide } from '../../shared/decide.ts';
import type { Session } from '../../shared/session.ts';
import { liveSession, rules, T0 } from '../builders.ts';
import { at, check, extend, look, none, used } from './decide-table.ts';

describe('a longer lease that the client wants', () => {
  const wants = (floorMinutes: number, overrides = {}): Session =>
    liveSession({ leases: { floorMinutes }, observedAt: T0, ...overrides });
  const calm = none(look(at(6), 'interval'));

  check([
    { name: 'is asked for', session: wants(61), now: T0, expected: extend('client', 61) },
    { name: 'in whole minutes, rounded up', session: wants(60.1), now: T0, expected: extend('client', 61) },
    { name: 'up to 1439', session: wants(1440), now: T0, expected: extend('client', 1439) },
    { name: 'not where it is granted', session: wants(60), now: T0, expected: calm },
    {
      name: 'not where all that can be is granted',
      session: liveSession({ leases: { floorMinutes: 1440, grantedMinutes: 1439 } }),
      now: T0,
      expected: calm,
    },
    {
      name: 'not again where it was refused',
      session: wants(90, { refused: { maxLeaseMinutes: 90, at: at(-1) } }),
      now: T0,
      expected: calm,
    },
    {
      name: 'though another was refused',
      session: wants(91, { refused: { maxLeaseMinutes: 90, at: at(-1) } }),
      now: T0,
      expected: extend('client', 91),
    },
    {
      name: 'not before a back-off is over',
      session: wants(90, { retry: { failures: 1, at: at(0, 2) } }),
      now: T0,
      expected: none({ action: 'extend', at: at(0, 2), because: 'client' }),
    },
    {
      name: 'not before a look, where one got no answer',
      session: wants(90, { retry: { failures: 1, at: at(0) }, unansweredSince: at(0) }),
      now: T0,
      expected: { type: 'observe', because: 'unanswered' },
    },
  ]);
});

describe('after a refusal, or a 404', () => {
  const low = { policy: { keepAlive: true }, leases: { grantedMinutes: 60 } };
  const inUse = used(at(49));

  check([
    {
      name: 'the session is looked at at once',
      session: liveSession({ ...low, refused: { maxLeaseMinutes: 110, at: at(49) }, observedAt: at(46) }),
      activity: inUse,
      now: at(49),
      expected: { type: 'observe', because: 'refused' },
    },
    {
      name: 'a kept session asks for half of it a minute later',
      session: liveSession({ ...low, refused: { maxLeaseMinutes: 110, at: at(49) }, observedAt: at(49, 1) }),
      activity: inUse,
      now: at(50),
      expected: extend('keep-alive', 85),
    },
    {
      name: 'a look at the very instant of the refusal settles it: a clock may stand still',
      session: liveSession({ ...low, refused: { maxLeaseMinutes: 110, at: at(49) }, observedAt: at(49) }),
      activity: inUse,
      now: at(49),
      expected: none({ action: 'extend', at: at(50), because: 'keep-alive' }),
    },
    {
      name: 'and plans to, meanwhile',
      session: liveSession({ ...low, refused: { maxLeaseMinutes: 110, at: at(49) }, observedAt: at(49, 1) }),
      activity: inUse,
      now: at(49, 30),
      expected: none({ action: 'extend', at: at(50), because: 'keep-alive' }),
    },
    {
      name: 'and begins anew where even the next minute was refused',
      session: liveSession({ ...low, refused: { maxLeaseMinutes: 61, at: at(49) }, observedAt: at(49, 1) }),
      activity: inUse,
      now: at(50),
      expected: extend('keep-alive', 111),
    },
    {
      name: 'a refused cap is as good as reached, where nothing is left below it',
      session: liveSession({
        policy: { keepAlive: true },
        leases: { grantedMinutes: 1438 },
        refused: { maxLeaseMinutes: 1439, at: at(1390) },
        observedAt: at(1390, 1),
      }),
      activity: used(at(1390)),
      now: at(1392),
      expected: none(look(at(1396), 'interval'), 'cap'),
    },
    {
      name: 'a ready session that gave a 404 is looked at 30 s later',
      session: liveSession({ missingSince: at(6), observedAt: at(6) }),
      now: at(6, 29),
      expected: none(look(at(6, 30), 'missing')),
    },
    {
      name: 'and then is',
      session: liveSession({ missingSince: at(6), observedAt: at(6) }),
      now: at(6, 30),
      expected: { type: 'observe', because: 'missing' },
    },
    {
      name: 'and is asked for nothing before that',
      session: liveSession({ ...low, missingSince: at(49), observedAt: at(49) }),
      activity: inUse,
      now: at(49, 10),
      expected: none(look(at(49, 30), 'missing')),
    },
  ]);

  it('a kept session asks again within a minute where time has made its next total the refused one', () => {
    const session = liveSession({
      ...low,
      refused: { maxLeaseMinutes: 110, at: at(20) },
      observedAt: at(46),
    });
    const decision = decide(session, inUse, at(49), rules);
    const step = decision.type === 'none' ? decision.next : { action: decision.type, at: at(49) };
    expect(step.action).toBe('extend');
    expect(step.at).toBeLessThanOrEqual(at(50));
  });
});
