import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect } from 'vitest';
import type { HistoryEvent } from '../../shared/outcome.ts';
import type { LiveSession, Session } from '../../shared/session.ts';
import type { Found } from '../../shared/store/commit.ts';
import type { DueRow } from '../../shared/store/due.ts';
import { createStore, type Store } from '../../shared/store/store.ts';
import { openTable, type Row, type Table } from '../../shared/store/table.ts';
import { type AzuriteTable, startAzuriteTable } from '../azurite.ts';
import { activity, liveSession, T0 } from '../builders.ts';
import { memoryTable } from '../memory-table.ts';

/** The store on a real table, with a look at its rows as they are. */

export interface Fixture {
  readonly table: Table;
  readonly store: Store;
  /** A store on the same table that goes through a decorated way to it. */
  through(decorate: (table: Table) => Partial<Table>): Store;
  /** An id that no other test uses. */
  newSession(overrides?: Partial<LiveSession>): LiveSession;
  insert(session: LiveSession): Promise<Found<LiveSession>>;
  /** Every row of the session, by the kinds of their keys. */
  rowsOf(session: Session): Promise<{ due: string[]; events: Row[]; other: string[] }>;
}

export const anEvent = (kind: HistoryEvent['kind'] = 'changed'): HistoryEvent => ({
  at: T0,
  kind,
  because: 'client',
  detail: { floorMinutes: 60, note: null, isTrue: true },
});

export const allOf = async <T>(items: AsyncIterable<T>): Promise<T[]> => {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
};

/** Which sessions are due, in their order. */
export const idsOf = async (rows: AsyncIterable<DueRow>): Promise<string[]> =>
  (await allOf(rows)).map(({ sessionId }) => sessionId);

/** What must be there, or the test fails with these words. */
export const present = <T>(value: T | undefined, what = 'the result'): T => {
  if (value === undefined) throw new Error(`${what} is missing`);
  return value;
};

export const live = (found: Found | undefined): Found<LiveSession> => {
  const { session, ...rest } = present(found, 'the record');
  if (session.life !== 'live') throw new Error('the session is over');
  return { ...rest, session };
};

/** One Azurite for all tests of a file: for what the store makes of the service's answers. */
export const useTable = (): Fixture => {
  let azurite: AzuriteTable | undefined;
  let table: Table | undefined;
  beforeAll(async () => {
    azurite = await startAzuriteTable();
    table = openTable({ connectionString: azurite.connectionString }, 'keeper');
    await table.get('nobody', 'makes the table');
  });
  afterAll(async () => azurite?.stop());
  return fixtureOn(() => present(table, 'the table'));
};

/** A table in memory, which is held against Azurite elsewhere: for what the keeper makes of the store's. */
export const useTableDouble = (): Fixture => {
  const table = memoryTable();
  return fixtureOn(() => table);
};

const fixtureOn = (opened: () => Table): Fixture => {
  const through: Fixture['through'] = (decorate) =>
    createStore({ ...opened(), ...decorate(opened()) }, () => randomUUID());
  const store = (): Store => through(() => ({}));

  return {
    get table() {
      return opened();
    },
    get store() {
      return store();
    },
    through,
    newSession: (overrides = {}) => ({ ...liveSession(), sessionId: randomUUID(), ...overrides }),
    async insert(session) {
      return present(await store().insert(session, activity(), [anEvent('created')]), 'the inserted session');
    },
    async rowsOf({ accountId, sessionId }) {
      const rows = await allOf(opened().list(accountId, ' ', '~'));
      const own = rows.filter(({ rowKey }) => rowKey.split(':').includes(sessionId));
      const keys = own.map(({ rowKey }) => rowKey);
      return {
        due: keys.filter((key) => key.startsWith('due:')),
        events: own.filter(({ rowKey }) => rowKey.startsWith('event:')),
        other: keys.filter((key) => !/^(due|event):/.test(key)),
      };
    },
  };
};

export const dueKey = ({ dueAt, sessionId }: Session): string =>
  `due:${String(dueAt).padStart(15, '0')}:${sessionId}`;

/** A write that did not guard the activity keeps the etag under which it was read: only a reader has the newest. */
export const exceptGuard = (found: Found): Found => ({
  ...found,
  activity: { ...found.activity, etag: expect.any(String) },
});
