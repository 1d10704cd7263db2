import type { UnreadableRowError } from './errors.ts';
import type { LiveSession } from './session.ts';
import type { Store } from './store/store.ts';

/** What is counted over all living records of an account. */

/** Whether the record is one of a session that is kept alive; one that cannot be read is not known to be. */
export const isKept = (row: LiveSession | UnreadableRowError): boolean =>
  !(row instanceof Error) && row.policy.keepAlive && row.desired.state === 'running';

/** How many sessions are kept alive. @throws StorageUnavailableError */
export const countKept = async (store: Pick<Store, 'list'>, accountId: string): Promise<number> => {
  let kept = 0;
  for await (const { row } of store.list(accountId)) if (isKept(row)) kept += 1;
  return kept;
};
