import { describe, expect, it } from 'vitest';
import { StorageUnavailableError, UnreadableRowError } from '../../shared/errors.ts';
import type { LiveSession, Session } from '../../shared/session.ts';
import type { Found } from '../../shared/store/commit.ts';
import type { RowChange, Table } from '../../shared/store/table.ts';
import { activity, endedSession, stopped, T0 } from '../builders.ts';
import { allOf, anEvent, dueKey, exceptGuard, idsOf, live, present, useTable } from './store-fixture.ts';

const fixture = useTable();

const NOW = T0 + 60_000;
const endOf = (session: Session): Session => ({ ...endedSession(), sessionId: session.sessionId });
const reaped = (session: LiveSession): LiveSession => ({ ...session, desired: stopped('idle') });
const kept = (session: LiveSession): LiveSession => ({
  ...session,
  policy: { ...session.policy, keepAlive: true },
});
const heartbeat = async ({ session, activity: use }: Found): Promise<boolean> =>
  fixture.store.cover(session, use, NOW, NOW + 1);
const change = (
  session: Session,
  rowKey: string,
  columns: Extract<RowChange, { columns: object }>['columns'],
  etag = '*',
) => fixture.table.submit(session.accountId, [{ type: 'update', rowKey, columns, etag }]);

describe('two writers of one record', () => {
  it('cannot both win, whatever they write', async () => {
    const nexts = [kept, reaped, endOf];
    for (const first of nexts) {
      for (const second of nexts) {
        const found = await fixture.insert(fixture.newSession());
        const commits = [first, second].map((make) =>
          fixture.store.commit(found, make(found.session), [anEvent()], NOW),
        );
        const results = await Promise.all(commits);
        const winners = results.filter((result) => result !== undefined);
        expect(winners).toHaveLength(1);
        const after = present(await fixture.store.read(found.session, NOW));
        expect(after.session.opId).toBe(winners[0]?.session.opId);
        const rows = await fixture.rowsOf(found.session);
        expect(rows.events).toHaveLength(2);
        expect(rows.due).toEqual([dueKey(after.session)]);
      }
    }
  });

  it.each([kept, reaped, endOf])(
    'one after the other: the second, who read before the first, does not (%o)',
    async (make) => {
      const found = await fixture.insert(fixture.newSession());
      const first = present(await fixture.store.commit(found, kept(found.session), [], NOW));
      expect(await fixture.store.commit(found, make(found.session), [anEvent()], NOW)).toBeUndefined();
      expect(await fixture.store.read(found.session, NOW)).toEqual(exceptGuard(first));
      expect((await fixture.rowsOf(found.session)).events).toHaveLength(1);
    },
  );

  it('who notes use: one of them does', async () => {
    const found = await fixture.insert(fixture.newSession());
    const notes = await Promise.all([heartbeat(found), heartbeat(found), heartbeat(found)]);
    expect(notes.filter((isNoted) => isNoted)).toHaveLength(1);
  });

  it('of a new id: one inserts it', async () => {
    const session = fixture.newSession();
    const inserted = await Promise.all(
      [1, 2, 3].map(() => fixture.store.insert(session, activity(), [anEvent()])),
    );
    expect(inserted.filter((one) => one !== undefined)).toHaveLength(1);
  });
});

