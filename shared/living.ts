import { KeepAliveRefusedError, type UnreadableRowError } from './errors.ts';
import { mostKept } from './gate.ts';
import type { AccountRules, LiveSession } from './session.ts';
import type { Store } from './store/store.ts';

/** What is counted over all living records of an account. */

/** Whether the record is one of a session that is kept alive; one that cannot be read is not known to be. */
export const isKept = (row: LiveSession | UnreadableRowError): boolean =>
  !(row instanceof Error) && row.policy.keepAlive && row.desired.state === 'running';

/** Room for another kept session comes when one of the others ends, which takes minutes rather than seconds. */
const RETRY_AFTER_SECONDS = 60;

/**
 * Why no other session can be kept alive: one more than the calls to the upstream can carry would make others lapse.
 * Undefined where there is room. @throws StorageUnavailableError
 */
export const noRoom = async (
  store: Pick<Store, 'list'>,
  accountId: string,
  rules: AccountRules,
): Promise<KeepAliveRefusedError | undefined> => {
  const most = mostKept(rules);
  if (!Number.isFinite(most) || (await countKept(store, accountId)) < most) return undefined;
  const text = `No more than ${most} sessions can be kept alive at the rate at which this account may call its upstream.`;
  return new KeepAliveRefusedError(text, { retryAfterSeconds: RETRY_AFTER_SECONDS, target: 'keepAlive' });
};

const countKept = async (store: Pick<Store, 'list'>, accountId: string): Promise<number> => {
  let kept = 0;
  for await (const { row } of store.list(accountId)) if (isKept(row)) kept += 1;
  return kept;
};
