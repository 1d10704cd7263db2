import { odata, RestError, TableClient, type TransactionAction } from '@azure/data-tables';
import type { TokenCredential } from '@azure/identity';
import type { StorageConfig } from '../config-storage.ts';
import { StorageUnavailableError } from '../errors.ts';
import { identityCredential, NoIdentityError } from './identity.ts';

/** The few operations of Table Storage that the store is made of, with its errors sorted into those that matter. */

export type Columns = Record<string, string | number | boolean | Date>;

export interface Row {
  rowKey: string;
  etag: string;
  columns: Columns;
}

/**
 * One change of a transaction. `update` merges columns into a row under its etag (`*` must be said in so many
 * words); `put` writes a row whether or not it exists. A delete cannot carry an etag: the SDK has no such option in
 * transactions.
 */
export type RowChange =
  | { type: 'create'; rowKey: string; columns: Columns }
  | { type: 'update'; rowKey: string; columns: Columns; etag: string }
  | { type: 'put'; rowKey: string; columns: Columns }
  | { type: 'delete'; rowKey: string };

/** `conflict`: a row was there, was not there, or had changed (409, 404, 412); nothing was written. */
export type Submitted = { type: 'written'; etags: ReadonlyMap<string, string> } | { type: 'conflict' };

/** The seam between the store's rules and the wire. */
export interface Table {
  get(partition: string, rowKey: string): Promise<Row | undefined>;
  /**
   * Rows with `from` ≤ RowKey < `to`, in order, so many at a time (by default as many as the table gives at once).
   * Follows continuation tokens, through empty pages as well.
   */
  list(partition: string, from: string, to: string, atATime?: number): AsyncIterable<Row>;
  /** All changes or none; at most 100, each row once. */
  submit(partition: string, changes: readonly RowChange[]): Promise<Submitted>;
  /** Whether the table answers at all. */
  ping(): Promise<void>;
}

/** The one table of the app. */
export const TABLE_NAME = 'leasekeeper';

/** One operation with its retry ends within this time, so that a table that is down is a 503 within 3 s. */
const OPERATION_TIMEOUT_MS = 2_000;
/** What a caller is told to wait while the table is down. */
const RETRY_AFTER_SECONDS = 5;

/** How the table is reached: with what a connection string has, or as somebody. */
export type TableAccess =
  | { connectionString: string }
  | { tableServiceUri: string; credential: TokenCredential };

/** The way to the table that the settings name; nothing is asked of anybody yet. */
export const accessOf = (storage: StorageConfig): TableAccess =>
  storage.by === 'identity'
    ? { tableServiceUri: storage.tableServiceUri, credential: identityCredential(storage.clientId) }
    : { connectionString: storage.connectionString };

/** What an operation of the table is called by those who look on. */
export type TableOperation = 'get' | 'list' | 'submit' | 'ping';
/** Stands around an operation, with its retry. */
export type AroundTable = <Result>(operation: TableOperation, work: () => Promise<Result>) => Promise<Result>;

export interface TableOptions {
  /** Called with each request, and what it gives back with the service's own time in the reply, in Unix milliseconds. */
  asks?: () => (tableTime: number) => void;
  around?: AroundTable;
  /** False where the caller only looks: a table that is missing is not made. */
  isMade?: boolean;
}

/**
 * The table of this name in the storage account. It is made when it is first found missing, unless the caller only looks.
 * Every failure that a later try may not have is a StorageUnavailableError.
 */
