import { describe, expect, it } from 'vitest';
import type { LivingEntry, ReadyEntry, StartingEntry } from '../../infra/local/session-host/entry.ts';
import { shownEntry } from '../../infra/local/session-host/properties.ts';
import {
  checkRepeatedCreate,
  elapsedMs,
  endedEntry,
  extendedEntry,
  isForgotten,
  nextStep,
  noCapacity,
  RETENTION_MS,
  refusedEntry,
  startingEntry,
  type Wanted,
} from '../../infra/local/session-host/rules.ts';
import {
  LeaseNotLargerError,
  LeaseTooLongError,
  SessionExistsError,
  SessionOverError,
} from '../../shared/errors.ts';
import { writeSession } from '../../shared/protocol/session-2021.ts';
import { writeSessionV1 } from '../../shared/protocol/session-v1.ts';

const CREATED = Date.UTC(2026, 0, 2, 3, 4, 5, 6);
const MINUTE = 60_000;
const STARTUP = 2000;

const wanted: Wanted = {
  accountId: '11111111-1111-1111-1111-111111111111',
  id: 'a-session',
  size: 'Standard',
  models: ['https://example.org/models/one'],
  maxLeaseTimeMinutes: 4,
};
const booked = startingEntry(wanted, { handshake: 50_000, inspector: 50_001 }, CREATED);
const starting: StartingEntry = { ...booked, process: { pid: 7, start: 'then' }, spawned: 1 };
const readyAt = CREATED + STARTUP;
const ready: ReadyEntry = { ...starting, status: 'Ready', readyAt };
const stopping = <T extends LivingEntry>(entry: T): T => ({
  ...entry,
  ending: { status: 'Stopped', error: null, since: readyAt },
});

describe('a starting session', () => {
  it('waits for its start-up time, then is ready from that very look on', () => {
    expect(nextStep(starting, readyAt - 1, STARTUP)).toEqual({ type: 'wait', until: readyAt });
    expect(nextStep(starting, readyAt + 500, STARTUP)).toEqual({
      type: 'ready',
      entry: { ...starting, status: 'Ready', readyAt: readyAt + 500 },
    });
  });

  it('is not ready without a process, nor while it is being stopped', () => {
    const forever = { type: 'wait', until: Number.POSITIVE_INFINITY };
    expect(nextStep(booked, readyAt + MINUTE, STARTUP)).toEqual(forever);
    expect(nextStep(stopping(starting), readyAt + MINUTE, STARTUP)).toEqual(forever);
  });
});

describe('the lease', () => {
  it('runs from Ready to the last millisecond, and no longer', () => {
    const leaseEnd = readyAt + 4 * MINUTE;
    expect(nextStep(ready, leaseEnd - 1, STARTUP)).toEqual({ type: 'wait', until: leaseEnd });
    expect(nextStep(ready, leaseEnd, STARTUP)).toMatchObject({
      type: 'end',
      ending: {
        status: 'Expired',
        error: { code: 'LeaseExpired', message: 'The lease of 4 minutes is over.' },
      },
    });
  });

  it('of 0 minutes ends at Ready', () => {
    expect(nextStep({ ...ready, maxLeaseMinutes: 0 }, readyAt, STARTUP)).toMatchObject({ type: 'end' });
  });

  it.each([
    ['starting', starting],
    ['ready', ready],
  ])('of a %s session can be extended, which is remembered', (_, entry) => {
    const once = extendedEntry(entry, 5, readyAt + 1);
    expect(extendedEntry(once, 1439, readyAt + 2)).toEqual({
      ...entry,
      maxLeaseMinutes: 1439,
      extensions: [
        { at: readyAt + 1, fromMinutes: 4, toMinutes: 5 },
        { at: readyAt + 2, fromMinutes: 5, toMinutes: 1439 },
      ],
    });
  });

  it.each([
    [0, LeaseNotLargerError],
    [3, LeaseNotLargerError],
    [4, LeaseNotLargerError],
    [1440, LeaseTooLongError],
    [2000, LeaseTooLongError],
  ])('cannot be set from 4 to %i minutes, which is told with the 4', (minutes, Kind) => {
    const extend = () => extendedEntry(ready, minutes, readyAt);
    expect(extend).toThrow(Kind);
    expect(extend).toThrow(expect.objectContaining({ currentMinutes: 4 }));
  });

  it('of a session that is over, or about to be, cannot be extended', () => {
    const over = endedEntry(stopping(ready), { status: 'Stopped', error: null, since: readyAt }, readyAt);
    for (const entry of [over, stopping(ready), stopping(starting)]) {
      expect(() => extendedEntry(entry, 10, readyAt)).toThrow(SessionOverError);
    }
  });
});

