import { createReadStream, createWriteStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { odata, RestError, TableClient } from '@azure/data-tables';

/**
 * `node infra/azure/back-up.ts save|restore <table> <file>`: a table as a file, a row on each line, and back. Where the
 * table is says TABLE_URL, with TABLE_TOKEN of somebody who may (docs/operations.md); or AzureWebJobsStorage, with a
 * connection string.
 */

/** A row as it is written: what JSON has as it is, anything else beside its type, so that it comes back as it was. */
type Row = Record<string, unknown> & { partitionKey: string; rowKey: string };

/** The command line, the settings or the table are not such that anything could be done; nothing was. */
class UsageError extends Error {
  override readonly name = 'UsageError';
}

const USAGE = 'node infra/azure/back-up.ts save|restore <table> <file>';
/** The service takes so many rows of one partition at once. */
const AT_ONCE = 100;

const openTable = (environment: NodeJS.ProcessEnv, name: string): TableClient => {
  const { TABLE_URL: url, TABLE_TOKEN: token, AzureWebJobsStorage: connection } = environment;
  if (url && token) {
    // Longer than the token lives: the service says when it is over.
    const credential = { getToken: async () => ({ token, expiresOnTimestamp: Date.now() + 86_400_000 }) };
    return new TableClient(url, name, credential);
  }
  if (!connection) throw new UsageError('TABLE_URL and TABLE_TOKEN, or AzureWebJobsStorage, must be set.');
  return TableClient.fromConnectionString(connection, name, { allowInsecureConnection: true });
};

/** The SDK's own types go by the value: any whole number is an Int32 to it, which the service refuses for an instant. */
const isTyped = (value: unknown): value is { type: string; value: string } =>
  typeof value === 'object' && value !== null && 'type' in value && 'value' in value;
const plain = (value: unknown): unknown => {
  if (!isTyped(value)) return value;
  switch (value.type) {
    case 'String':
      return value.value;
    case 'Boolean':
      return value.value === 'true';
    case 'Int32':
    case 'Double':
      return Number.isFinite(Number(value.value)) ? Number(value.value) : value;
    default:
      return value;
  }
};

async function* linesOf(table: TableClient): AsyncGenerator<string> {
  for await (const { etag, timestamp, ...row } of table.listEntities<Row>({ disableTypeConversion: true })) {
    const own = Object.entries(row).filter(([name]) => !name.startsWith('odata.'));
    yield `${JSON.stringify(Object.fromEntries(own.map(([name, value]) => [name, plain(value)])))}\n`;
  }
}

/** @returns how many rows were written to the file */
const save = async (table: TableClient, file: string): Promise<number> => {
  let rows = 0;
  const counted = async function* (): AsyncGenerator<string> {
    for await (const line of linesOf(table)) {
      rows += 1;
      yield line;
    }
  };
  await pipeline(Readable.from(counted()), createWriteStream(file, { flags: 'wx' }));
  return rows;
};

/** The service deletes a table for some time after it has said that it did. */
const create = async (table: TableClient): Promise<void> => {
  try {
    await table.createTable();
  } catch (error) {
    const isBeingDeleted = error instanceof RestError && error.statusCode === 409;
    if (isBeingDeleted) throw new UsageError('The table is still being deleted: try again in a minute.');
    throw error;
  }
};

/** Writes into an empty table only: rows of two moments would contradict each other. @returns how many rows */
const restore = async (table: TableClient, file: string): Promise<number> => {
  await create(table);
  const first = await table
    .listEntities({ queryOptions: { filter: odata`PartitionKey ge ${''}` } })
    .byPage({ maxPageSize: 1 })
    .next();
  if ((first.value ?? []).length > 0) throw new UsageError('The table is not empty: nothing was restored.');
  let rows = 0;
  let batch: Row[] = [];
  const write = async (): Promise<void> => {
    if (batch.length === 0) return;
    await table.submitTransaction(batch.map((row) => ['create', row]));
    rows += batch.length;
    batch = [];
  };
  for await (const line of createInterface({ input: createReadStream(file) })) {
    const row = JSON.parse(line) as Row;
    if (batch.length === AT_ONCE || (batch[0] ?? row).partitionKey !== row.partitionKey) await write();
    batch.push(row);
  }
  await write();
  return rows;
};

const run = async ([what, name, file]: readonly string[]): Promise<string> => {
  if ((what !== 'save' && what !== 'restore') || !name || !file) throw new UsageError(USAGE);
  const table = openTable(process.env, name);
  return what === 'save'
    ? `${await save(table, file)} rows saved to ${file}`
    : `${await restore(table, file)} rows restored from ${file}`;
};

try {
  console.log(await run(process.argv.slice(2)));
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
