import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { type Gate, NEW_GATE, passed, withUnaskedStop } from '../../shared/gate.ts';
import type { LiveSession, Session } from '../../shared/session.ts';
import type { TrackedGate } from '../../shared/store/gate.ts';
import { activity, endedSession, seconds, stopped, T0 } from '../builders.ts';
import { anEvent, dueKey, live, present, useTable } from './store-fixture.ts';

const fixture = useTable();

const A_GATE: Gate = {
  nextCallAt: T0 + 5,
  sweeper: { id: 'me', until: T0 + seconds(15) },
  sweptAt: T0 + 1,
  busyUntil: T0 + 7,
  graceFrom: T0 + 2,
  absences: [{ until: T0 + 1, lengthMs: 150_000 }],
  listedAt: T0 + 3,
  listAgainAt: T0 + 1,
  listPages: 4,
  listedCount: 90,
  countedAt: T0 + 9,
  keptCount: 7,
  liveCount: 9,
  unaskedStops: [T0, T0 + 4],
  unaskedBefore: [{ from: T0 - 60_000, count: 3 }],
  strangers: { 'a-server': T0 + 6, constructor: T0 + 7, ['__proto__']: T0 + 8 },
};
const written = async (accountId: string, next: Gate = A_GATE): Promise<TrackedGate> => {
  const from = await fixture.store.readGate(accountId);
  return present(await fixture.store.changeGate(accountId, { from, next }), 'the gate');
};
const plain = ({ etag, ...gate }: TrackedGate): Gate => gate;

describe('the gate of an account', () => {
  it('that was never written is a new one, and makes its row with the first change', async () => {
    const accountId = randomUUID();
    const first = await fixture.store.readGate(accountId);
    expect(first).toEqual({ ...NEW_GATE, etag: undefined });
    const gate = await written(accountId);
    expect(plain(gate)).toEqual(A_GATE);
    expect(await fixture.store.readGate(accountId)).toEqual(gate);
  });

  it('is written with nothing in it, and read so', async () => {
    const accountId = randomUUID();
    await written(accountId);
    await written(accountId, NEW_GATE);
    expect(plain(await fixture.store.readGate(accountId))).toEqual(NEW_GATE);
  });

  it('is changed by one of several that read the same, whether there was a row or not', async () => {
    const accountId = randomUUID();
    for (const round of [1, 2]) {
      const from = await fixture.store.readGate(accountId);
      const changes = [1, 2, 3].map((writer) => ({ ...A_GATE, keptCount: 10 * round + writer }));
      const results = await Promise.all(
        changes.map((next) => fixture.store.changeGate(accountId, { from, next })),
      );
      const won = results.filter((gate) => gate !== undefined);
      expect(won).toHaveLength(1);
      expect(await fixture.store.readGate(accountId)).toEqual(won[0]);
    }
  });

  it.each([
    { name: 'broken JSON', columns: { sweeper: '{"id":' } },
    { name: 'a wrong type', columns: { keptCount: 'many' } },
    { name: 'an instant that is none', columns: { nextCallAt: 'soon' } },
    { name: 'wrong words', columns: { strangers: '{"a":"yesterday"}' } },
  ])('with $name counts as new, and is mended by the next change', async ({ columns }) => {
    const accountId = randomUUID();
    await written(accountId);
    await fixture.table.submit(accountId, [{ type: 'update', rowKey: 'gate', columns, etag: '*' }]);
    const broken = await fixture.store.readGate(accountId);
    expect(broken).toEqual({ ...NEW_GATE, etag: expect.stringMatching(/./) });
    const mended = present(
      await fixture.store.changeGate(accountId, { from: broken, next: { ...broken, keptCount: 3 } }),
    );
    expect(await fixture.store.readGate(accountId)).toEqual(mended);
    expect(mended.keptCount).toBe(3);
  });

  it('keeps what a newer version has written into it', async () => {
    const accountId = randomUUID();
    await written(accountId);
    const sweeper = JSON.stringify({ ...A_GATE.sweeper, region: 'west' });
    const columns = { newer: 'words', sweeper };
    await fixture.table.submit(accountId, [{ type: 'update', rowKey: 'gate', columns, etag: '*' }]);
    const gate = await fixture.store.readGate(accountId);
    await fixture.store.changeGate(accountId, { from: gate, next: { ...gate, keptCount: 8 } });
    const row = present(await fixture.table.get(accountId, 'gate'));
    expect(row.columns).toMatchObject({ newer: 'words', keptCount: 8 });
    expect(JSON.parse(String(row.columns.sweeper))).toMatchObject({ id: 'me', region: 'west' });
  });

  it('of an older version lacks columns, which have their defaults', async () => {
    const accountId = randomUUID();
    await fixture.table.submit(accountId, [
      { type: 'put', rowKey: 'gate', columns: { nextCallAt: new Date(T0) } },
    ]);
    expect(plain(await fixture.store.readGate(accountId))).toEqual({ ...NEW_GATE, nextCallAt: T0 });
  });
});

