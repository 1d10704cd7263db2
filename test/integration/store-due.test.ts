import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { Session, SessionKey } from '../../shared/session.ts';
import type { DueRow } from '../../shared/store/due.ts';
import type { Columns } from '../../shared/store/table.ts';
import { endedSession, minutes, T0 } from '../builders.ts';
import { allOf, anEvent, dueKey, idsOf, live, present, useTable } from './store-fixture.ts';

const fixture = useTable();

const keyAt = (at: number, sessionId: string): string => `due:${String(at).padStart(15, '0')}:${sessionId}`;
const put = ({ accountId }: SessionKey, rowKey: string) =>
  fixture.table.submit(accountId, [{ type: 'put', rowKey, columns: {} }]);
const spoil = ({ accountId, sessionId }: SessionKey, columns: Columns, kind = 'session') =>
  fixture.table.submit(accountId, [{ type: 'update', rowKey: `${kind}:${sessionId}`, columns, etag: '*' }]);
const inserted = (more = {}) => fixture.insert(fixture.newSession({ accountId: randomUUID(), ...more }));
const dueOf = async (session: Session): Promise<string[]> => (await fixture.rowsOf(session)).due;
const firstDue = async ({ accountId, sessionId }: SessionKey, now: number): Promise<DueRow> =>
  present(
    (await allOf(fixture.store.due(accountId, now))).find((row) => row.sessionId === sessionId),
    'its due row',
  );

describe('a due row that no record counts on', () => {
  it('is dropped beside the good one', async () => {
    const { session } = await inserted();
    const stale = keyAt(T0 - 5, session.sessionId);
    await put(session, stale);
    await fixture.store.dropDue(session, T0 - 5);
    expect(await dueOf(session)).toEqual([dueKey(session)]);
    expect(live(await fixture.store.read(session, T0)).session).toEqual(session);
  });

  it('is dropped without any record', async () => {
    const nobody = { accountId: randomUUID(), sessionId: 'nobody' };
    await put(nobody, keyAt(T0, 'nobody'));
    await fixture.store.dropDue(nobody, T0);
    expect(await idsOf(fixture.store.due(nobody.accountId, T0))).toEqual([]);
  });

  it('is dropped beside that of an ended record', async () => {
    const found = await inserted();
    const { accountId, sessionId } = found.session;
    const next = { ...endedSession(), accountId, sessionId };
    const { session } = present(await fixture.store.commit(found, next, [anEvent('ended')], T0));
    await put(session, keyAt(T0, sessionId));
    await fixture.store.dropDue(session, T0);
    expect(await dueOf(session)).toEqual([dueKey(session)]);
  });

  it('stays where it is the good one after all', async () => {
    const { session } = await inserted();
    await fixture.store.dropDue(session, session.dueAt);
    expect(await dueOf(session)).toEqual([dueKey(session)]);
  });

  it('stays where the record is just coming to want it', async () => {
    const found = await inserted();
    const { session } = found;
    await put(session, keyAt(T0 + 5, session.sessionId));
    const store = fixture.through((table) => ({
      async submit(partition, changes) {
        await fixture.store.commit(found, { ...session, dueAt: T0 + 5 }, [], T0);
        return table.submit(partition, changes);
      },
    }));
    await store.dropDue(session, T0 + 5);
    expect(await dueOf(session)).toEqual([keyAt(T0 + 5, session.sessionId)]);
  });

  it('is dropped although its record cannot be read, and the record is put off by its own', async () => {
    const { session } = await inserted();
    await spoil(session, { leases: '{}' });
    await put(session, keyAt(T0 - 5, session.sessionId));
    const [stale, good] = await allOf(fixture.store.due(session.accountId, T0));
    await fixture.store.postpone(session, present(stale), T0 + minutes(1));
    expect(await dueOf(session)).toEqual([dueKey(session)]);
    await fixture.store.postpone(session, present(good), T0 + minutes(1));
    expect(await dueOf(session)).toEqual([keyAt(T0 + minutes(1), session.sessionId)]);
  });
});

