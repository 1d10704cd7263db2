import type { SessionKey } from '../session.ts';
import { dueBound, readDueKey, rowKeys } from './rows.ts';
import type { Row, RowChange, Table } from './table.ts';

/** The due index beyond the transactions of the records: reading it, and mending it where it is at fault. */

/** A row of the due index: which session, and the instant of its key. */
export interface DueRow {
  sessionId: string;
  at: number;
  /** How often in a row the record was at fault when it was due. */
  faults: number;
}

export interface DueIndex {
  /** What is due at `now`, the longest due first; the table is asked for so many rows at a time, or as many as it likes to give. */
  due(accountId: string, now: number, atATime?: number): AsyncIterable<DueRow>;
  /** Removes a due row that is no record's, as a damaged table may have; one that a record counts on stays. */
  dropDue(key: SessionKey, at: number): Promise<void>;
  /** Adds the due row of a living record that has lost it, as a damaged table may have; true where that was so. */
  mendDue(key: SessionKey): Promise<boolean>;
  /** Puts off the next look at a session whose row is at fault, and counts how often that was so. */
  postpone(key: SessionKey, due: DueRow, until: number): Promise<void>;
}

export const createDueIndex = (table: Table): DueIndex => {
  /** The living record, or the ended one, as it stands in the table. */
  const rawRecord = async (accountId: string, sessionId: string): Promise<Row | undefined> =>
    (await table.get(accountId, rowKeys.live(sessionId))) ??
    (await table.get(accountId, rowKeys.ended(sessionId)));

  const dropDue = async ({ accountId, sessionId }: SessionKey, at: number): Promise<void> => {
    const stale = removal(rowKeys.due(at, sessionId));
    if ((await table.get(accountId, stale.rowKey)) === undefined) return;
    const row = await rawRecord(accountId, sessionId);
    if (row === undefined) {
      await table.submit(accountId, [stale]);
    } else if (instantOf(row.columns.dueAt) !== at) {
      // Under the record's etag: it may just be coming to want this row.
      const { rowKey, etag } = row;
      await table.submit(accountId, [{ type: 'update', rowKey, columns: {}, etag }, stale]);
    }
  };

  return {
    async *due(accountId, now, atATime) {
      const rows = table.list(accountId, dueBound(0), dueBound(now + 1), atATime);
      for await (const { rowKey, columns } of rows) {
        yield { ...readDueKey(rowKey), faults: Number(columns.faults ?? 0) };
      }
    },

    dropDue,

    async mendDue({ accountId, sessionId }) {
      const row = await table.get(accountId, rowKeys.live(sessionId));
      const dueAt = instantOf(row?.columns.dueAt);
      if (row === undefined || dueAt === undefined) return false;
      const dueKey = rowKeys.due(dueAt, sessionId);
      if ((await table.get(accountId, dueKey)) !== undefined) return false;
      const { rowKey, etag } = row;
      const changes: RowChange[] = [
        { type: 'update', rowKey, columns: {}, etag },
        { type: 'put', rowKey: dueKey, columns: {} },
      ];
      return (await table.submit(accountId, changes)).type === 'written';
    },

    async postpone({ accountId, sessionId }, { at, faults }, until) {
      const row = await rawRecord(accountId, sessionId);
      if (row === undefined || until === at) return;
      // It has moved since it was found due; or this row is a stale one, which nobody else removes while it is at fault.
      if ((instantOf(row.columns.dueAt) ?? at) !== at) return dropDue({ accountId, sessionId }, at);
      const { rowKey, etag } = row;
      const columns = { faults: faults + 1 };
      await table.submit(accountId, [
        // One column alone, so that the record keeps to its due row whatever else of it cannot be read.
        { type: 'update', rowKey, columns: { dueAt: new Date(until) }, etag },
        { type: 'put', rowKey: rowKeys.due(until, sessionId), columns },
        removal(rowKeys.due(at, sessionId)),
      ]);
    },
  };
};

const removal = (rowKey: string): RowChange => ({ type: 'delete', rowKey });

const instantOf = (value: unknown): number | undefined =>
  value instanceof Date ? value.getTime() : undefined;
