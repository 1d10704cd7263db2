import { describe, expect, it } from 'vitest';
import type { Entry } from '../../infra/local/session-host/entry.ts';
import { MINUTE_MS } from '../../shared/lease.ts';
import { type Charge, type Evidence, judge } from '../load/judge.ts';
import { newStory, type Story } from '../load/story.ts';
import { IDLE_TIMEOUT_MS } from '../load/terms.ts';

/** The judge of the runs with kills and faults: it sees nothing in good books, and each crime in bad ones. */

const NOW = Date.parse('2026-01-01T12:00:00Z');
/** So long ago that an idle session should have been reaped by now. */
const BEGUN_AT = NOW - IDLE_TIMEOUT_MS - 14_000;
const STORY: Story = {
  ...newStory('mark', 'plain', 60),
  id: 's1',
  askedAt: BEGUN_AT,
  createdAt: BEGUN_AT,
};
const READY = {
  id: 's1',
  accountId: '11111111-1111-1111-1111-111111111111',
  size: 'Standard',
  models: ['mark'],
  createdAt: BEGUN_AT,
  requestedLeaseMinutes: 60,
  maxLeaseMinutes: 60,
  extensions: [],
  ports: { handshake: 50_000, inspector: 50_001 },
  process: { pid: 1, start: '1' },
  spawned: 1,
  calls: { create: 1, get: 0, update: 0, stop: 0 },
  status: 'Ready',
  readyAt: BEGUN_AT + 1_000,
  endedAt: null,
  error: null,
  ending: null,
} satisfies Entry;
const stopped = { ...READY, status: 'Stopped', endedAt: NOW - 1_000 } as const;
const expired = { ...stopped, status: 'Expired', error: { code: 'LeaseExpired', message: 'over' } } as const;

const evidence = (story: Partial<Story>, entries: Entry[], more: Partial<Evidence> = {}): Evidence => ({
  stories: [{ ...STORY, ...story }],
  entries,
  running: entries.filter(({ endedAt }) => endedAt === null).map(({ id }) => id),
  listed: new Set(entries.map(({ id }) => id)),
  toldOver: new Set(),
  now: NOW,
  ...more,
});
const chargesOf = (given: Evidence): Charge[] => judge(given).map(({ charge }) => charge);

const KEPT = { kind: 'kept', minutes: 1 } as const;
const IDLE = { kind: 'idle' } as const;
const USED_LATELY = { kind: 'idle', usedAt: NOW - 3_000, mayBeUsedAt: NOW - 2_900 } as const;
const STOPPED = { stopAskedAt: NOW - 5_000, stoppedAt: NOW - 4_000 };
const longer = (at: number) => ({ ...READY, extensions: [{ at, fromMinutes: 60, toMinutes: 61 }] });

describe('the judge sees nothing wrong in', () => {
  it.each<[string, Evidence]>([
    ['a session that runs and is wanted', evidence({}, [READY])],
    ['a stop that has happened', evidence(STOPPED, [stopped])],
    ['an extension that a stop overtook', evidence({ ...STOPPED, minutes: 61 }, [stopped])],
    ['a stop of a session that never had a server', evidence(STOPPED, [])],
    ['a stop that was asked for, and not answered', evidence({ stopAskedAt: NOW }, [READY])],
    ['a session that is reaped when it is idle', evidence(IDLE, [stopped])],
    ['a session that is not idle yet', evidence(USED_LATELY, [READY])],
    ['a create that was cut off, and never arrived', evidence({ createdAt: null, id: undefined }, [])],
    ['a create whose end the client was told', evidence({}, [], { toldOver: new Set(['s1']) })],
    [
      'an extension that was on its way when the stop came',
      evidence(STOPPED, [{ ...stopped, extensions: longer(NOW).extensions }]),
    ],
    ['a kept session with most of its margin left', evidence(KEPT, [{ ...READY, maxLeaseMinutes: 3 }])],
  ])('%s', (_, given) => {
    expect(judge(given)).toEqual([]);
  });
});

describe('the judge catches', () => {
  it.each<[string, Charge, Evidence]>([
    ['a stop that never happened', 'leak', evidence(STOPPED, [READY])],
    ['an idle session that is not reaped', 'leak', evidence(IDLE, [READY])],
    [
      'one whose client never learnt its id',
      'leak',
      evidence({ ...IDLE, id: undefined, createdAt: null }, [READY]),
    ],
    ['a server that the keeper does not list', 'leak', evidence({}, [READY], { listed: new Set() })],
    ['a process after the end of its session', 'leak', evidence(STOPPED, [stopped], { running: ['s1'] })],
    ['a process of no session', 'leak', evidence({}, [READY], { running: ['s1', 's0'] })],
    [
      'an extension long after the stop',
      'extended after its stop',
      evidence({ stopAskedAt: NOW - 60_000, stoppedAt: NOW - 60_000 }, [
        { ...stopped, extensions: longer(NOW).extensions },
      ]),
    ],
    ['a kept session whose lease ended', 'lapse', evidence(KEPT, [{ ...expired, maxLeaseMinutes: 1 }])],
    ['a kept session that is not extended', 'lapse', evidence(KEPT, [{ ...READY, maxLeaseMinutes: 2 }])],
    ['a plain session whose lease ended', 'lapse', evidence({}, [expired])],
    ['two servers of one create', 'duplicate', evidence({}, [READY, { ...READY, id: 's2' }])],
    ['two processes of one server, then', 'duplicate', evidence({}, [{ ...READY, spawned: 2 }])],
    ['two processes of one server, now', 'duplicate', evidence({}, [READY], { running: ['s1', 's1'] })],
    ['a create that made nothing', 'lost create', evidence({}, [])],
    ['an extension that was not granted', 'lost extension', evidence({ minutes: 61 }, [READY])],
    ['a stop of a plain session', 'wrong stop', evidence({}, [stopped])],
    ['a stop of a kept session', 'wrong stop', evidence(KEPT, [stopped])],
    ['a reap of a session in use', 'wrong stop', evidence(USED_LATELY, [stopped])],
    [
      'a reap before the time',
      'wrong stop',
      evidence(IDLE, [{ ...stopped, endedAt: READY.readyAt + IDLE_TIMEOUT_MS - 1 }]),
    ],
    ['a server that fell over', 'wrong stop', evidence({}, [{ ...stopped, status: 'Error' }])],
  ])('%s', (_, charge, given) => {
    expect(chargesOf(given)).toEqual([charge]);
  });

  it('each of several', () => {
    const readyAt = NOW - MINUTE_MS;
    const given = evidence({ ...KEPT, minutes: 5 }, [{ ...READY, readyAt, maxLeaseMinutes: 1, spawned: 2 }]);
    expect(chargesOf(given)).toEqual(['duplicate', 'lost extension', 'lapse']);
  });
});
