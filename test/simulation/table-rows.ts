import type { Columns, Row, RowChange, Submitted } from '../../shared/store/table.ts';

/** The rows of Table Storage, without the way to it: etags, order, and transactions that are whole or nothing. */
export interface TableRows {
  get(partition: string, rowKey: string): Row | undefined;
  /** At most so many rows with `from` ≤ RowKey < `to`, and where to go on; undefined when there is nothing more. */
  page(partition: string, from: string, to: string, count: number): { rows: Row[]; next: string | undefined };
  /**
   * `by` names the process that asks, for those who watch.
   * @throws RefusedRequestError for what no service would take
   */
  submit(partition: string, changes: readonly RowChange[], by?: string): Submitted;
  keys(partition: string): readonly string[];
  /** All rows of the partition as they are now; what is given back makes them so again. */
  backUp(partition: string): () => void;
  /** Changes rows as no client of the table would: whatever their etags are. */
  damage(partition: string, changes: readonly RowChange[]): void;
  /** Told of each transaction that was written, with the rows as they were. */
  watch(watcher: (written: Written) => void): void;
}

export interface Written {
  partition: string;
  changes: readonly RowChange[];
  before: ReadonlyMap<string, Row | undefined>;
  /** The process that wrote it. */
  by?: string | undefined;
  /** Written by nobody's wish: from a backup. */
  isRestored: boolean;
  /** Nor this: rows are damaged, or repaired. */
  isDamage: boolean;
}

/** A request that the service answers with 400: a fault of the caller. */
export class RefusedRequestError extends Error {
  override readonly name = 'RefusedRequestError';
}