describe('a stop', () => {
  it('is broken by a heartbeat since its decision was based on what it read', async () => {
    const { session } = await fixture.insert(fixture.newSession());
    const found = live(await fixture.store.read(session, NOW));
    expect(await heartbeat(found)).toBe(true);
    expect(await fixture.store.commit(found, reaped(session), [anEvent('stop')], NOW)).toBeUndefined();
    const after = present(await fixture.store.read(session, NOW));
    expect(after.session).toEqual(found.session);
    expect(after.activity).toMatchObject({ lastActivityAt: NOW, coveredUntil: NOW + 1, closed: false });
  });

  it('is broken by a heartbeat that came before another transaction of the same writer', async () => {
    const found = await fixture.insert(fixture.newSession());
    expect(await heartbeat(found)).toBe(true);
    const between = live(await fixture.store.commit(found, kept(found.session), [], NOW));
    const reap = await fixture.store.commit(between, reaped(between.session), [anEvent('stop')], NOW);
    // Either it was told of the heartbeat, and would not have decided so, or it is not let through.
    expect(between.activity.coveredUntil === NOW + 1 || reap === undefined).toBe(true);
  });

  it('closes the activity: no use is noted after it', async () => {
    const found = await fixture.insert(fixture.newSession());
    const committed = present(await fixture.store.commit(found, reaped(found.session), [], NOW));
    expect(committed.activity.closed).toBe(true);
    expect(await heartbeat(found)).toBe(false);
    expect(await fixture.store.readActivity(found.session)).toMatchObject({
      closed: true,
      lastActivityAt: T0,
    });
  });

  it('is the only change that a heartbeat breaks, and no change loses the heartbeat', async () => {
    const found = await fixture.insert(fixture.newSession());
    expect(await heartbeat(found)).toBe(true);
    expect(await fixture.store.commit(found, kept(found.session), [], NOW)).toBeDefined();
    expect((await fixture.store.read(found.session, NOW))?.activity).toMatchObject({
      lastActivityAt: NOW,
      closed: false,
    });
  });
});

describe('an end', () => {
  /** A way to the table on which something happens between the last check and the transaction. */
  const endAfter = async (
    found: Found<LiveSession>,
    happening: () => Promise<unknown>,
  ): Promise<Found | undefined> => {
    const store = fixture.through((table) => ({
      async submit(partition, changes) {
        await happening();
        return table.submit(partition, changes);
      },
    }));
    return store.commit(found, endOf(found.session), [anEvent('ended')], NOW);
  };

  it('fails where another transaction changed the record at the last moment', async () => {
    const found = await fixture.insert(fixture.newSession());
    const ended = await endAfter(found, () => fixture.store.commit(found, kept(found.session), [], NOW));
    expect(ended).toBeUndefined();
    expect((await fixture.store.read(found.session, NOW))?.session).toMatchObject({
      life: 'live',
      policy: { keepAlive: true },
    });
  });

  it('fails where only the activity changed at the last moment', async () => {
    const found = await fixture.insert(fixture.newSession());
    expect(await endAfter(found, () => heartbeat(found))).toBeUndefined();
    expect((await fixture.store.read(found.session, NOW))?.session.life).toBe('live');
  });

  it('fails where only the record changed since it was read', async () => {
    const found = await fixture.insert(fixture.newSession());
    await change(found.session, `session:${found.session.sessionId}`, { opId: 'another' });
    expect(await fixture.store.commit(found, endOf(found.session), [], NOW)).toBeUndefined();
    expect((await fixture.store.read(found.session, NOW))?.session).toMatchObject({
      life: 'live',
      opId: 'another',
    });
  });

  it('is written although the activity row was lost', async () => {
    const found = await fixture.insert(fixture.newSession());
    const rowKey = `activity:${found.session.sessionId}`;
    await fixture.table.submit(found.session.accountId, [{ type: 'delete', rowKey }]);
    expect(await fixture.store.commit(found, endOf(found.session), [], NOW)).toBeDefined();
    expect(await fixture.store.readActivity(found.session)).toMatchObject({ closed: true });
  });

  it.each([
    { name: 'is kept whole', lost: [] },
    { name: 'has lost its activity row', lost: ['activity'] },
  ])('keeps its id from being used again while it $name', async ({ lost }) => {
    const found = await fixture.insert(fixture.newSession());
    const { sessionId, accountId } = found.session;
    const ended = present(await fixture.store.commit(found, endOf(found.session), [], NOW));
    for (const kind of lost)
      await fixture.table.submit(accountId, [{ type: 'delete', rowKey: `${kind}:${sessionId}` }]);
    expect(await fixture.store.insert(fixture.newSession({ sessionId }), activity(), [])).toBeUndefined();
    expect((await fixture.store.read(found.session, NOW))?.session).toEqual(ended.session);
  });

  it('frees its id when it is forgotten', async () => {
    const found = await fixture.insert(fixture.newSession());
    const { session } = present(await fixture.store.commit(found, endOf(found.session), [], NOW));
    expect(session.life === 'ended' && (await fixture.store.forget(session))).toBe(true);
    expect(await fixture.store.insert(found.session, activity(), [])).toBeDefined();
  });
});

