import { TableClient, type TransactionAction } from '@azure/data-tables';
import got from 'got';
import type { RowChange } from '../../../shared/store/table.ts';
import { INSIDE_ACCOUNT } from './app.ts';

/** The client of the table as it comes, without anything of the keeper's around it. */
export const bareClient = (connectionString: string, tableName: string): TableClient =>
  TableClient.fromConnectionString(connectionString, tableName, { allowInsecureConnection: true });

/** A change as the client takes it. What the keeper guards by an etag is written whatever it is. */
export const actionOf = (change: RowChange): TransactionAction => {
  const { type, rowKey } = change;
  const key = { partitionKey: INSIDE_ACCOUNT, rowKey };
  if (type === 'delete') return ['delete', key];
  const entity = { ...key, ...change.columns };
  if (type === 'create') return ['create', entity];
  return type === 'put' ? ['upsert', entity, 'Replace'] : ['update', entity, 'Merge', { etag: '*' }];
};

/** One request to the upstream about a session, by the bare client of HTTP. */
export const bareCall = (
  upstreamUrl: string,
  method: 'PUT' | 'PATCH' | 'POST',
  path: string,
  body: string,
): Promise<unknown> =>
  got(`${upstreamUrl}/accounts/${INSIDE_ACCOUNT}/sessions/${path}?api-version=2021-01-01`, {
    ...{ method, body, retry: { limit: 0 } },
    headers: { 'content-type': 'application/json' },
  });
