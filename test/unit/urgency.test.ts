import { describe, expect, it } from 'vitest';
import type { Act } from '../../shared/outcome.ts';
import type { LiveSession } from '../../shared/session.ts';
import { byUrgency, type Due } from '../../shared/urgency.ts';
import { acts, liveSession, minutes, ready, requestedSession, seconds, stopped, T0 } from '../builders.ts';

/** The lease of these ends, at the earliest, so long after T0. */
const endingIn = (ms: number, overrides: Partial<LiveSession> = {}): LiveSession =>
  liveSession({ observed: ready(T0 - minutes(59) + ms), ...overrides, leases: { grantedMinutes: 60 } });
const due = (session: LiveSession, act: Act): Due => ({ session, act });
const idle: Act = { type: 'stop', because: 'idle' };
const create: Act = { type: 'create', because: 'requested', maxLeaseMinutes: 60 };
const ago = (ms: number): { dueAt: number } => ({ dueAt: T0 - ms });

/** DESIGN §4.4, from the most urgent on; and looks that have waited for their turn before what costs more of it. */
const ORDER: readonly [string, Due][] = [
  ['a lease that ends now', due(endingIn(0), acts.keep)],
  [
    'one that a client asked for, and that ends in a minute',
    due(endingIn(seconds(60)), acts.extendForClient),
  ],
  ['one that ends just within two minutes', due(endingIn(minutes(2) - 1), acts.keep)],
  [
    'a stop that was asked for earlier',
    due(liveSession({ desired: stopped('asked'), ...ago(9) }), acts.stop),
  ],
  ['a stop that was asked for', due(liveSession({ desired: stopped('asked') }), acts.stop)],
  ['a lease that a client asked for', due(endingIn(minutes(30)), acts.extendForClient)],
  ['a create that has waited for more than a minute', due(requestedSession(ago(minutes(1) + 2)), create)],
  ['a look that has waited for more than a minute', due(liveSession(ago(minutes(1) + 1)), acts.observe)],
  ['a create that has waited', due(requestedSession(ago(seconds(3))), create)],
  ['a create', due(requestedSession(), create)],
  ['a reap', due(liveSession(), idle)],
  ['a lease that ends in two minutes', due(endingIn(minutes(2)), acts.keep)],
  ['a lease that ends in nine minutes', due(endingIn(minutes(9), ago(minutes(5))), acts.keep)],
  [
    'a stop that is asked for once more, however long ago it was due',
    due(liveSession({ desired: stopped('asked', T0, T0 - minutes(9)), ...ago(minutes(8)) }), acts.stop),
  ],
  [
    'a look whether a server goes that was to be stopped, however long that has waited',
    due(liveSession({ desired: stopped('asked', T0, T0 - minutes(9)), ...ago(minutes(8)) }), acts.observe),
  ],
  ['a look that was due a minute ago', due(liveSession(ago(minutes(1))), acts.observe)],
  ['a look', due(liveSession(), acts.observe)],
];

describe('the order of calls', () => {
  const names = ORDER.map(([name]) => name);
  const sorted = (items: readonly (readonly [string, Due])[]): string[] => {
    const compare = byUrgency(T0, minutes(2));
    return [...items].sort(([, one], [, other]) => compare(one, other)).map(([name]) => name);
  };

  it('is that of the design, however they come', () => {
    expect(sorted(ORDER)).toEqual(names);
    expect(sorted(ORDER.toReversed())).toEqual(names);
    for (let shift = 1; shift < ORDER.length; shift += 1)
      expect(sorted([...ORDER.slice(shift), ...ORDER.slice(0, shift)])).toEqual(names);
  });

  it('of two that are alike is theirs', () => {
    const twins = [1, 2].map((number) => [`${number}`, due(liveSession(), idle)] as const);
    expect(sorted(twins)).toEqual(['1', '2']);
  });

  it('has the stop of a client before a reap that was decided longer ago', () => {
    const asked = due(liveSession({ desired: stopped('asked') }), acts.stop);
    const reap = due(liveSession(ago(minutes(30))), idle);
    expect(byUrgency(T0, minutes(2))(asked, reap)).toBeLessThan(0);
  });

  it('has every renewal in time where many wait for each other', () => {
    const asked = due(liveSession({ desired: stopped('asked') }), acts.stop);
    const renewal = due(endingIn(minutes(7) - 1), acts.keep);
    expect(byUrgency(T0, minutes(2))(asked, renewal)).toBeLessThan(0);
    expect(byUrgency(T0, minutes(7))(renewal, asked)).toBeLessThan(0);
  });
});
