import { describe, expect, it } from 'vitest';
import { type Compared, differencesOf, dueRowDifference } from '../../shared/doctor/differences.ts';
import { UnreadableRowError } from '../../shared/errors.ts';
import {
  activity,
  endedSession,
  found,
  liveSession,
  minutes,
  requestedSession,
  seconds,
  starting,
  stopped,
  T0,
} from '../builders.ts';

/** What counts as a difference between table and upstream, or between rows of the table. */

const terms = { endpoint: 'http://127.0.0.1:1', now: T0, tickMs: minutes(1) };
const missing = { type: 'missing', sentAt: T0 } as const;
const untold = { type: 'inconclusive', because: 'it answered 500', retryAfterMs: null } as const;

/** A record with what it should have beside it: Ready, with a lease of an hour, on both sides. */
const compared = ({ session = liveSession(), ...rest }: Partial<Compared> = {}): Compared => ({
  session,
  activity: activity({ closed: session.desired.state === 'stopped' }),
  dueAts: [session.dueAt],
  told: found(),
  ...rest,
});
const under = (ms: number) => ({ op: 'extend', opId: 'op', until: T0 + ms }) as const;

const rows: [string, Partial<Compared>, string[]][] = [
  ['both sides say the same', {}, []],
  ['the upstream was not asked', { told: undefined }, []],
  ['the upstream could not tell', { told: untold }, []],
  ['Ready here, Starting there', { told: found({ status: 'Starting' }) }, ['status']],
  ['Ready here, Stopped there', { told: found({ status: 'Stopped' }) }, ['status']],
  ['Ready here, unknown there', { told: missing }, ['status']],
  ['Starting here, Ready there', { session: liveSession({ observed: starting(T0) }) }, ['status']],
  ['asked for here, unknown there', { session: requestedSession(), told: missing }, []],
  ['another lease', { told: found({ leaseMinutes: 59 }) }, ['lease']],
  ['another status and lease', { told: found({ status: 'Expired', leaseMinutes: 5 }) }, ['status', 'lease']],
  [
    'anything at all, with a call under way',
    { session: liveSession({ pending: under(1) }), told: missing },
    [],
  ],
  [
    'a call that ended a moment ago',
    { session: liveSession({ pending: under(-seconds(9)) }), told: missing },
    ['status'],
  ],
  ['a call that ended long ago', { session: liveSession({ pending: under(-minutes(2) - 1) }) }, ['pending']],
  ['a server elsewhere', { session: liveSession({ upstream: 'https://b.example' }) }, ['other upstream']],
  ['a stop that was just asked for', { session: liveSession({ desired: stopped('asked', T0) }) }, []],
  [
    'a stop that nothing came of',
    { session: liveSession({ desired: stopped('asked', T0 - minutes(4)) }) },
    ['stop unconfirmed'],
  ],
  ['due two ticks ago', { session: liveSession({ dueAt: T0 - minutes(2) }) }, []],
  ['due longer ago', { session: liveSession({ dueAt: T0 - minutes(2) - 1 }) }, ['overdue']],
  ['no due row', { dueAts: [] }, ['no due row']],
  ['a second due row', { dueAts: [T0, T0 + 1] }, ['stale due row']],
  ['a due row elsewhere', { dueAts: [T0 + 1] }, ['no due row', 'stale due row']],
  ['no activity row', { activity: undefined }, ['no activity row']],
  ['an activity row of no use', { activity: new UnreadableRowError('It cannot be read.') }, ['unreadable']],
  ['closed, of a session that runs', { activity: activity({ closed: true }) }, ['activity']],
  [
    'open, of a session that is stopped',
    { session: liveSession({ desired: stopped('idle') }), activity: activity() },
    ['activity'],
  ],
];

describe('a living record', () => {
  it.each(rows)('%s', (_, given, kinds) => {
    expect(differencesOf(compared(given), terms).map(({ kind }) => kind)).toEqual(kinds);
  });
});

describe('a due row without a living record', () => {
  const row = { sessionId: 'a-session', at: T0, faults: 0 };
  it.each([
    ['of a record that is to be forgotten then', endedSession({ dueAt: T0 }), undefined],
    ['of a record that is due otherwise', endedSession(), 'stale due row'],
    ['of nothing', undefined, 'due row without record'],
    ['of a record of no use', new UnreadableRowError('It cannot be read.'), 'unreadable'],
  ])('%s', (_, record, kind) => {
    expect(dueRowDifference(row, record)?.kind).toBe(kind);
  });
});