describe('a transaction with a slot of the gate', () => {
  const slot = (from: TrackedGate) => ({ from, next: passed(withUnaskedStop(from, T0), seconds(5), T0) });
  const nexts: Record<string, (session: LiveSession) => Session> = {
    'a change': (session) => ({ ...session, dueAt: session.dueAt + 5 }),
    'a change without another due instant': (session) => ({ ...session, tags: { other: 'tag' } }),
    'a stop': (session) => ({ ...session, desired: stopped('idle'), dueAt: session.dueAt + 5 }),
    'an end': ({ accountId, sessionId }) => ({ ...endedSession(), accountId, sessionId }),
  };
  const table = Object.entries(nexts);
  const inserted = () => fixture.insert(fixture.newSession({ accountId: randomUUID() }));

  it.each(table)('%s: writes both', async (_, make) => {
    const found = await inserted();
    const { accountId } = found.session;
    const gate = await fixture.store.readGate(accountId);
    const committed = await fixture.store.commit(found, make(found.session), [anEvent()], T0, slot(gate));
    expect(committed).toBeDefined();
    expect(await fixture.store.readGate(accountId)).toMatchObject({
      nextCallAt: T0 + seconds(5),
      unaskedStops: [T0],
    });
  });

  it.each(table)('%s: writes nothing where the gate has changed', async (_, make) => {
    const found = await inserted();
    const { accountId } = found.session;
    const stale = await fixture.store.readGate(accountId);
    const current = await written(accountId);
    const before = await fixture.rowsOf(found.session);
    const next = make(found.session);
    expect(await fixture.store.commit(found, next, [anEvent()], T0, slot(stale))).toBeUndefined();
    const read = present(await fixture.store.read(found.session, T0));
    expect([read.session, read.etag]).toEqual([found.session, found.etag]);
    expect(await fixture.rowsOf(found.session)).toEqual(before);
    expect(await fixture.store.readGate(accountId)).toEqual(current);
    // The same record goes through with the gate as it is.
    expect(await fixture.store.commit(live(read), next, [anEvent()], T0, slot(current))).toBeDefined();
  });

  it.each(table)('%s: leaves the gate as it was where the record has changed', async (_, make) => {
    const found = await inserted();
    const { accountId } = found.session;
    const gate = await written(accountId);
    await fixture.store.commit(found, { ...found.session, tags: { since: 'then' } }, [], T0);
    const next = make(found.session);
    expect(await fixture.store.commit(found, next, [anEvent()], T0, slot(gate))).toBeUndefined();
    expect(await fixture.store.readGate(accountId)).toEqual(gate);
  });

  it('an insert: writes both or nothing', async () => {
    const session = fixture.newSession({ accountId: randomUUID() });
    const { accountId } = session;
    const stale = await fixture.store.readGate(accountId);
    const current = await written(accountId);
    expect(
      await fixture.store.insert(session, activity(), [anEvent('created')], slot(stale)),
    ).toBeUndefined();
    expect(await fixture.store.read(session, T0)).toBeUndefined();
    expect(await fixture.rowsOf(session)).toEqual({ due: [], events: [], other: [] });
    const insert = () => fixture.store.insert(session, activity(), [anEvent('created')], slot(current));
    expect(await insert()).toBeDefined();
    expect((await fixture.rowsOf(session)).due).toEqual([dueKey(session)]);
    const after = await fixture.store.readGate(accountId);
    expect(after.nextCallAt).toBe(T0 + seconds(5));
    // Its id is taken now, and the gate stays open for others.
    expect(
      await fixture.store.insert(session, activity(), [anEvent('created')], slot(after)),
    ).toBeUndefined();
    expect(await fixture.store.readGate(accountId)).toEqual(after);
  });
});
