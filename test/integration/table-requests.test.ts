import { afterAll, beforeAll, expect, it } from 'vitest';
import { openTable, type RowChange, type Table } from '../../shared/store/table.ts';
import { type AzuriteTable, startAzuriteTable } from '../azurite.ts';
import { allOf } from './store-fixture.ts';

/** What one operation of the store's table is at the service: the counts of the guard (test/unit) rest on this. */

const PARTITION = 'counted';
let azurite: AzuriteTable;
let table: Table;
let requests = 0;

beforeAll(async () => {
  azurite = await startAzuriteTable();
  const asks = () => {
    requests += 1;
    return () => undefined;
  };
  table = openTable({ connectionString: azurite.connectionString }, 'counted', { asks });
  const rows = Array.from(
    { length: 25 },
    (_, index): RowChange => ({ type: 'create', rowKey: `row-${index + 10}`, columns: { index } }),
  );
  await table.submit(PARTITION, rows);
});

afterAll(() => azurite.stop());

const row = { rowKey: 'row-10', columns: { changed: true } };

it.each<[string, number, () => Promise<unknown>]>([
  ['a row that is there', 1, () => table.get(PARTITION, 'row-10')],
  ['a row that is not there', 1, () => table.get(PARTITION, 'nothing')],
  ['a range that fits on a page', 1, () => allOf(table.list(PARTITION, 'row-', 'row.'))],
  ['a range of three pages', 3, () => allOf(table.list(PARTITION, 'row-', 'row.', 10))],
  [
    'the first row of a range',
    1,
    () => table.list(PARTITION, 'row-', 'row.', 1)[Symbol.asyncIterator]().next(),
  ],
  ['one change', 1, () => table.submit(PARTITION, [{ ...row, type: 'update', etag: '*' }])],
  [
    'a transaction',
    1,
    () =>
      table.submit(PARTITION, [
        { ...row, type: 'put' },
        { type: 'delete', rowKey: 'row-11' },
      ]),
  ],
  ['a conflict', 1, () => table.submit(PARTITION, [{ type: 'create', rowKey: 'row-12', columns: {} }])],
])('%s takes %d', async (_, expected, operation) => {
  requests = 0;
  await operation();
  expect(requests).toBe(expected);
});
