import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { SessionKey } from '../../shared/session.ts';
import { createStore } from '../../shared/store/store.ts';
import type { Columns } from '../../shared/store/table.ts';
import { endedSession, minutes, stopped, T0 } from '../builders.ts';
import { anEvent, live, present, useTable } from './store-fixture.ts';

const fixture = useTable();

const DAMAGES: [string, Columns][] = [
  ['the time of the last use', { lastActivityAt: 'nonsense' }],
  ['what is covered', { coveredUntil: '{' }],
  ['whether it is closed', { closed: 'perhaps' }],
  ['what is shown', { shown: '{"status":"Sleeping"}' }],
];

const damaged = async (columns: Columns): Promise<SessionKey> => {
  const { session } = await fixture.insert(fixture.newSession({ accountId: randomUUID() }));
  const { accountId, sessionId } = session;
  const rowKey = `activity:${sessionId}`;
  await fixture.table.submit(accountId, [{ type: 'update', rowKey, columns, etag: '*' }]);
  return { accountId, sessionId };
};

describe('an activity row that cannot be read', () => {
  const later = T0 + minutes(7);
  it.each(DAMAGES)('counts as covered until now, and its session can be stopped: %s', async (_, columns) => {
    const key = await damaged(columns);
    const faults: unknown[] = [];
    const store = createStore(fixture.table, randomUUID, (about, error) =>
      faults.push([about.sessionId, String(error)]),
    );
    const found = live(await store.read(key, later));
    const { createdAt } = found.session;
    expect(found.activity).toMatchObject({ lastActivityAt: createdAt, coveredUntil: later, closed: false });
    expect(faults).toEqual([[key.sessionId, expect.stringContaining(`activity:${key.sessionId}`)]]);
    const stopping = { ...found.session, desired: stopped('idle') };
    expect(await store.commit(found, stopping, [anEvent('stop')], later)).toBeDefined();
    expect((await store.readActivity(key))?.closed).toBe(true);
    expect(faults).toHaveLength(1);
  });

  it('is as good as none for who notes use: its record is read then', async () => {
    const key = await damaged({ coveredUntil: 'nonsense' });
    expect(await fixture.store.readActivity(key)).toBeUndefined();
  });

  it('is left to a use that mended it meanwhile', async () => {
    const key = await damaged({ coveredUntil: 'nonsense' });
    const faster = fixture.through((table) => ({
      async submit(partition, changes) {
        await fixture.store.read(key, later + 1);
        return table.submit(partition, changes);
      },
    }));
    expect(live(await faster.read(key, later)).activity.coveredUntil).toBe(later + 1);
  });

  it('does not keep a session from its end', async () => {
    const key = await damaged({});
    const found = live(await fixture.store.read(key, later));
    const rowKey = `activity:${key.sessionId}`;
    await fixture.table.submit(key.accountId, [
      { type: 'update', rowKey, columns: { closed: 'perhaps' }, etag: '*' },
    ]);
    const next = { ...endedSession(), ...key };
    expect(present(await fixture.store.commit(found, next, [anEvent('ended')], later)).session.life).toBe(
      'ended',
    );
    expect(present(await fixture.store.read(key, later)).activity.closed).toBe(true);
  });
});
