import type { Row } from '../../../shared/store/table.ts';
import type { TableRows } from '../../simulation/table-rows.ts';

/** What was asked of a table: each of the first three is one request to the service. */
export interface Operations {
  /** One row by its key. */
  reads: number;
  /** One page of a range. */
  queries: number;
  /** One transaction, or one change by itself. */
  writes: number;
  /** Rows that reads and queries gave back. */
  rowsRead: number;
  /** Of those, rows of the due index, and records of sessions. */
  indexRows: number;
  records: number;
  /** Rows that were written or deleted. */
  rowsWritten: number;
}

const NO_OPERATIONS: Operations = {
  ...{ reads: 0, queries: 0, writes: 0 },
  ...{ rowsRead: 0, indexRows: 0, records: 0, rowsWritten: 0 },
};

export const since = (now: Operations, before: Operations): Operations => ({
  reads: now.reads - before.reads,
  queries: now.queries - before.queries,
  writes: now.writes - before.writes,
  rowsRead: now.rowsRead - before.rowsRead,
  indexRows: now.indexRows - before.indexRows,
  records: now.records - before.records,
  rowsWritten: now.rowsWritten - before.rowsWritten,
});

export interface CountedRows {
  rows: TableRows;
  /** So far. */
  operations(): Operations;
}

/** The rows of a table, with each operation on them counted. */
export const countedRows = (rows: TableRows): CountedRows => {
  const counted = { ...NO_OPERATIONS };
  const noteRead = ({ rowKey }: Row): void => {
    counted.rowsRead += 1;
    if (rowKey.startsWith('due:')) counted.indexRows += 1;
    if (/^(session|ended):/.test(rowKey)) counted.records += 1;
  };
  return {
    operations: () => ({ ...counted }),
    rows: {
      ...rows,
      get(partition, rowKey) {
        const row = rows.get(partition, rowKey);
        counted.reads += 1;
        if (row !== undefined) noteRead(row);
        return row;
      },
      page(partition, from, to, count) {
        const page = rows.page(partition, from, to, count);
        counted.queries += 1;
        for (const row of page.rows) noteRead(row);
        return page;
      },
      submit(partition, changes) {
        counted.writes += 1;
        counted.rowsWritten += changes.length;
        return rows.submit(partition, changes);
      },
    },
  };
};
