import { describe, expect, it } from 'vitest';
import { billedMinutes, isLapse, savedMinutes } from '../../shared/reckoning.ts';
import type { EndedSession, EndReason, LiveSession } from '../../shared/session.ts';
import { endedSession, liveSession, minutes, ready, requested, stopped, T0 } from '../builders.ts';

const leases = { requestedMinutes: 60, floorMinutes: 60, grantedMinutes: 60 };
const over = (because: EndReason, more: Partial<EndedSession> = {}): EndedSession =>
  endedSession({ because, leases, elapsedMinutes: 20, owned: true, ...more });

describe('the minutes of a server', () => {
  it.each<[string, EndedSession, number, number]>([
    ['that was idle', over('idle'), 20, 40],
    ['that was past its lifetime', over('lifetime'), 20, 40],
    ['that its client stopped', over('asked'), 20, 0],
    ['that ran to its lease, and was seen late', over('expired', { elapsedMinutes: 75 }), 60, 0],
    ['that was idle, and ran over its lease', over('idle', { elapsedMinutes: 61 }), 60, 0],
    ['that never became Ready', over('idle', { elapsedMinutes: 0 }), 0, 0],
    ['that did not start', over('launch', { elapsedMinutes: 0 }), 0, 0],
    ['of somebody else', over('idle', { owned: false }), 0, 0],
    ['that has disappeared', over('gone'), 20, 0],
  ])('%s', (_what, ended, billed, saved) => {
    expect({ billed: billedMinutes(ended), saved: savedMinutes(ended) }).toEqual({ billed, saved });
  });
});

describe('a lapse', () => {
  const { policy } = liveSession();
  const kept = (more: Partial<LiveSession> = {}): LiveSession => ({
    ...liveSession(),
    ...{ policy: { ...policy, keepAlive: true }, desired: { state: 'running' }, leases },
    observed: ready(T0 - minutes(60)),
    ...more,
  });
  const expired = over('expired', { endedAt: T0 });

  it.each<[string, LiveSession, EndedSession]>([
    ['a lease that ended although it should be kept', kept(), expired],
    ['before it was ever seen Ready', kept({ observed: requested }), expired],
    ['a server that has disappeared after the end of its lease', kept(), over('gone', { endedAt: T0 })],
    [
      'with a lifetime that was not reached',
      kept({ policy: { ...policy, keepAlive: true, maxLifetimeMinutes: 61 } }),
      expired,
    ],
  ])('is %s', (_what, before, ended) => {
    expect(isLapse(before, ended)).toBe(true);
  });

  it.each<[string, LiveSession, EndedSession]>([
    ['nobody wanted kept', kept({ policy: { ...policy, keepAlive: false } }), expired],
    ['was to be stopped', kept({ desired: stopped('idle') }), expired],
    [
      'had all of its lifetime',
      kept({ policy: { ...policy, keepAlive: true, maxLifetimeMinutes: 60 } }),
      expired,
    ],
    ['had the longest lease', kept({ leases: { ...leases, grantedMinutes: 1439 } }), expired],
    ['has disappeared before', kept({ observed: ready(T0 - minutes(59)) }), over('gone', { endedAt: T0 })],
    ['disappeared before it was Ready', kept({ observed: requested }), over('gone', { endedAt: T0 })],
    ['has failed', kept(), over('failed')],
    ['was stopped elsewhere', kept(), over('stopped-elsewhere')],
  ])('is none of a session that %s', (_what, before, ended) => {
    expect(isLapse(before, ended)).toBe(false);
  });
});
