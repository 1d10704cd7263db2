import type { Columns, RowChange, Table } from '../../shared/store/table.ts';

/**
 * The table as a newer version of the keeper writes to it: a column more in each record, and a field more in its policy.
 * It is otherwise the same, so that versions can work side by side.
 */
export const newerVersion = (table: Table): Table => ({
  ...table,
  submit: (partition, changes) => table.submit(partition, changes.map(enriched)),
});

export const NEWER_COLUMN = 'newerColumn';
export const NEWER_FIELD = 'newerField';

const enriched = (change: RowChange): RowChange => {
  if (change.type === 'delete' || !/^(session|ended):/.test(change.rowKey)) return change;
  // A touch, which changes nothing.
  if (Object.keys(change.columns).length === 0) return change;
  return { ...change, columns: { ...change.columns, ...newer(change.columns) } };
};

const newer = ({ policy }: Columns): Columns => ({
  [NEWER_COLUMN]: 'kept',
  ...(typeof policy === 'string'
    ? { policy: JSON.stringify({ ...JSON.parse(policy), [NEWER_FIELD]: 'kept' }) }
    : {}),
});
