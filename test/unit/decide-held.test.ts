import { describe, expect, it } from 'vitest';
import { decide, foresee, isVerdict } from '../../shared/decide.ts';
import { activity, liveSession, requestedSession, rules, starting, stopped, T0 } from '../builders.ts';
import { at, check, extend, look, none } from './decide-table.ts';

const kept = { keepAlive: true, idleTimeoutMinutes: 30 };
/** Idle since 03:34, with a lease of two hours. */
const idle = { policy: kept, leases: { grantedMinutes: 120 }, observedAt: at(35) };
const gone = { missingSince: at(0), observedAt: at(0) };

describe('a session that the brake holds', () => {
  check([
    {
      name: 'idle: is not stopped, but looked at',
      session: liveSession({ ...idle, heldUntil: at(60) }),
      now: at(35, 30),
      expected: none(look(at(36), 'interval')),
    },
    {
      name: 'idle: is stopped when that is over',
      session: liveSession({ ...idle, heldUntil: at(60), observedAt: at(59) }),
      now: at(60),
      expected: { type: 'stop', because: 'idle' },
    },
    {
      name: 'idle, kept and low: is extended meanwhile',
      session: liveSession({ ...idle, leases: { grantedMinutes: 45, floorMinutes: 45 }, heldUntil: at(60) }),
      now: at(36),
      expected: extend('keep-alive', 97),
    },
    {
      name: 'that should have started: is created again meanwhile',
      session: requestedSession({
        creation: { attempts: 1, firstAttemptAt: T0, lastUntil: at(0, 10) },
        heldUntil: at(30),
      }),
      now: at(5),
      expected: { type: 'create', because: 'unconfirmed', maxLeaseMinutes: 60 },
    },
    {
      name: 'that should be Ready: is looked at meanwhile',
      session: liveSession({ observed: starting(at(-40), at(-1)), observedAt: at(-1), heldUntil: at(30) }),
      now: T0,
      expected: { type: 'observe', because: 'starting' },
    },
    {
      name: 'that its client wants stopped: is stopped all the same',
      session: liveSession({ ...idle, desired: stopped('asked'), heldUntil: at(60) }),
      now: at(36),
      expected: { type: 'stop', because: 'asked' },
    },
    {
      name: 'whose stop was decided before: is stopped all the same',
      session: liveSession({ ...idle, desired: stopped('idle'), heldUntil: at(60) }),
      now: at(36),
      expected: { type: 'stop', because: 'idle' },
    },
    {
      name: 'that may be gone: is looked at again after 30 s at first',
      session: liveSession({ ...gone, heldUntil: null }),
      now: at(0, 29),
      expected: none(look(at(0, 30), 'missing')),
    },
    {
      name: 'that may be gone: is looked at every minute',
      session: liveSession({ ...gone, observedAt: at(4), heldUntil: at(30) }),
      now: at(4, 59),
      expected: none(look(at(5), 'missing')),
    },
    {
      name: 'that may be gone: is looked at when that is over',
      session: liveSession({ ...gone, observedAt: at(4, 30), heldUntil: at(5) }),
      now: at(4, 59),
      expected: none(look(at(5), 'missing')),
    },
    {
      name: 'that may be gone, the hold being over: is looked at',
      session: liveSession({ ...gone, observedAt: at(4, 30), heldUntil: at(5) }),
      now: at(5),
      expected: { type: 'observe', because: 'missing' },
    },
  ]);
});

describe('a keeper that was away', () => {
  const session = liveSession({ ...idle, observedAt: at(120), leases: { grantedMinutes: 600 } });
  const back = { ...rules, graceFrom: at(120) };

  it.each([
    ['reaps what was idle all the time', rules, at(120), 'stop'],
    ['reaps nobody when it is back', back, at(120), 'none'],
    ['reaps nobody before a whole idle timeout', back, at(150) - 1, 'observe'],
    ['reaps then', back, at(150), 'stop'],
  ])('%s', (_, someRules, now, type) => {
    expect(decide(session, activity(), now, someRules).type).toBe(type);
  });

  it('counts from a later sign of use as ever', () => {
    const used = activity({ lastActivityAt: at(125), coveredUntil: at(125) });
    expect(decide({ ...session, observedAt: at(154) }, used, at(155) - 1, back).type).not.toBe('stop');
    expect(decide({ ...session, observedAt: at(154) }, used, at(155), back).type).toBe('stop');
    expect(foresee(session, used, at(125), back)).toEqual({ action: 'stop', at: at(155), because: 'idle' });
  });

  it('knows no grace for a lifetime that is over', () => {
    const old = liveSession({ policy: { maxLifetimeMinutes: 60 }, leases: { grantedMinutes: 600 } });
    expect(decide(old, activity(), at(121), back)).toEqual({ type: 'stop', because: 'lifetime' });
  });
});

describe('a stop', () => {
  const stop = { type: 'stop', because: 'idle' } as const;
  it.each([
    ['that the keeper decides is its verdict', liveSession(), stop, true],
    ['that was decided is none any more', liveSession({ desired: stopped('idle') }), stop, false],
    ['that was asked for is none', liveSession({ desired: stopped('asked') }), stop, false],
    ['is none where there is none', liveSession(), { type: 'observe', because: 'interval' }, false],
  ] as const)('%s', (_, session, decision, expected) => {
    expect(isVerdict(session, decision)).toBe(expected);
  });
});
