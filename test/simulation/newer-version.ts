import type { Columns, RowChange, Table } from '../../shared/store/table.ts';

/**
 * The table as a newer version of the keeper writes to it: a column more in each row that others change as well, and a
 * field more in what a record goes on keeping. It is otherwise the same, so that versions can work side by side.
 */
export const newerVersion = (table: Table): Table => ({
  ...table,
  submit: (partition, changes) => table.submit(partition, changes.map(enriched)),
});

export const NEWER_COLUMN = 'newerColumn';
export const NEWER_FIELD = 'newerField';
/** Columns of JSON whose fields are changed one by one; the others are written anew with all that they say. */
export const LASTING = ['policy', 'leases', 'creation', 'requestedWishes'] as const;

const enriched = (change: RowChange): RowChange => {
  if (change.type === 'delete' || !/^(session|ended|activity|event):|^gate$/.test(change.rowKey))
    return change;
  // A touch, which changes nothing.
  if (Object.keys(change.columns).length === 0) return change;
  return {
    ...change,
    columns: { ...change.columns, [NEWER_COLUMN]: 'kept', ...newerFields(change.columns) },
  };
};

const newerFields = (columns: Columns): Columns =>
  Object.fromEntries(
    LASTING.flatMap((name) => {
      const text = columns[name];
      if (typeof text !== 'string') return [];
      return [[name, JSON.stringify({ ...JSON.parse(text), [NEWER_FIELD]: 'kept' })]];
    }),
  );
