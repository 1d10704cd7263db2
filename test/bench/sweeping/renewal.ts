import { inParallel } from '../../../shared/parallel.ts';
import { readDueKey, rowKeys } from '../../../shared/store/rows.ts';
import { type RowChange, TABLE_NAME } from '../../../shared/store/table.ts';
import { INSIDE_ACCOUNT } from '../inside/app.ts';
import { actionOf, bareCall, bareClient } from '../inside/bare.ts';
import type { Slot } from '../inside/seed.ts';

/** The two transactions by which a sweep has renewed one session: its intent, and what came of it. */
export interface Renewal {
  slot: Slot;
  intent: readonly RowChange[];
  record: readonly RowChange[];
}

/** Picks them out of all that was written by a sweep of that session alone. */
export const renewalIn = (written: readonly (readonly RowChange[])[], slot: Slot): Renewal => {
  const own = rowKeys.live(slot.sessionId);
  const isOfIt = ({ type, rowKey }: RowChange): boolean => type === 'update' && rowKey === own;
  const [intent, record, ...others] = written.filter((changes) => changes.some(isOfIt));
  if (intent === undefined || record === undefined || others.length > 0)
    throw new Error('a sweep renews a session in two transactions');
  return { slot, intent, record };
};

/**
 * What a sweep asks of the table and of the upstream for the sessions that are due, by their bare clients and as many at
 * a time, without any keeper: what grows of it with the table is the table's own.
 */
export const createBareRenewals = (
  connectionString: string,
  upstreamUrl: string,
  { slot: model, intent, record }: Renewal,
  note: (changes: readonly RowChange[]) => void,
): ((slots: readonly Slot[]) => Promise<void>) => {
  const client = bareClient(connectionString, TABLE_NAME);
  const read = (rowKey: string) => client.getEntity(INSIDE_ACCOUNT, rowKey);
  /** Due rows as far from each other as they were. */
  const keyFor = (rowKey: string, { sessionId, dueAt }: Slot): string =>
    rowKey.startsWith('due:')
      ? rowKeys.due(readDueKey(rowKey).at - model.dueAt + dueAt, sessionId)
      : rowKey.replace(model.sessionId, sessionId);
  const submit = async (changes: readonly RowChange[], slot: Slot): Promise<void> => {
    const own = changes.map((change) => ({ ...change, rowKey: keyFor(change.rowKey, slot) }));
    note(own);
    await client.submitTransaction(own.map(actionOf));
  };

  return async (slots) => {
    await inParallel(slots, ({ sessionId }) =>
      Promise.all([read(rowKeys.live(sessionId)), read(rowKeys.activity(sessionId))]),
    );
    await inParallel(slots, async (slot) => {
      await read(rowKeys.gate);
      await submit(intent, slot);
      await bareCall(upstreamUrl, 'PATCH', slot.sessionId, JSON.stringify({ maxLeaseTimeMinutes: 60 }));
      await submit(record, slot);
    });
  };
};
