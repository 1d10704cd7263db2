import type { CheckedClock } from '../shared/clock.ts';
import { NEW_GATE } from '../shared/gate.ts';
import type { Instant } from '../shared/lease.ts';
import type { Outcome, Sighting } from '../shared/outcome.ts';
import type { LiveSession } from '../shared/session.ts';
import { rowKeys, writeGate, writeSession } from '../shared/store/rows.ts';
import type { Table } from '../shared/store/table.ts';
import type { Upstream } from '../shared/upstream/upstream.ts';
import { sighting } from './builders.ts';

/** Accounts as the doctor may find them, with a table and an upstream that nobody may change while it looks. */

/** It stands still until somebody waits, and then it is there. */
export const jumpingClock = (startsAt: Instant): CheckedClock => {
  let now = startsAt;
  return {
    now: () => now,
    abortAt(at) {
      now = Math.max(now, at);
      return AbortSignal.abort();
    },
    isTrusted: () => true,
    aheadMs: () => 0,
    asks: () => () => undefined,
  };
};

/** What a test changes a table or an upstream with, once nobody but it may. */
export interface Locked<Thing> {
  thing: Thing;
  unlock(): void;
}

const refused = (what: string): never => {
  throw new Error(`the doctor changed something: ${what}`);
};

/** A table that fails at each write until it is unlocked. */
export const lockedTable = (table: Table): Locked<Table> => {
  let isLocked = true;
  return {
    unlock: () => {
      isLocked = false;
    },
    thing: {
      ...table,
      submit: (partition, changes) =>
        isLocked ? refused(JSON.stringify(changes)) : table.submit(partition, changes),
    },
  };
};

/** An upstream that fails at each call that changes something until it is unlocked. */
export const lockedUpstream = (upstream: Upstream): Locked<Upstream> => {
  let isLocked = true;
  const open = <Result>(what: string, call: () => Result): Result => (isLocked ? refused(what) : call());
  return {
    unlock: () => {
      isLocked = false;
    },
    thing: {
      ...upstream,
      create: (...call) => open('create', () => upstream.create(...call)),
      extend: (...call) => open('extend', () => upstream.extend(...call)),
      stop: (...call) => open('stop', () => upstream.stop(...call)),
    },
  };
};

/** An upstream with these servers, which does at once whatever it is asked to. */
export const upstreamWith = (
  endpoint: string,
  servers: Map<string, Partial<Sighting>>,
  clock: CheckedClock,
): Upstream => {
  const isThere = ({ status = 'Ready' }: Partial<Sighting>): boolean =>
    status === 'Ready' || status === 'Starting';
  const shown = (server: Partial<Sighting>): Sighting =>
    sighting({ sentAt: clock.now(), receivedAt: clock.now(), ...server });
  const about = (
    sessionId: string,
    tell: (server: Partial<Sighting>) => Outcome = (server) => found(server),
  ): Promise<Outcome> => {
    const server = servers.get(sessionId);
    return Promise.resolve(server === undefined ? { type: 'missing', sentAt: clock.now() } : tell(server));
  };
  const found = (server: Partial<Sighting>, created = false): Outcome => ({
    type: 'found',
    created,
    sighting: shown(server),
  });
  return {
    endpoint,
    async create(sessionId, { maxLeaseTimeMinutes }) {
      const known = servers.get(sessionId);
      if (known !== undefined) return found(known);
      const made = { status: 'Starting', leaseMinutes: maxLeaseTimeMinutes, elapsedMinutes: 0 } as const;
      servers.set(sessionId, made);
      return found(made, true);
    },
    observe: (sessionId) => about(sessionId),
    extend: (sessionId, leaseMinutes) =>
      about(sessionId, (server) => {
        if (!isThere(server)) return { type: 'refused', status: 422, message: 'the session is over' };
        const longer = { ...server, leaseMinutes: Math.max(server.leaseMinutes ?? 0, leaseMinutes) };
        servers.set(sessionId, longer);
        return found(longer);
      }),
    stop: (sessionId) =>
      about(sessionId, (server) => {
        servers.set(sessionId, isThere(server) ? { ...server, status: 'Stopped' } : server);
        return { type: 'accepted' };
      }),
    async list() {
      const living = [...servers].filter(([, server]) => isThere(server));
      const sightings = new Map(living.map(([id, server]) => [id, shown(server)]));
      return { type: 'listed', sightings, unreadable: new Set(), isWhole: true, next: undefined };
    },
    ping: () => Promise.resolve(true),
  };
};

/** What happened to rows that nothing of the keeper does to them. */
export type Damage = 'none' | 'no due row' | 'second due row' | 'no activity row' | 'unreadable';

export const damage = async (
  table: Table,
  { accountId, sessionId, dueAt }: LiveSession,
  kind: Damage,
): Promise<void> => {
  switch (kind) {
    case 'none':
      return;
    case 'no due row':
      await table.submit(accountId, [{ type: 'delete', rowKey: rowKeys.due(dueAt, sessionId) }]);
      return;
    case 'second due row':
      await table.submit(accountId, [
        { type: 'put', rowKey: rowKeys.due(dueAt - 7, sessionId), columns: {} },
      ]);
      return;
    case 'no activity row':
      await table.submit(accountId, [{ type: 'delete', rowKey: rowKeys.activity(sessionId) }]);
      return;
    case 'unreadable': {
      const columns = { desired: 'not JSON' };
      await table.submit(accountId, [
        { type: 'update', rowKey: rowKeys.live(sessionId), columns, etag: '*' },
      ]);
      return;
    }
    default:
      return kind satisfies never;
  }
};

/** The account's gate, whatever it was. */
export const putGate = async (
  table: Table,
  accountId: string,
  gate: Partial<typeof NEW_GATE>,
): Promise<void> => {
  const columns = writeGate({ ...NEW_GATE, ...gate });
  await table.submit(accountId, [{ type: 'put', rowKey: rowKeys.gate, columns }]);
};

/** The record of a session that is over, with its due row. */
export const putEnded = async (table: Table, session: Parameters<typeof writeSession>[0]): Promise<void> => {
  const { accountId, sessionId, dueAt } = session;
  await table.submit(accountId, [
    { type: 'put', rowKey: rowKeys.ended(sessionId), columns: writeSession(session) },
    { type: 'put', rowKey: rowKeys.due(dueAt, sessionId), columns: {} },
  ]);
};

export interface Dumped {
  rowKey: string;
  etag: string;
  columns: string;
}

/** Every row of an account as it is, etags and all. */
export const dump = async (table: Table, accountId: string): Promise<Dumped[]> => {
  const rows: Dumped[] = [];
  for await (const { rowKey, etag, columns } of table.list(accountId, ' ', '~'))
    rows.push({ rowKey, etag, columns: JSON.stringify(columns) });
  return rows;
};
