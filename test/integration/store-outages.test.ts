import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { StorageUnavailableError } from '../../shared/errors.ts';
import type { LiveSession, Session } from '../../shared/session.ts';
import { createStore, type Store } from '../../shared/store/store.ts';
import { openTable, type Table } from '../../shared/store/table.ts';
import { freePort, tableConnectionString } from '../azurite.ts';
import { activity, endedSession, stopped, T0 } from '../builders.ts';
import { anEvent, dueKey, live, present, useTable } from './store-fixture.ts';

const fixture = useTable();

/** The first transaction is written, and its reply does not arrive. */
const losing =
  (how: 'conflict' | 'failure') =>
  (table: Table): Partial<Table> => {
    let isLost = false;
    return {
      async submit(partition, changes) {
        const submitted = await table.submit(partition, changes);
        if (isLost) return submitted;
        isLost = true;
        expect(submitted.type).toBe('written');
        if (how === 'failure') throw new StorageUnavailableError('The table does not answer.');
        return { type: 'conflict' };
      },
    };
  };

const nexts: Record<string, (session: LiveSession) => Session> = {
  'a change': (session) => ({ ...session, dueAt: session.dueAt + 5 }),
  'a change without another due instant': (session) => ({ ...session, tags: { other: 'tag' } }),
  'a stop': (session) => ({ ...session, desired: stopped('idle'), dueAt: session.dueAt + 5 }),
  'an end': ({ sessionId }) => ({ ...endedSession(), sessionId }),
};

// The SDK repeats by itself a transaction whose reply was lost, and then reports its own write as a conflict.
describe('a reply that is lost, and shows as a conflict', () => {
  it.each(Object.entries(nexts))('%s is known as our own write', async (_, make) => {
    const found = await fixture.insert(fixture.newSession());
    const store = fixture.through(losing('conflict'));
    const committed = present(await store.commit(found, make(found.session), [anEvent()], T0));
    const after = present(await fixture.store.read(found.session, T0));
    expect(committed.session).toEqual(after.session);
    expect(committed.etag).toBe(after.etag);
    const rows = await fixture.rowsOf(after.session);
    expect(rows.events).toHaveLength(2);
    expect(rows.due).toEqual([dueKey(after.session)]);
  });

  it('an insert is known as our own write', async () => {
    const session = fixture.newSession();
    const store = fixture.through(losing('conflict'));
    const inserted = present(await store.insert(session, activity(), [anEvent('created')]));
    expect(inserted).toEqual(await fixture.store.read(session, T0));
    expect((await fixture.rowsOf(session)).events).toHaveLength(1);
  });
});

// What the client is told is 503: the outcome is unknown, and reading it again would take longer than it may wait.
describe('a failure whose transaction was written', () => {
  it('leaves nothing half-written, and the record as it was read is no longer taken', async () => {
    const found = await fixture.insert(fixture.newSession());
    const lost = fixture.through(losing('failure'));
    const next = { ...found.session, tags: { other: 'tag' }, dueAt: T0 + 5 };
    await lost.commit(found, next, [anEvent()], T0).catch((error: unknown) => {
      expect(error).toBeInstanceOf(StorageUnavailableError);
    });
    const after = live(await fixture.store.read(found.session, T0));
    expect(after.session).toMatchObject({ tags: { other: 'tag' }, seq: 2, dueAt: T0 + 5 });
    expect(await fixture.store.commit(found, next, [anEvent()], T0)).toBeUndefined();
    const rows = await fixture.rowsOf(found.session);
    expect(rows.due).toEqual([dueKey(after.session)]);
    expect(rows.events).toHaveLength(2);
  });
});

describe('a write of somebody else', () => {
  it('is not taken for our own, although it left the same words', async () => {
    const found = await fixture.insert(fixture.newSession());
    const next = { ...found.session, dueAt: T0 + 5 };
    expect(await fixture.store.commit(found, next, [], T0)).toBeDefined();
    expect(await fixture.store.commit(found, next, [], T0)).toBeUndefined();
  });

  it('of the same id is not taken for our own insert', async () => {
    const session = fixture.newSession();
    await fixture.insert(session);
    expect(await fixture.store.insert(session, activity(), [])).toBeUndefined();
  });
});

describe('a table that is down', () => {
  const servers: { server: Server; sockets: Set<Socket> }[] = [];
  afterEach(async () => {
    for (const { server, sockets } of servers.splice(0)) {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    }
  });

  /** A port that takes connections, and what then happens to them. */
  const listen = async (onConnection: (socket: Socket) => void): Promise<number> => {
    const sockets = new Set<Socket>();
    const server = createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => undefined);
      onConnection(socket);
    }).listen(0, '127.0.0.1');
    servers.push({ server, sockets });
    await once(server, 'listening');
    const address = server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  };
  const body = 'HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n';
  const ways: Record<string, () => Promise<number>> = {
    'refuses connections': freePort,
    'accepts and never answers': () => listen((socket) => socket.resume()),
    'accepts and hangs up': () => listen((socket) => socket.once('data', () => socket.destroy())),
    'answers 500': () => listen((socket) => socket.on('data', () => socket.write(body))),
  };
  const session = fixture.newSession();
  const shown = {
    status: 'Ready',
    leaseEnd: null,
    idleTimeoutMinutes: null,
    idleArmed: false,
    readySeenAt: null,
  } as const;
  const found = {
    ...{ session, etag: 'W/"an etag"', unknown: {} },
    activity: { ...activity(), etag: 'W/"another"', shown },
  };
  const operations: Record<string, (store: Store) => Promise<unknown>> = {
    read: (store) => store.read(session, T0),
    insert: (store) => store.insert(session, activity(), []),
    commit: (store) => store.commit(found, { ...session, dueAt: T0 + 1 }, [], T0),
    end: (store) => store.commit(found, endedSession(), [], T0),
    readActivity: (store) => store.readActivity(session),
    cover: (store) => store.cover(session, found.activity, T0, T0),
    forget: (store) => store.forget(endedSession()),
    list: (store) => store.list('account')[Symbol.asyncIterator]().next(),
    due: (store) => store.due('account', T0)[Symbol.asyncIterator]().next(),
    ping: (store) => store.ping(),
  };

  it.each(Object.entries(ways))('and %s: each operation says so within 3 s', async (_, way) => {
    const store = createStore(
      openTable({ connectionString: tableConnectionString(await way()) }, 'keeper'),
      () => 'op',
    );
    const all = Object.entries(operations).map(async ([name, operate]) => {
      const startedAt = performance.now();
      const error = await operate(store).catch((caught: unknown) => caught);
      const isInTime = performance.now() - startedAt < 3000;
      return { name, isUnavailable: error instanceof StorageUnavailableError, isInTime };
    });
    expect(await Promise.all(all)).toEqual(
      Object.keys(operations).map((name) => ({ name, isUnavailable: true, isInTime: true })),
    );
  });

  it('tells the caller when to come again, and no key', async () => {
    const store = createStore(
      openTable({ connectionString: tableConnectionString(await freePort()) }, 'keeper'),
      () => 'op',
    );
    const error = await store.ping().catch((caught: unknown) => caught);
    expect(error).toMatchObject({ status: 503, code: 'ServiceUnavailable', retryAfterSeconds: 5 });
    expect(String(error)).not.toContain('Eby8vdM02x');
  });
});
