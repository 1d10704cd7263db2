import type { Row, RowChange, Submitted, Table } from '../store/table.ts';

/**
 * A table that takes every change and writes none: what was read once stays as it was read, and changes are made to
 * that. A rehearsal on it leaves no trace, and sees the same rows as whoever looked through it before.
 */
export const createRehearsalTable = (table: Pick<Table, 'get' | 'list' | 'ping'>): Table => {
  const partitions = new Map<string, Known>();
  let writes = 0;

  const knownOf = (partition: string): Known => {
    const known = partitions.get(partition) ?? { rows: new Map(), readTo: new Map() };
    partitions.set(partition, known);
    return known;
  };

  /** The first reading counts, however many are under way. */
  const note = ({ rows }: Known, rowKey: string, row: Row | undefined): void => {
    if (!rows.has(rowKey)) rows.set(rowKey, row);
  };

  const get = async (partition: string, rowKey: string): Promise<Row | undefined> => {
    const known = knownOf(partition);
    if (!known.rows.has(rowKey)) note(known, rowKey, await table.get(partition, rowKey));
    return known.rows.get(rowKey);
  };

  const write = ({ rows }: Known, change: RowChange): string => {
    const { rowKey } = change;
    if (change.type === 'delete') {
      rows.set(rowKey, undefined);
      return '';
    }
    writes += 1;
    const etag = `rehearsal-${writes}`;
    const kept = change.type === 'update' ? rows.get(rowKey)?.columns : {};
    rows.set(rowKey, { rowKey, etag, columns: { ...kept, ...change.columns } });
    return etag;
  };

  return {
    get,
    ping: table.ping,

    async *list(partition, from, to) {
      const known = knownOf(partition);
      const readTo = known.readTo.get(from) ?? from;
      if (readTo < to) {
        for await (const row of table.list(partition, readTo, to)) note(known, row.rowKey, row);
        known.readTo.set(from, to);
      }
      const keys = [...known.rows.keys()].filter((key) => key >= from && key < to);
      for (const key of keys.toSorted(byCharacter)) {
        const row = known.rows.get(key);
        if (row !== undefined) yield row;
      }
    },

    async submit(partition, changes): Promise<Submitted> {
      for (const { rowKey } of changes) await get(partition, rowKey);
      const known = knownOf(partition);
      // From here on nothing waits: what is checked is what is changed.
      if (!changes.every((change) => isPossible(known.rows.get(change.rowKey), change)))
        return { type: 'conflict' };
      return {
        type: 'written',
        etags: new Map(changes.map((change) => [change.rowKey, write(known, change)])),
      };
    },
  };
};

interface Known {
  /** Undefined: known not to be there. */
  rows: Map<string, Row | undefined>;
  /** Up to where the ranges from each key have been read. */
  readTo: Map<string, string>;
}

/** Row keys sort by character, in every language. */
const byCharacter = (one: string, other: string): number => (one < other ? -1 : 1);

const isPossible = (row: Row | undefined, change: RowChange): boolean => {
  switch (change.type) {
    case 'create':
      return row === undefined;
    case 'update':
      return row !== undefined && (change.etag === '*' || change.etag === row.etag);
    case 'put':
      return true;
    case 'delete':
      return row !== undefined;
    default:
      return change satisfies never;
  }
};