describe('a record that is at fault', () => {
  it.each([
    { name: 'that cannot be read', columns: { leases: '{"nonsense":true}' } },
    { name: 'whose own due instant cannot be read', columns: { dueAt: 'soon' } },
    { name: 'that can be read', columns: {} },
  ])('$name is put off: record and index agree, and count the faults', async ({ columns }) => {
    const { session } = await inserted();
    const { accountId, sessionId } = session;
    const other = (await fixture.insert(fixture.newSession({ accountId }))).session;
    await spoil(session, columns);
    let at = session.dueAt;
    for (const faults of [0, 1, 2, 3]) {
      const row = await firstDue(session, at);
      expect(row).toEqual({ sessionId, at, faults });
      const until = at + minutes(2 ** faults);
      await fixture.store.postpone(session, row, until);
      expect(await dueOf(session)).toEqual([keyAt(until, sessionId)]);
      const record = present(await fixture.table.get(accountId, `session:${sessionId}`));
      expect(record.columns.dueAt).toEqual(new Date(until));
      at = until;
    }
    expect(await dueOf(other)).toEqual([dueKey(other)]);
    expect(live(await fixture.store.read(other, T0)).session).toEqual(other);
  });

  it('keeps all else that is in it', async () => {
    const { session } = await inserted();
    const { accountId, sessionId } = session;
    await spoil(session, { leases: '{"nonsense":true}', newer: 7 });
    const before = present(await fixture.table.get(accountId, `session:${sessionId}`)).columns;
    await fixture.store.postpone(session, await firstDue(session, T0), T0 + 9);
    const after = present(await fixture.table.get(accountId, `session:${sessionId}`)).columns;
    expect(after).toEqual({ ...before, dueAt: new Date(T0 + 9) });
  });

  it('is put off when it is over, too', async () => {
    const found = await inserted();
    const { accountId, sessionId } = found.session;
    const next = { ...endedSession(), accountId, sessionId, dueAt: T0 + 1 };
    const { session } = present(await fixture.store.commit(found, next, [anEvent('ended')], T0));
    await spoil(session, { endedAt: 'once' }, 'ended');
    await fixture.store.postpone(session, await firstDue(session, T0 + 1), T0 + 9);
    expect(await dueOf(session)).toEqual([keyAt(T0 + 9, sessionId)]);
  });

  it('has no faults any more once it was changed', async () => {
    const { session } = await inserted();
    await fixture.store.postpone(session, await firstDue(session, T0), T0 + 9);
    const found = live(await fixture.store.read(session, T0));
    await fixture.store.commit(found, { ...found.session, tags: {} }, [], T0);
    expect(await firstDue(session, T0 + 9)).toEqual({ sessionId: session.sessionId, at: T0 + 9, faults: 0 });
  });

  it('is not put off where somebody else has moved it', async () => {
    const found = await inserted();
    const row = await firstDue(found.session, T0);
    await fixture.store.commit(found, { ...found.session, dueAt: T0 + 5 }, [], T0);
    await fixture.store.postpone(found.session, row, T0 + 9);
    expect(await dueOf(found.session)).toEqual([keyAt(T0 + 5, found.session.sessionId)]);
    expect(live(await fixture.store.read(found.session, T0)).session.dueAt).toBe(T0 + 5);
  });
});

describe('a living record without a due row', () => {
  it('gets it back, at the instant that it was due', async () => {
    const { session } = await inserted();
    await fixture.table.submit(session.accountId, [{ type: 'delete', rowKey: dueKey(session) }]);
    expect(await fixture.store.mendDue(session)).toBe(true);
    expect(await dueOf(session)).toEqual([dueKey(session)]);
    expect(live(await fixture.store.read(session, T0)).session).toEqual(session);
  });

  it('is left alone where it has one, or is over, or is none', async () => {
    const { session } = await inserted();
    expect(await fixture.store.mendDue(session)).toBe(false);
    expect(await fixture.store.mendDue({ accountId: session.accountId, sessionId: 'nobody' })).toBe(false);
    expect(await dueOf(session)).toEqual([dueKey(session)]);
  });
});
