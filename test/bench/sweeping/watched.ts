import type { Table } from '../../../shared/store/table.ts';

/** A table whose range queries are timed. */
export interface Watched {
  table: Table;
  /** Time in them so far, up to each row that is waited for. */
  queryMs(): number;
}

export const watched = (table: Table): Watched => {
  let ms = 0;
  return {
    queryMs: () => ms,
    table: {
      ...table,
      async *list(...asked) {
        const listed = table.list(...asked)[Symbol.asyncIterator]();
        try {
          for (;;) {
            const begunAt = performance.now();
            const { value, done } = await listed.next();
            ms += performance.now() - begunAt;
            if (done) return;
            yield value;
          }
        } finally {
          await listed.return?.();
        }
      },
    },
  };
};
