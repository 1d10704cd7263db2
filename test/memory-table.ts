import type { Table } from '../shared/store/table.ts';
import { createTableRows } from './simulation/table-rows.ts';

/** A table in memory, with all that the service promises. */
export const memoryTable = (): Table => {
  const rows = createTableRows();
  return {
    get: async (partition, rowKey) => rows.get(partition, rowKey),
    async *list(partition, from, to) {
      yield* rows.page(partition, from, to, Number.POSITIVE_INFINITY).rows;
    },
    submit: async (partition, changes) => rows.submit(partition, changes),
    ping: async () => undefined,
  };
};
