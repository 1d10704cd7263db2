import { describe, expect, it } from 'vitest';
import type { EndedSession, LiveSession } from '../../shared/session.ts';
import {
  activity,
  endedSession,
  liveSession,
  minutes,
  requestedSession,
  starting,
  stopped,
  T0,
} from '../builders.ts';
import { allOf, anEvent, dueKey, exceptGuard, idsOf, live, present, useTable } from './store-fixture.ts';

const fixture = useTable();

const endOf = (
  { session }: { session: LiveSession },
  overrides: Partial<EndedSession> = {},
): EndedSession => ({
  ...endedSession(),
  sessionId: session.sessionId,
  ...overrides,
});

describe('a record', () => {
  const shapes: Record<string, Partial<LiveSession>> = {
    ready: {
      tags: { team: 'blue', näme: '"quoted" \\ 語' },
      models: ['https://example.org/a?b=c'],
      size: 'Premium',
    },
    'with fractions': {
      policy: {
        keepAlive: true,
        idleTimeoutMinutes: 0.5,
        idleTimeoutExplicit: true,
        maxLifetimeMinutes: 90.25,
      },
      leases: { requestedMinutes: 4.5, floorMinutes: 60.125, grantedMinutes: 61 },
    },
    requested: { ...requestedSession(), pending: { op: 'create', opId: 'op-9', until: T0 + 2000 } },
    starting: { observed: starting(T0, T0 + 5), retry: { failures: 3, at: T0 + 7 }, missingSince: T0 + 1 },
    stopping: {
      desired: { ...stopped('idle', T0, T0 + 1), message: 'Stopped because idle.' },
      refused: { maxLeaseMinutes: 90, at: T0 },
      policy: {
        keepAlive: false,
        idleTimeoutMinutes: null,
        idleTimeoutExplicit: false,
        maxLifetimeMinutes: null,
      },
    },
    'without words': { tags: {}, models: [], observedAt: null },
  };

  it.each(Object.entries(shapes))('%s: is read as it was inserted', async (_, shape) => {
    const { sessionId } = fixture.newSession();
    const session = { ...liveSession(), ...shape, sessionId };
    const use = activity({ lastActivityAt: T0 + 3, coveredUntil: T0 + 60_003, closed: false });
    const inserted = present(await fixture.store.insert(session, use, [anEvent('created'), anEvent()]));
    expect(inserted.session).toEqual({ ...session, seq: 2, opId: expect.stringMatching(/./) });
    const found = await fixture.store.read(session, T0 + 99);
    expect(found).toEqual(inserted);
    expect(found?.activity).toMatchObject(use);
  });

  it.each(Object.entries(shapes))('%s: is read as it was committed', async (_, shape) => {
    const first = await fixture.insert(fixture.newSession({ observed: { status: 'Requested' } }));
    const next = { ...liveSession(), ...shape, sessionId: first.session.sessionId, dueAt: T0 + 12_345 };
    const committed = present(await fixture.store.commit(first, next, [anEvent()], T0));
    expect(committed.session).toMatchObject({ ...next, seq: 2, opId: expect.stringMatching(/./) });
    expect(committed.session.opId).not.toBe(first.session.opId);
    expect(await fixture.store.read(next, T0)).toEqual(exceptGuard(committed));
  });

  it.each<Partial<EndedSession>>([
    { status: 'Stopped', because: 'idle', message: 'Stopped because idle.' },
    {
      status: 'Error',
      because: 'foreign',
      owned: false,
      hostname: null,
      ports: { handshake: null, inspector: null },
    },
    { status: 'Expired', because: 'expired', elapsedMinutes: 61.75, tags: {}, models: [] },
  ])('that is over is read as it was committed ($status)', async (shape) => {
    const first = await fixture.insert(fixture.newSession());
    const next = endOf(first, { ...shape, endedAt: T0 + 5, dueAt: T0 + minutes(60) });
    const committed = present(await fixture.store.commit(first, next, [anEvent('ended')], T0));
    expect(committed.session).toEqual({ ...next, seq: 2, opId: committed.session.opId });
    const found = present(await fixture.store.read(next, T0));
    expect(found.session).toEqual(committed.session);
    expect(found.activity).toMatchObject({ closed: true, shown: { status: shape.status, leaseEnd: null } });
  });

  it('that was never there is not found', async () => {
    expect(await fixture.store.read(fixture.newSession(), T0)).toBeUndefined();
    expect(await fixture.store.readActivity(fixture.newSession())).toBeUndefined();
  });

  it('has its own place for each letter case and account', async () => {
    const { sessionId } = fixture.newSession();
    const keys = [
      { sessionId: `${sessionId}-a` },
      { sessionId: `${sessionId}-A` },
      { sessionId: `${sessionId}-a`, accountId: '22222222-2222-2222-2222-222222222222' },
    ];
    for (const key of keys) await fixture.insert(fixture.newSession(key));
    for (const key of keys) {
      const found = await fixture.store.read({ ...liveSession(), ...key }, T0);
      expect(found?.session).toMatchObject(key);
    }
  });

  it('shows what a heartbeat is answered with on its activity row', async () => {
    const first = await fixture.insert(fixture.newSession({ observed: starting(T0) }));
    expect(first.activity.shown).toMatchObject({ status: 'Starting', leaseEnd: null, readySeenAt: null });
    const next = { ...liveSession({ policy: { keepAlive: true } }), sessionId: first.session.sessionId };
    await fixture.store.commit(first, next, [], T0);
    const shown = (await fixture.store.readActivity(next))?.shown;
    expect(shown).toEqual({
      status: 'Ready',
      leaseEnd: T0 + minutes(59),
      readySeenAt: T0,
      idleTimeoutMinutes: 30,
      idleArmed: true,
    });
  });
});

