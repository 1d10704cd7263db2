import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { LiveSession, Session } from '../../shared/session.ts';
import type { Found } from '../../shared/store/commit.ts';
import type { Columns } from '../../shared/store/table.ts';
import { changed, stopped as wantedStopped } from '../../shared/wishes.ts';
import { endedSession, stopped, T0 } from '../builders.ts';
import { anEvent, live, present, useTable } from './store-fixture.ts';

const fixture = useTable();

/** What a newer version may have written: columns, and fields in those that this version knows. */
const COLUMNS = { newer: 'words', newerCount: 7, newerShare: 0.5, isNewer: true, newerAt: new Date(T0) };
const NEWER_FIELD = { calendar: ['weekdays', { at: 8 }] };
const PARTS = ['policy', 'leases', 'creation', 'requestedWishes', 'observed', 'desired'] as const;
/** What is not there any more when a session is over. */
const LEFT_AT_END: readonly string[] = ['policy', 'leases', 'requestedWishes'];

const byNewer = async (): Promise<Found<LiveSession>> => {
  const { session } = await fixture.insert(fixture.newSession({ accountId: randomUUID() }));
  const { accountId, sessionId } = session;
  const parts = PARTS.map((name) => [name, JSON.stringify({ ...session[name], ...NEWER_FIELD })]);
  const columns: Columns = { ...COLUMNS, ...Object.fromEntries(parts) };
  const activity = present(await fixture.table.get(accountId, `activity:${sessionId}`)).columns;
  const shown = JSON.stringify({ ...JSON.parse(String(activity.shown)), ...NEWER_FIELD });
  await fixture.table.submit(accountId, [
    { type: 'update', rowKey: `session:${sessionId}`, columns, etag: '*' },
    { type: 'update', rowKey: `activity:${sessionId}`, columns: { ...COLUMNS, shown }, etag: '*' },
  ]);
  return live(await fixture.store.read(session, T0));
};
const rowOf = async ({ accountId, sessionId }: Session, kind: string): Promise<Columns> =>
  present(await fixture.table.get(accountId, `${kind}:${sessionId}`), kind).columns;
const expectKept = async (session: Session, kind: string, parts: readonly string[]): Promise<void> => {
  const row = await rowOf(session, kind);
  expect(row).toMatchObject(COLUMNS);
  for (const name of parts) expect([name, JSON.parse(String(row[name]))]).toMatchObject([name, NEWER_FIELD]);
  const activity = await rowOf(session, 'activity');
  expect(activity).toMatchObject(COLUMNS);
  expect(JSON.parse(String(activity.shown))).toMatchObject(NEWER_FIELD);
};

const operations: [string, (found: Found<LiveSession>) => Promise<unknown>][] = [
  [
    'another due instant',
    (found) => fixture.store.commit(found, { ...found.session, dueAt: T0 + 5 }, [], T0),
  ],
  [
    'a change of its client',
    (found) => {
      const wish = changed(found.session, { leaseMinutes: 90, keepAlive: true, tags: {} }, T0);
      return fixture.store.commit(found, wish.next, wish.events, T0);
    },
  ],
  ['a sign of use', ({ session, activity }) => fixture.store.cover(session, activity, T0 + 1, T0 + 2)],
  [
    'being put off',
    ({ session }) =>
      fixture.store.postpone(session, { sessionId: session.sessionId, at: T0, faults: 0 }, T0 + 9),
  ],
];

describe('what only a newer version knows of a session survives', () => {
  it.each(operations)('%s', async (_, operate) => {
    const found = await byNewer();
    expect(await operate(found)).not.toBe(false);
    expect((await rowOf(found.session, 'session')).newer).toBe('words');
    await expectKept(found.session, 'session', PARTS);
  });

  it('a stop that is asked for, in all but what it replaces', async () => {
    const found = await byNewer();
    const wish = present(wantedStopped(found.session, T0));
    expect(await fixture.store.commit(found, wish.next, wish.events, T0)).toBeDefined();
    await expectKept(
      found.session,
      'session',
      PARTS.filter((name) => name !== 'desired'),
    );
  });

  it('its end, and events after that', async () => {
    const found = await byNewer();
    const { accountId, sessionId, policy, leases, requestedWishes } = found.session;
    const next = { ...endedSession(), accountId, sessionId, policy, leases, requestedWishes };
    const ended = present(await fixture.store.commit(found, next, [anEvent('ended')], T0)).session;
    if (ended.life === 'ended') await fixture.store.addEvent(ended, anEvent('stray'));
    await expectKept(ended, 'ended', LEFT_AT_END);
    expect(await rowOf(ended, 'ended')).not.toHaveProperty('observed');
  });

  it('a stop, and then the end, of one writer', async () => {
    const found = await byNewer();
    const next = { ...found.session, desired: stopped('idle') };
    const stopping = live(await fixture.store.commit(found, next, [anEvent('stop')], T0));
    const { accountId, sessionId, policy, leases, requestedWishes } = stopping.session;
    const end = { ...endedSession(), accountId, sessionId, policy, leases, requestedWishes };
    const ended = present(await fixture.store.commit(stopping, end, [anEvent('ended')], T0)).session;
    await expectKept(ended, 'ended', LEFT_AT_END);
  });
});
