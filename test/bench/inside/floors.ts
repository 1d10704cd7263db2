import { afterPrefix, rowKeys } from '../../../shared/store/rows.ts';
import type { RowChange, Table } from '../../../shared/store/table.ts';
import { INSIDE_ACCOUNT } from './app.ts';
import { actionOf, bareCall, bareClient } from './bare.ts';

/** What calls cannot do without, by the bare client of the table and one bare request: no checks, and no keeper. */
export interface Floors {
  pointRead(sessionId: string): Promise<unknown>;
  /** The record and its activity, side by side. */
  twoPointReads(sessionId: string): Promise<unknown>;
  readAndUpdate(sessionId: string): Promise<unknown>;
  /** One range query of all records. */
  records(): Promise<unknown>;
  /** The same rows as the keeper writes, in as many transactions as it has to be, around one upstream call. */
  create(sessionId: string): Promise<unknown>;
  stop(sessionId: string): Promise<unknown>;
}

/** The transactions of one create and one stop, as the keeper has made them: floors write the same columns. */
export interface Samples {
  sessionId: string;
  create: readonly (readonly RowChange[])[];
  stop: readonly (readonly RowChange[])[];
}

/** A table that notes down what is written to it. */
export const noting = (table: Table, notes: (readonly RowChange[])[]): Table => ({
  ...table,
  submit(partition, changes) {
    notes.push(changes);
    return table.submit(partition, changes);
  },
});

export const createFloors = (
  connectionString: string,
  tableName: string,
  upstreamUrl: string,
  samples: Samples,
): Floors => {
  const client = bareClient(connectionString, tableName);
  const read = (rowKey: string) => client.getEntity(INSIDE_ACCOUNT, rowKey);
  const twoPointReads = (sessionId: string) =>
    Promise.all([read(rowKeys.live(sessionId)), read(rowKeys.activity(sessionId))]);
  const submit = (changes: readonly RowChange[], sessionId: string) =>
    client.submitTransaction(
      changes.map((change) =>
        actionOf({ ...change, rowKey: change.rowKey.replace(samples.sessionId, sessionId) }),
      ),
    );

  return {
    pointRead: (sessionId) => read(rowKeys.activity(sessionId)),
    twoPointReads,

    async readAndUpdate(sessionId) {
      const { etag } = await read(rowKeys.activity(sessionId));
      const now = new Date();
      const entity = { partitionKey: INSIDE_ACCOUNT, rowKey: rowKeys.activity(sessionId) };
      await client.updateEntity({ ...entity, lastActivityAt: now, coveredUntil: now }, 'Merge', { etag });
    },

    async records() {
      const prefix = rowKeys.live('');
      const filter = `PartitionKey eq '${INSIDE_ACCOUNT}' and RowKey ge '${prefix}' and RowKey lt '${afterPrefix(prefix)}'`;
      await client.listEntities({ queryOptions: { filter } }).byPage({ maxPageSize: 101 }).next();
    },

    async create(sessionId) {
      const [intent = [], record = []] = samples.create;
      await submit(intent, sessionId);
      const body = JSON.stringify({ maxLeaseTimeMinutes: 60, size: 'Standard' });
      await bareCall(upstreamUrl, 'PUT', sessionId, body);
      await submit(record, sessionId);
    },

    async stop(sessionId) {
      const [wish = [], , record = []] = samples.stop;
      await twoPointReads(sessionId);
      // Without the removals of due rows, which other sessions have at other instants.
      await submit(withoutRemovals(wish), sessionId);
      await bareCall(upstreamUrl, 'POST', `${sessionId}/:stop`, '');
      await submit(withoutRemovals(record), sessionId);
    },
  };
};

const withoutRemovals = (changes: readonly RowChange[]): RowChange[] =>
  changes.filter(({ type }) => type !== 'delete');