describe('the due index', () => {
  it('has exactly one row for each record after every transaction', async () => {
    const { store, rowsOf } = fixture;
    let found = await fixture.insert(fixture.newSession());
    expect((await rowsOf(found.session)).due).toEqual([dueKey(found.session)]);
    for (const dueAt of [T0 + 1, T0 + 1, T0 - 5000, T0 + minutes(9)]) {
      found = live(await store.commit(found, { ...found.session, dueAt }, [], T0));
      expect((await rowsOf(found.session)).due).toEqual([dueKey({ ...found.session, dueAt })]);
    }
    const ended = endOf(found);
    await store.commit(found, ended, [anEvent('ended')], T0);
    const rows = await rowsOf(ended);
    expect(rows.due).toEqual([dueKey(ended)]);
    expect(rows.other.toSorted()).toEqual([`activity:${ended.sessionId}`, `ended:${ended.sessionId}`]);
  });

  it.each([
    { name: 'moves', dueAt: T0 + 5 },
    { name: 'stays', dueAt: T0 },
  ])('is mended where the row is missing and the instant $name', async ({ dueAt }) => {
    const { session } = await fixture.insert(fixture.newSession());
    await fixture.table.submit(session.accountId, [{ type: 'delete', rowKey: dueKey(session) }]);
    const found = live(await fixture.store.read(session, T0));
    const next = present(await fixture.store.commit(found, { ...found.session, dueAt }, [anEvent()], T0));
    const rows = await fixture.rowsOf(next.session);
    expect(rows.due).toEqual([dueKey({ ...session, dueAt })]);
    expect(rows.events).toHaveLength(2);
  });

  it('is mended where the row is missing and the session ends', async () => {
    const found = await fixture.insert(fixture.newSession());
    await fixture.table.submit(found.session.accountId, [{ type: 'delete', rowKey: dueKey(found.session) }]);
    const next = present(await fixture.store.commit(found, endOf(found), [], T0));
    expect((await fixture.rowsOf(next.session)).due).toEqual([dueKey(next.session)]);
  });

  it('gives what is due, the longest due first, and nothing else', async () => {
    const accountId = '33333333-3333-3333-3333-333333333333';
    const dueAts = { now: T0, past: T0 - minutes(1), long: 1, future: T0 + 1 };
    for (const [sessionId, dueAt] of Object.entries(dueAts)) {
      await fixture.insert(fixture.newSession({ accountId, sessionId, dueAt }));
    }
    expect(await idsOf(fixture.store.due(accountId, T0))).toEqual(['long', 'past', 'now']);
    expect(await idsOf(fixture.store.due(accountId, T0 + 1))).toEqual(['long', 'past', 'now', 'future']);
    expect(await idsOf(fixture.store.due(accountId, 0))).toEqual([]);
    expect(await idsOf(fixture.store.due('44444444-4444-4444-4444-444444444444', T0))).toEqual([]);
  });
});

describe('history', () => {
  it('counts on without a gap over all transactions, to the end', async () => {
    const { store } = fixture;
    let found = await fixture.insert(fixture.newSession());
    found = live(await store.commit(found, found.session, [anEvent(), anEvent('extended')], T0));
    found = live(await store.commit(found, found.session, [], T0));
    const ended = present(await store.commit(found, endOf(found), [anEvent('ended')], T0));
    const { events } = await fixture.rowsOf(ended.session);
    expect(events.map(({ rowKey }) => rowKey.split(':')[2])).toEqual([
      '00000001',
      '00000002',
      '00000003',
      '00000004',
    ]);
    expect(events.map(({ columns }) => columns.kind)).toEqual(['created', 'changed', 'extended', 'ended']);
    expect(JSON.parse(String(events[0]?.columns.detail))).toEqual(anEvent().detail);
    expect(ended.session.seq).toBe(4);
  });
});

