import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { passed } from '../../shared/gate.ts';
import type { EndedSession, LiveSession, Session } from '../../shared/session.ts';
import type { Found } from '../../shared/store/commit.ts';
import { endedSession, seconds, stopped, T0 } from '../builders.ts';
import { anEvent, present, useTable } from './store-fixture.ts';

const fixture = useTable();

const stray = anEvent('stray');
const seqs = async (session: Session): Promise<number[]> =>
  (await fixture.rowsOf(session)).events.map(({ rowKey }) => Number(rowKey.split(':').at(-1)));
const endOf = ({ accountId, sessionId }: LiveSession): EndedSession => ({
  ...endedSession(),
  ...{ accountId, sessionId },
});
const ended = async (): Promise<EndedSession> => {
  const found = await fixture.insert(fixture.newSession({ accountId: randomUUID() }));
  const { session } = present(
    await fixture.store.commit(found, endOf(found.session), [anEvent('ended')], T0),
  );
  if (session.life !== 'ended') throw new Error('it lives');
  return session;
};

describe('an event after the end', () => {
  it('is added behind the others, as often as there is one, and the record stays as it was', async () => {
    const session = await ended();
    const before = await fixture.store.read(session, T0);
    expect(await fixture.store.addEvent(session, stray)).toBe(true);
    expect(await fixture.store.addEvent(session, stray)).toBe(true);
    expect(await seqs(session)).toEqual([1, 2, 3, 4]);
    expect(await fixture.store.read(session, T0)).toEqual(before);
  });

  it('goes with a change of the gate, or not at all', async () => {
    const session = await ended();
    const { accountId } = session;
    const from = await fixture.store.readGate(accountId);
    const next = passed(from, seconds(5), T0);
    expect(await fixture.store.addEvent(session, stray, { from, next })).toBe(true);
    expect((await fixture.store.readGate(accountId)).nextCallAt).toBe(T0 + seconds(5));
    expect(await fixture.store.addEvent(session, stray, { from, next })).toBe(false);
    expect(await seqs(session)).toEqual([1, 2, 3]);
  });

  it('is added by one of two at the same time', async () => {
    const session = await ended();
    const added = await Promise.all([1, 2].map(() => fixture.store.addEvent(session, stray)));
    // Azurite may also have let one pass after the other.
    expect(await seqs(session)).toHaveLength(2 + added.filter((isAdded) => isAdded).length);
    expect(added).toContain(true);
  });

  it('is forgotten with its session', async () => {
    const session = await ended();
    await fixture.store.addEvent(session, stray);
    expect(await fixture.store.forget(session)).toBe(true);
    expect(await fixture.rowsOf(session)).toEqual({ due: [], events: [], other: [] });
  });
});

/** A table of which the history was restored, and the record was not. */
describe('a history that has more events than the record counts', () => {
  const nexts: Record<string, (session: LiveSession) => Session> = {
    'a change': (session) => ({ ...session, dueAt: session.dueAt + 5 }),
    'a stop': (session) => ({ ...session, desired: stopped('idle') }),
    'an end': endOf,
  };
  const behind = async (): Promise<Found<LiveSession>> => {
    const found = await fixture.insert(fixture.newSession({ accountId: randomUUID() }));
    const { accountId, sessionId } = found.session;
    const columns = { at: new Date(T0), kind: 'changed', because: 'client', detail: '{}' };
    await fixture.table.submit(
      accountId,
      [2, 3, 12].map((seq) => ({
        type: 'create',
        rowKey: `event:${sessionId}:${String(seq).padStart(8, '0')}`,
        columns,
      })),
    );
    return found;
  };

  it.each(Object.entries(nexts))('is gone on with: %s', async (_, make) => {
    const found = await behind();
    const committed = present(
      await fixture.store.commit(found, make(found.session), [anEvent(), anEvent()], T0),
    );
    expect(committed.session.seq).toBe(14);
    expect(await seqs(found.session)).toEqual([1, 2, 3, 12, 13, 14]);
    expect((await fixture.store.read(found.session, T0))?.session).toEqual(committed.session);
  });

  it('is no way around a conflict of the record', async () => {
    const found = await behind();
    await fixture.store.commit(found, { ...found.session, tags: {} }, [], T0);
    expect(await fixture.store.commit(found, endOf(found.session), [anEvent()], T0)).toBeUndefined();
    expect((await fixture.store.read(found.session, T0))?.session.life).toBe('live');
  });

  it('is no way around a conflict of the gate', async () => {
    const found = await behind();
    const { accountId } = found.session;
    const from = await fixture.store.readGate(accountId);
    await fixture.store.changeGate(accountId, { from, next: passed(from, 1, T0) });
    const change = { from, next: passed(from, seconds(5), T0) };
    const next = { ...found.session, tags: {} };
    expect(await fixture.store.commit(found, next, [anEvent()], T0, change)).toBeUndefined();
    expect(await seqs(found.session)).toEqual([1, 2, 3, 12]);
  });
});