const MAX_CHANGES = 100;
const MAX_ROW_BYTES = 2 ** 20;
const MAX_TRANSACTION_BYTES = 2 ** 22;
const MAX_TEXT_CHARACTERS = 2 ** 15;
const MAX_COLUMNS = 252;
const MAX_KEY_CHARACTERS = 512;
const FORBIDDEN_IN_KEY = /[/\\#?\p{Cc}]/u;

interface Partition {
  rows: Map<string, Row>;
  /** In the order of the service: by character. */
  keys: string[];
}

export const createTableRows = (): TableRows => {
  const partitions = new Map<string, Partition>();
  const watchers: ((written: Written) => void)[] = [];
  let writes = 0;

  const partitionOf = (name: string): Partition => {
    const known = partitions.get(name);
    if (known !== undefined) return known;
    const made: Partition = { rows: new Map(), keys: [] };
    partitions.set(name, made);
    return made;
  };

  const tell = (written: Omit<Written, 'isRestored' | 'isDamage'> & Partial<Written>): void => {
    for (const watcher of watchers) watcher({ isRestored: false, isDamage: false, ...written });
  };

  const write = ({ rows, keys }: Partition, change: RowChange, etags: Map<string, string>): void => {
    const { rowKey } = change;
    const before = rows.get(rowKey);
    if (change.type === 'delete') {
      rows.delete(rowKey);
      keys.splice(indexOf(keys, rowKey), 1);
      return;
    }
    writes += 1;
    const etag = `W/"datetime'${String(writes).padStart(10, '0')}'"`;
    const kept = change.type === 'update' ? before?.columns : undefined;
    const columns = Object.freeze({ ...kept, ...copied(change.columns) });
    rows.set(rowKey, Object.freeze({ rowKey, etag, columns }));
    if (before === undefined) keys.splice(indexOf(keys, rowKey), 0, rowKey);
    etags.set(rowKey, etag);
  };

  return {
    get: (partition, rowKey) => partitionOf(partition).rows.get(rowKey),
    page(partition, from, to, count) {
      const { rows, keys } = partitionOf(partition);
      const found: Row[] = [];
      for (let index = indexOf(keys, from); index < keys.length; index += 1) {
        const key = keys[index] ?? '';
        if (key >= to) break;
        if (found.length >= count) return { rows: found, next: key };
        const row = rows.get(key);
        if (row !== undefined) found.push(row);
      }
      return { rows: found, next: undefined };
    },
    submit(name, changes, by) {
      check(changes);
      const partition = partitionOf(name);
      if (changes.some((change) => !isPossible(change, partition.rows.get(change.rowKey))))
        return { type: 'conflict' };
      for (const change of changes) {
        const kept = change.type === 'update' ? partition.rows.get(change.rowKey)?.columns : undefined;
        const isTooLarge =
          change.type !== 'delete' && bytesOf({ ...kept, ...change.columns }) > MAX_ROW_BYTES;
        if (isTooLarge) throw new RefusedRequestError(`the row ${change.rowKey} is too large`);
      }
      const before = new Map(changes.map(({ rowKey }) => [rowKey, partition.rows.get(rowKey)]));
      const etags = new Map<string, string>();
      for (const change of changes) write(partition, change, etags);
      tell({ partition: name, changes, before, by });
      return {
        type: 'written',
        etags: new Map(changes.map(({ rowKey }) => [rowKey, etags.get(rowKey) ?? ''])),
      };
    },
    keys: (partition) => partitionOf(partition).keys,
    backUp(name) {
      const kept = [...partitionOf(name).rows.values()];
      return () => {
        const partition = partitionOf(name);
        const before = new Map(partition.rows);
        const keys = new Set(kept.map(({ rowKey }) => rowKey));
        const changes: RowChange[] = [
          ...partition.keys
            .filter((rowKey) => !keys.has(rowKey))
            .map((rowKey) => ({ type: 'delete', rowKey }) as const),
          ...kept.map(({ rowKey, columns }) => ({ type: 'put', rowKey, columns }) as const),
        ];
        for (const change of changes) write(partition, change, new Map());
        tell({ partition: name, changes, before, isRestored: true });
      };
    },
    damage(name, changes) {
      const partition = partitionOf(name);
      const before = new Map(changes.map(({ rowKey }) => [rowKey, partition.rows.get(rowKey)]));
      for (const change of changes) write(partition, change, new Map());
      tell({ partition: name, changes, before, isDamage: true });
    },
    watch(watcher) {
      watchers.push(watcher);
    },
  };
};

const isPossible = (change: RowChange, row: Row | undefined): boolean => {
  switch (change.type) {
    case 'create':
      return row === undefined;
    case 'update':
      return row !== undefined && (change.etag === '*' || change.etag === row.etag);
    case 'delete':
      return row !== undefined;
    case 'put':
      return true;
    default:
      return change satisfies never;
  }
};

const check = (changes: readonly RowChange[]): void => {
  const refuse = (why: string): never => {
    throw new RefusedRequestError(why);
  };
  if (changes.length === 0 || changes.length > MAX_CHANGES) refuse(`${changes.length} changes at once`);
  if (new Set(changes.map(({ rowKey }) => rowKey)).size < changes.length) refuse('a row comes twice');
  let bytes = 0;
  for (const change of changes) {
    if (change.rowKey.length > MAX_KEY_CHARACTERS || FORBIDDEN_IN_KEY.test(change.rowKey))
      refuse(`no key of a row: ${change.rowKey}`);
    if (change.type === 'update' && change.etag === '') refuse('an update without an etag');
    if (change.type === 'delete') continue;
    const values = Object.values(change.columns);
    if (values.length > MAX_COLUMNS) refuse(`the row ${change.rowKey} has ${values.length} columns`);
    if (values.some((value) => !isStorable(value))) refuse(`the row ${change.rowKey} has a value of no type`);
    bytes += bytesOf(change.columns);
  }
  if (bytes > MAX_TRANSACTION_BYTES) refuse(`${bytes} bytes at once`);
};

const isStorable = (value: unknown): boolean => {
  if (typeof value === 'string') return value.length <= MAX_TEXT_CHARACTERS;
  if (value instanceof Date) return Number.isFinite(value.getTime());
  return typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value));
};

/** As the service counts: UTF-16 text, 8 bytes for what is not text, and the names. */
const bytesOf = (columns: Columns): number => {
  let bytes = 0;
  for (const name in columns) {
    const value = columns[name];
    bytes += 8 + 2 * name.length + (typeof value === 'string' ? 4 + 2 * value.length : 8);
  }
  return bytes;
};

/** What is stored is nobody else's, and is handed out frozen. */
const copied = (columns: Columns): Columns => {
  const copy: Columns = {};
  for (const name in columns) {
    const value = columns[name];
    if (value !== undefined) copy[name] = value instanceof Date ? new Date(value) : value;
  }
  return copy;
};

/** Where the key is, or belongs. */
const indexOf = (keys: readonly string[], key: string): number => {
  let [low, high] = [0, keys.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((keys[middle] ?? '') < key) low = middle + 1;
    else high = middle;
  }
  return low;
};
