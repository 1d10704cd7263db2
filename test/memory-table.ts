import type { Table } from '../shared/store/table.ts';
import { createTableRows, type TableRows } from './simulation/table-rows.ts';

/** As many as the service gives at once. */
const PAGE_ROWS = 1000;

/** A table in memory, with all that the service promises. */
export const memoryTable = (rows: TableRows = createTableRows()): Table => ({
  get: async (partition, rowKey) => rows.get(partition, rowKey),
  async *list(partition, from, to, atATime = PAGE_ROWS) {
    let next: string | undefined = from;
    while (next !== undefined) {
      const page = rows.page(partition, next, to, atATime);
      yield* page.rows;
      next = page.next;
    }
  },
  submit: async (partition, changes) => rows.submit(partition, changes),
  ping: async () => undefined,
});
