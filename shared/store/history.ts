import type { HistoryEvent } from '../outcome.ts';
import type { EndedSession } from '../session.ts';
import type { Found } from './commit.ts';
import { type GateChange, gateRows } from './gate.ts';
import { afterPrefix, rowKeys, writeEvent } from './rows.ts';
import type { RowChange, Table } from './table.ts';

/** The history of a session beyond the transactions of its record, and how it is forgotten with it. */
export interface History {
  /** Adds to the history of a session that is over; false where somebody else did meanwhile, or changed the gate. */
  add(session: EndedSession, event: HistoryEvent, gate?: GateChange): Promise<boolean>;
  /**
   * The number of the last event, where there are more than the record counts, as in a table of which parts were
   * restored; undefined where that is not so, or the record has changed since it was found.
   */
  ahead(found: Found): Promise<number | undefined>;
  /** Removes an ended session with its history; false where somebody else removed a part of it meanwhile. */
  forget(session: EndedSession): Promise<boolean>;
}

/** Table Storage takes at most 100 changes in a transaction. */
const BATCH = 100;

/** The rows of these events, behind the `seq` that there are. */
export const eventRows = (sessionId: string, seq: number, events: readonly HistoryEvent[]): RowChange[] =>
  events.map((event, index) => ({
    type: 'create',
    rowKey: rowKeys.event(sessionId, seq + index + 1),
    columns: writeEvent(event),
  }));

export const createHistory = (table: Table): History => {
  const keysOf = async (accountId: string, sessionId: string): Promise<string[]> => {
    const prefix = rowKeys.eventsOf(sessionId);
    const keys: string[] = [];
    for await (const { rowKey } of table.list(accountId, prefix, afterPrefix(prefix))) keys.push(rowKey);
    return keys;
  };

  const lastOf = async (accountId: string, sessionId: string): Promise<number> => {
    const last = (await keysOf(accountId, sessionId)).at(-1);
    return last === undefined ? 0 : Number(last.slice(rowKeys.eventsOf(sessionId).length));
  };

  return {
    async add({ accountId, sessionId, seq }, event, gate) {
      const last = Math.max(seq, await lastOf(accountId, sessionId));
      const rows = [...eventRows(sessionId, last, [event]), ...gateRows(gate)];
      return (await table.submit(accountId, rows)).type === 'written';
    },

    async ahead({ session: { accountId, sessionId, seq }, etag }) {
      if ((await table.get(accountId, rowKeys.live(sessionId)))?.etag !== etag) return undefined;
      const last = await lastOf(accountId, sessionId);
      return last > seq ? last : undefined;
    },

    async forget({ accountId, sessionId, dueAt }) {
      const ended = rowKeys.ended(sessionId);
      const events = await keysOf(accountId, sessionId);
      // The id may be used again as soon as the record is gone: nothing is removed but together with a sign of it.
      let etag = (await table.get(accountId, ended))?.etag;
      for (let first = 0; first < events.length; first += BATCH - 1) {
        if (etag === undefined) return false;
        const removals = events.slice(first, first + BATCH - 1).map(removal);
        const touch: RowChange = { type: 'update', rowKey: ended, columns: {}, etag };
        const submitted = await table.submit(accountId, [touch, ...removals]);
        if (submitted.type === 'conflict') return false;
        etag = submitted.etags.get(ended);
      }
      const others = [rowKeys.activity(sessionId), rowKeys.due(dueAt, sessionId)];
      const present = await Promise.all(others.map((rowKey) => table.get(accountId, rowKey)));
      const left = others.filter((_, index) => present[index] !== undefined);
      return (await table.submit(accountId, [ended, ...left].map(removal))).type === 'written';
    },
  };
};

const removal = (rowKey: string): RowChange => ({ type: 'delete', rowKey });