describe('listing', () => {
  it('pages through more than a thousand sessions, in the order of their ids, without what is over', async () => {
    const accountId = '55555555-5555-5555-5555-555555555555';
    const ids = Array.from({ length: 1005 }, (_, index) => `s-${String(index).padStart(4, '0')}`);
    const template = fixture.newSession({ accountId });
    const one = await fixture.insert({ ...template, sessionId: 'over' });
    await fixture.store.commit(one, endOf(one, { accountId }), [], T0);
    await Promise.all(
      Array.from({ length: 8 }, async (_, worker) => {
        for (const [index, sessionId] of ids.entries()) {
          if (index % 8 === worker) await fixture.insert({ ...template, sessionId });
        }
      }),
    );
    const listed = await allOf(fixture.store.list(accountId));
    expect(listed.map(({ sessionId }) => sessionId)).toEqual(ids);
    const first = await fixture.store.read({ accountId, sessionId: 's-0000' }, T0);
    expect(listed[0]?.row).toEqual(first?.session);
    const part = fixture.store.list(accountId, { after: 's-0500', atATime: 100 });
    expect((await allOf(part)).map(({ sessionId }) => sessionId)).toEqual(ids.slice(501));
  });

  it('goes on behind an id, whether or not it is there any more', async () => {
    const accountId = crypto.randomUUID();
    const ids = ['A', 'a', 'a-', 'a-1', 'a0', 'aA', 'a_', 'aa', 'b'];
    for (const sessionId of ids) await fixture.insert(fixture.newSession({ accountId, sessionId }));
    for (const after of [...ids, '0', 'a-0', 'a1', 'c']) {
      const part = fixture.store.list(accountId, { after, atATime: 2 });
      const listed = (await allOf(part)).map(({ sessionId }) => sessionId);
      expect({ after, listed }).toEqual({ after, listed: ids.filter((sessionId) => sessionId > after) });
    }
  });
});

describe('forgetting', () => {
  it.each([0, 1, 100, 230])('removes everything of a session with %i more events', async (count) => {
    const { store } = fixture;
    let found = await fixture.insert(fixture.newSession());
    const neighbour = await fixture.insert(fixture.newSession({ sessionId: `${found.session.sessionId}-2` }));
    for (let left = count; left > 0; left -= 90) {
      const events = Array.from({ length: Math.min(left, 90) }, () => anEvent());
      found = live(await store.commit(found, found.session, events, T0));
    }
    const { session } = present(await store.commit(found, endOf(found), [], T0));
    expect(session.seq).toBe(count + 1);
    expect(session.life === 'ended' && (await store.forget(session))).toBe(true);
    expect(await fixture.rowsOf(session)).toEqual({ due: [], events: [], other: [] });
    expect(await store.read(session, T0)).toBeUndefined();
    expect((await fixture.rowsOf(neighbour.session)).events).toHaveLength(1);
  });

  it('leaves a new session of the same id alone, however late it comes', async () => {
    const { store } = fixture;
    const found = await fixture.insert(fixture.newSession());
    const { session } = present(await store.commit(found, endOf(found), [], T0));
    if (session.life !== 'ended') throw new RangeError('it is over');
    expect(await store.forget(session)).toBe(true);
    const { accountId, sessionId } = session;
    const again = await fixture.insert({ ...fixture.newSession(), accountId, sessionId });
    const rows = await fixture.rowsOf(again.session);
    expect(await store.forget(session)).toBe(false);
    expect(await fixture.rowsOf(again.session)).toEqual(rows);
  });

  it('goes on where an earlier one broke off', async () => {
    const found = await fixture.insert(fixture.newSession());
    const { session } = present(await fixture.store.commit(found, endOf(found), [], T0));
    const { events } = await fixture.rowsOf(session);
    const gone = [...events.map(({ rowKey }) => rowKey), `activity:${session.sessionId}`];
    await fixture.table.submit(
      session.accountId,
      gone.map((rowKey) => ({ type: 'delete', rowKey })),
    );
    expect(session.life === 'ended' && (await fixture.store.forget(session))).toBe(true);
    expect(await fixture.rowsOf(session)).toEqual({ due: [], events: [], other: [] });
  });
});
