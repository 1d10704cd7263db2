import type { Columns, Row, RowChange, Submitted, Table } from '../../shared/store/table.ts';

/** Small stories about a table, each told as data: the double and the real one have to tell the same. */

type Tell = (table: Table, partition: string) => Promise<unknown>;

const create = (rowKey: string, columns: Columns = {}): RowChange => ({ type: 'create', rowKey, columns });
const put = (rowKey: string, columns: Columns = {}): RowChange => ({ type: 'put', rowKey, columns });
const update = (rowKey: string, etag: string, columns: Columns = {}): RowChange => ({
  type: 'update',
  rowKey,
  columns,
  etag,
});
const remove = (rowKey: string): RowChange => ({ type: 'delete', rowKey });

const etagOf = (submitted: Submitted, rowKey: string): string =>
  submitted.type === 'written' ? (submitted.etags.get(rowKey) ?? '') : '';
const keysOf = async (rows: AsyncIterable<Row>): Promise<string[]> => {
  const keys: string[] = [];
  for await (const { rowKey } of rows) keys.push(rowKey);
  return keys;
};
const told = ({ type }: Submitted): string => type;
/** Without what the service says about the answer itself. */
const columnsOf = async (table: Table, partition: string, rowKey: string): Promise<Columns | undefined> => {
  const row = await table.get(partition, rowKey);
  if (row === undefined) return undefined;
  return Object.fromEntries(Object.entries(row.columns).filter(([name]) => !name.startsWith('odata.')));
};

export const TABLE_STORIES: Record<string, Tell> = {
  'a row that is not there': async (table, partition) => table.get(partition, 'nothing'),

  'every type of column comes back as it was': async (table, partition) => {
    const columns = { text: 'ä', empty: '', whole: 7, part: 1.5, yes: true, at: new Date(1_700_000_000_123) };
    await table.submit(partition, [create('typed', columns), create('other')]);
    return columnsOf(table, partition, 'typed');
  },

  'the etag of a write is that of the row': async (table, partition) => {
    const first = await table.submit(partition, [create('a', { count: 1 }), put('b')]);
    const read = await table.get(partition, 'a');
    const second = await table.submit(partition, [update('a', etagOf(first, 'a'), { count: 2 })]);
    return [
      read?.etag === etagOf(first, 'a'),
      etagOf(first, 'a') === etagOf(second, 'a'),
      (await table.get(partition, 'a'))?.etag === etagOf(second, 'a'),
    ];
  },

  'an update merges, a put replaces': async (table, partition) => {
    await table.submit(partition, [create('a', { one: 1, two: 2 }), create('b', { one: 1, two: 2 })]);
    await table.submit(partition, [update('a', '*', { two: 3 }), put('b', { two: 3 })]);
    return [await columnsOf(table, partition, 'a'), await columnsOf(table, partition, 'b')];
  },

  'a single update is no transaction, and the same': async (table, partition) => {
    const made = await table.submit(partition, [create('a', { one: 1 })]);
    const old = etagOf(made, 'a');
    return [
      told(await table.submit(partition, [update('a', old, { one: 2 })])),
      told(await table.submit(partition, [update('a', old, { one: 3 })])),
      told(await table.submit(partition, [update('missing', '*', { one: 3 })])),
      await columnsOf(table, partition, 'a'),
    ];
  },

  'one change that is not possible undoes all': async (table, partition) => {
    const made = await table.submit(partition, [create('a', { one: 1 }), create('b')]);
    const stale = etagOf(made, 'a');
    await table.submit(partition, [update('a', stale, { one: 2 })]);
    const tries: RowChange[][] = [
      [create('new'), create('b')],
      [create('new'), update('a', stale, { one: 3 })],
      [create('new'), update('missing', '*')],
      [create('new'), remove('missing')],
      [remove('b'), update('a', stale, { one: 4 })],
    ];
    const answers: string[] = [];
    for (const changes of tries) answers.push(told(await table.submit(partition, changes)));
    return [answers, await keysOf(table.list(partition, ' ', '~')), await columnsOf(table, partition, 'a')];
  },

  'a row that was removed can be made anew, under another etag': async (table, partition) => {
    const made = await table.submit(partition, [create('a', { one: 1 }), create('b')]);
    await table.submit(partition, [remove('a'), put('b')]);
    const again = await table.submit(partition, [create('a', { two: 2 }), put('b')]);
    return [etagOf(made, 'a') === etagOf(again, 'a'), await columnsOf(table, partition, 'a')];
  },

  'rows come in the order of their characters, within their bounds': async (table, partition) => {
    const keys = [
      'due:9',
      'due:10',
      'due:09',
      'Due:1',
      'activity:x',
      'session:a-b',
      'session:a',
      'session:a_b',
    ];
    await table.submit(
      partition,
      keys.map((key) => create(key)),
    );
    return [
      await keysOf(table.list(partition, ' ', '~')),
      await keysOf(table.list(partition, 'due:', 'due:1')),
      await keysOf(table.list(partition, 'session:', 'session;')),
      await keysOf(table.list(partition, 'session:', 'session;', 1)),
    ];
  },

  'partitions do not meet': async (table, partition) => {
    await table.submit(partition, [create('a'), create('b')]);
    const other = `${partition}-other`;
    return [
      await table.get(other, 'a'),
      told(await table.submit(other, [create('a'), create('b')])),
      await keysOf(table.list(other, ' ', '~')),
    ];
  },

  'what is handed out is nobody else’s': async (table, partition) => {
    const columns = { one: 1 };
    await table.submit(partition, [create('a', columns), create('b')]);
    columns.one = 2;
    return columnsOf(table, partition, 'a');
  },

  'a row comes but once in a transaction': (table, partition) =>
    table.submit(partition, [create('a'), put('a')]).then(told, () => 'refused'),

  'a transaction has at most a hundred changes': (table, partition) =>
    table
      .submit(
        partition,
        Array.from({ length: 101 }, (_, index) => create(`row-${index}`)),
      )
      .then(told, () => 'refused'),
};