describe('a table that was damaged, or written by a newer version', () => {
  it.each([
    { name: 'running', desired: { state: 'running' } as const, closed: false },
    { name: 'stopping', desired: stopped('asked'), closed: true },
  ])(
    'a lost activity row of a $name session is made anew, covered until now',
    async ({ desired, closed }) => {
      const { session } = await fixture.insert(fixture.newSession({ desired }));
      const rowKey = `activity:${session.sessionId}`;
      await fixture.table.submit(session.accountId, [{ type: 'delete', rowKey }]);
      const found = present(await fixture.store.read(session, NOW));
      expect(found.activity).toMatchObject({
        lastActivityAt: session.createdAt,
        coveredUntil: NOW,
        closed,
      });
      expect(await fixture.store.readActivity(session)).toEqual(found.activity);
      expect(found.session).toEqual(session);
    },
  );

  it('an activity row that is lost again and again does not make its session unknown', async () => {
    const { session } = await fixture.insert(fixture.newSession());
    const store = fixture.through((table) => ({
      get: async (partition, rowKey) =>
        rowKey.startsWith('activity:') ? undefined : table.get(partition, rowKey),
    }));
    const error = await store.read(session, NOW).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(StorageUnavailableError);
  });

  it('columns that this version does not know survive a commit, in rows and in their parts', async () => {
    const { session } = await fixture.insert(fixture.newSession());
    const key = `session:${session.sessionId}`;
    const policy = JSON.stringify({ ...session.policy, calendar: 'weekdays' });
    await change(session, key, { newer: 'words', newerCount: 7, policy });
    await change(session, `activity:${session.sessionId}`, { newer: true });
    const found = live(await fixture.store.read(session, NOW));
    expect(await fixture.store.commit(found, { ...found.session, dueAt: NOW }, [], NOW)).toBeDefined();
    const row = present(await fixture.table.get(session.accountId, key));
    expect(row.columns).toMatchObject({ newer: 'words', newerCount: 7 });
    expect(JSON.parse(String(row.columns.policy))).toMatchObject({ calendar: 'weekdays' });
    expect((await fixture.table.get(session.accountId, `activity:${session.sessionId}`))?.columns.newer).toBe(
      true,
    );
  });

  it.each([
    { name: 'broken JSON', columns: { policy: '{"keepAlive":' }, column: 'policy' },
    { name: 'an unknown state', columns: { observed: '{"status":"Dreaming"}' }, column: 'observed' },
    {
      name: 'a negative lease',
      columns: { leases: '{"requestedMinutes":-1,"floorMinutes":1,"grantedMinutes":1}' },
      column: 'leases',
    },
    { name: 'a wrong type', columns: { dueAt: 'soon' }, column: 'dueAt' },
  ])('a row with $name is an error that names it, and one item of the list', async ({ columns, column }) => {
    const accountId = crypto.randomUUID();
    const { session } = await fixture.insert(fixture.newSession({ accountId, sessionId: 'b' }));
    await fixture.insert(fixture.newSession({ accountId, sessionId: 'a' }));
    await fixture.insert(fixture.newSession({ accountId, sessionId: 'c' }));
    await change(session, 'session:b', columns);
    const message = expect.stringContaining(`session:b cannot be read: column ${column}`);
    const error = await fixture.store.read(session, NOW).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(UnreadableRowError);
    expect(error).toMatchObject({ message });
    const items = await allOf(fixture.store.list(accountId));
    expect(items.map(({ sessionId }) => sessionId)).toEqual(['a', 'b', 'c']);
    expect(items[1]?.row).toMatchObject({ message });
    expect(items[1]?.row).toBeInstanceOf(UnreadableRowError);
    expect(await idsOf(fixture.store.due(accountId, NOW))).toEqual(['a', 'b', 'c']);
  });

  it('a row that lacks a column cannot be read', async () => {
    const { session } = await fixture.insert(fixture.newSession());
    const row = present(await fixture.table.get(session.accountId, `session:${session.sessionId}`));
    const { leases, ...columns } = row.columns;
    const put: RowChange = { type: 'put', rowKey: row.rowKey, columns };
    await (fixture.table satisfies Table).submit(session.accountId, [put]);
    await expect(fixture.store.read(session, NOW)).rejects.toThrow(/column leases/);
  });
});