describe('a repeated create', () => {
  it('is the same session while the settings are the same, even after an extension', () => {
    expect(() => checkRepeatedCreate(extendedEntry(ready, 30, readyAt), { ...wanted })).not.toThrow();
  });

  it.each<[string, Partial<Wanted>]>([
    ['size', { size: 'Premium' }],
    ['lease', { maxLeaseTimeMinutes: 5 }],
    ['models', { models: [] }],
  ])('with another %s is refused', (_, change) => {
    expect(() => checkRepeatedCreate(ready, { ...wanted, ...change })).toThrow(SessionExistsError);
  });
});

describe('elapsed minutes', () => {
  it('are whole ones since Ready, and never negative', () => {
    expect(elapsedMs(starting, readyAt + MINUTE)).toBe(0);
    expect(elapsedMs(ready, readyAt + MINUTE - 1)).toBe(MINUTE - 1);
    expect(elapsedMs(ready, readyAt + 2 * MINUTE)).toBe(2 * MINUTE);
    expect(elapsedMs(ready, readyAt - MINUTE)).toBe(0);
  });

  it('stand still at the end', () => {
    const ending = { status: 'Stopped' as const, error: null, since: readyAt };
    const over = endedEntry(ready, ending, readyAt + 3 * MINUTE);
    expect(elapsedMs(over, readyAt + 100 * MINUTE)).toBe(3 * MINUTE);
  });
});

describe('properties', () => {
  const facts = {
    id: 'a-session',
    creationTime: '2026-01-02T03:04:05.0060000+00:00',
    elapsedTimeMinutes: 0,
    maxLeaseTimeMinutes: 4,
    size: 'Standard',
  };

  it('name ports and host of a ready session only', () => {
    expect(writeSession(shownEntry(starting, readyAt))).toEqual({ ...facts, status: 'Starting' });
    expect(writeSession(shownEntry(ready, readyAt))).toEqual({
      ...facts,
      status: 'Ready',
      arrInspectorPort: 50_001,
      handshakePort: 50_000,
      hostname: '127.0.0.1',
      teraflops: expect.any(Number),
    });
  });

  it('tell why a session never started', () => {
    const refused = refusedEntry(wanted, noCapacity('Standard', 1), CREATED);
    expect(writeSession(shownEntry(refused, CREATED))).toEqual({
      ...facts,
      status: 'Error',
      error: {
        code: 'NoCapacity',
        message:
          'No server of size Standard is free: all 1 places are taken. A session of size Premium may still find one.',
      },
    });
  });

  it('keep the former status while the process is being ended; only v1 has a word for that, if it is a stop', () => {
    const shown = shownEntry(stopping(ready), readyAt);
    expect(writeSession(shown)).toEqual(writeSession(shownEntry(ready, readyAt)));
    expect(writeSessionV1(shown)).toEqual({
      message: null,
      sessionElapsedTime: '00:00:00',
      sessionHostname: '127.0.0.1',
      sessionId: 'a-session',
      sessionMaxLeaseTime: '00:04:00',
      sessionSize: 'Standard',
      sessionStatus: 'Stopping',
    });
    const expiring: ReadyEntry = { ...ready, ending: { status: 'Expired', error: null, since: readyAt } };
    expect(writeSessionV1(shownEntry(expiring, readyAt)).sessionStatus).toBe('Ready');
  });
});

it('forgets a session 30 days after its end, and a living one never', () => {
  const over = endedEntry(ready, { status: 'Stopped', error: null, since: readyAt }, readyAt);
  expect(isForgotten(over, readyAt + RETENTION_MS - 1)).toBe(false);
  expect(isForgotten(over, readyAt + RETENTION_MS)).toBe(true);
  expect(isForgotten(ready, readyAt + 2 * RETENTION_MS)).toBe(false);
});