export const openTable = (
  access: TableAccess,
  tableName: string,
  { asks = () => () => undefined, around = (_operation, work) => work(), isMade = true }: TableOptions = {},
): Table => {
  const client = clientOf(access, tableName);
  client.pipeline.addPolicy({
    name: 'noteTime',
    async sendRequest(request, next) {
      const noteTime = asks();
      const response = await next(request);
      const time = Date.parse(response.headers.get('date') ?? '');
      if (!Number.isNaN(time)) noteTime(time);
      return response;
    },
  });

  const attempted = async <Result>(
    operation: (abortSignal: AbortSignal) => Promise<Result>,
  ): Promise<Result> => {
    const attempt = (): Promise<Result> => operation(AbortSignal.timeout(OPERATION_TIMEOUT_MS));
    try {
      return await attempt();
    } catch (error) {
      if (!isTableMissing(error)) throw sorted(error);
      if (!isMade)
        throw new StorageUnavailableError('There is no table: the app has never run on this storage.');
    }
    try {
      await client.createTable({ abortSignal: AbortSignal.timeout(OPERATION_TIMEOUT_MS) });
      return await attempt();
    } catch (error) {
      throw sorted(error);
    }
  };

  const run = <Result>(
    name: TableOperation,
    operation: (abortSignal: AbortSignal) => Promise<Result>,
  ): Promise<Result> => around(name, () => attempted(operation));

  return {
    get: (partition, rowKey) =>
      run('get', async (abortSignal) => {
        try {
          return toRow(await client.getEntity<Record<string, unknown>>(partition, rowKey, { abortSignal }));
        } catch (error) {
          if (isRowMissing(error)) return undefined;
          throw error;
        }
      }),

    async *list(partition, from, to, maxPageSize) {
      const filter = odata`PartitionKey eq ${partition} and RowKey ge ${from} and RowKey lt ${to}`;
      let continuationToken: string | undefined;
      do {
        const page = await run('list', async (abortSignal) => {
          const options = { queryOptions: { filter }, abortSignal };
          const pages = client.listEntities<Record<string, unknown>>(options);
          const settings = {
            ...(continuationToken === undefined ? {} : { continuationToken }),
            ...(maxPageSize === undefined ? {} : { maxPageSize }),
          };
          const { value } = await pages.byPage(settings).next();
          return { rows: (value ?? []).map(toRow), continuationToken: value?.continuationToken };
        });
        yield* page.rows;
        continuationToken = page.continuationToken;
      } while (continuationToken !== undefined);
    },

    submit: (partition, changes) =>
      run('submit', async (abortSignal): Promise<Submitted> => {
        try {
          const [only, ...others] = changes;
          if (only?.type === 'update' && others.length === 0) {
            const entity = { partitionKey: partition, rowKey: only.rowKey, ...only.columns };
            const { etag } = await client.updateEntity(entity, 'Merge', { etag: only.etag, abortSignal });
            return { type: 'written', etags: new Map([[only.rowKey, etag ?? '']]) };
          }
          const actions = changes.map((change) => toAction(partition, change));
          const { subResponses } = await client.submitTransaction(actions, { abortSignal });
          const etags = changes.map(
            ({ rowKey }, index) => [rowKey, subResponses[index]?.etag?.trim() ?? ''] as const,
          );
          return { type: 'written', etags: new Map(etags) };
        } catch (error) {
          if (isConflict(error)) return { type: 'conflict' };
          throw error;
        }
      }),

    ping: () =>
      run('ping', async (abortSignal) => {
        await client
          .listEntities({ queryOptions: { filter: "PartitionKey eq ''" }, abortSignal })
          .byPage()
          .next();
      }),
  };
};

const clientOf = (access: TableAccess, tableName: string): TableClient => {
  const options = {
    // The settings allow it for this machine only.
    allowInsecureConnection: true,
    retryOptions: { maxRetries: 1, retryDelayInMs: 100, maxRetryDelayInMs: 200 },
  };
  return 'credential' in access
    ? new TableClient(access.tableServiceUri, tableName, access.credential, options)
    : TableClient.fromConnectionString(access.connectionString, tableName, options);
};

const toAction = (partitionKey: string, change: RowChange): TransactionAction => {
  const { type, rowKey } = change;
  switch (type) {
    case 'create':
      return ['create', { partitionKey, rowKey, ...change.columns }];
    case 'update':
      return ['update', { partitionKey, rowKey, ...change.columns }, 'Merge', { etag: change.etag }];
    case 'put':
      return ['upsert', { partitionKey, rowKey, ...change.columns }, 'Replace'];
    case 'delete':
      return ['delete', { partitionKey, rowKey }];
    default:
      return type satisfies never;
  }
};

const toRow = (entity: Record<string, unknown>): Row => {
  const { partitionKey, rowKey, etag, timestamp, ...rest } = entity;
  // What the protocol adds, such as `odata.metadata`, is no column, and must not become one of another row.
  const columns = Object.fromEntries(Object.entries(rest).filter(([name]) => !name.startsWith('odata.')));
  return { rowKey: String(rowKey), etag: String(etag), columns: columns as Columns };
};

const isTableMissing = (error: unknown): boolean =>
  error instanceof RestError && error.statusCode === 404 && codeOf(error) === 'TableNotFound';

const isRowMissing = (error: unknown): boolean =>
  error instanceof RestError && error.statusCode === 404 && !isTableMissing(error);

/** The conflicts of rows; those of the table itself, such as its being deleted, are over at another try. */
const isConflict = (error: unknown): boolean =>
  isRowMissing(error) ||
  (error instanceof RestError &&
    (error.statusCode === 409 || error.statusCode === 412) &&
    !(codeOf(error) ?? '').startsWith('Table'));

const codeOf = (error: RestError): string | undefined => {
  const details = error.details as { odataError?: { code?: string } } | undefined;
  return details?.odataError?.code ?? error.code;
};

/** A wrong request is a fault of ours and stays what it is; everything else may be over at the next try. */
const sorted = (error: unknown): unknown => {
  if (error instanceof RestError && error.statusCode === 400) return error;
  const isOfTheTable =
    error instanceof RestError ||
    error instanceof NoIdentityError ||
    (error instanceof Error && error.name === 'AbortError');
  if (!isOfTheTable) return error;
  return new StorageUnavailableError('The table does not answer.', {
    retryAfterSeconds: RETRY_AFTER_SECONDS,
    cause: error,
  });
};
