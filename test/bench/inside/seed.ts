import { MINUTE_MS } from '../../../shared/lease.ts';
import type { LiveSession } from '../../../shared/session.ts';
import { rowKeys } from '../../../shared/store/rows.ts';
import { createStore } from '../../../shared/store/store.ts';
import type { RowChange } from '../../../shared/store/table.ts';
import { liveSession, ready } from '../../builders.ts';
import { memoryTable } from '../../memory-table.ts';
import { INSIDE_ACCOUNT } from './app.ts';
import { KNOWN_MINUTES } from './upstream.ts';

/** A kept session that has been Ready for five minutes, as the upstream of the benchmark has it. */
export interface Shape {
  upstreamUrl: string;
  now: number;
  /** Until when a use is noted already. */
  coveredUntil: number;
  leaseMinutes: number;
}

/** What each session has of its own. */
export interface Slot {
  sessionId: string;
  dueAt: number;
}

/** Writes what is given to it in one transaction. */
export type Submit = (changes: readonly RowChange[]) => Promise<unknown>;

const sessionOf = ({ upstreamUrl, now, leaseMinutes }: Shape, { sessionId, dueAt }: Slot): LiveSession => {
  const readyAt = now - KNOWN_MINUTES * MINUTE_MS;
  return liveSession({
    ...{ accountId: INSIDE_ACCOUNT, sessionId, upstream: upstreamUrl, dueAt },
    ...{ createdAt: readyAt, observed: ready(readyAt), observedAt: now, seq: 0 },
    policy: { keepAlive: true, idleTimeoutMinutes: 30 },
    leases: { requestedMinutes: leaseMinutes, floorMinutes: leaseMinutes, grantedMinutes: leaseMinutes },
    acknowledgedMinutes: leaseMinutes,
    models: [],
  });
};

const MODEL: Slot = { sessionId: 'model', dueAt: 0 };

/** The rows that the store itself writes for one such session. */
const modelRows = async (shape: Shape): Promise<readonly RowChange[]> => {
  const written: RowChange[] = [];
  const table = {
    ...memoryTable(),
    async submit(_: string, changes: readonly RowChange[]) {
      written.push(...changes);
      return { type: 'written', etags: new Map() } as const;
    },
  };
  const { now, coveredUntil } = shape;
  const activity = { lastActivityAt: now, coveredUntil, closed: false };
  await createStore(table, () => 'seeded').insert(sessionOf(shape, MODEL), activity, []);
  return written.toSorted((one, other) => (one.rowKey < other.rowKey ? -1 : 1));
};

/** The same row for another session. */
const rowFor = (model: RowChange, { sessionId, dueAt }: Slot): RowChange => {
  if (model.type !== 'create' && model.type !== 'put') throw new Error('a new session has new rows');
  const isDue = model.rowKey === rowKeys.due(MODEL.dueAt, MODEL.sessionId);
  const rowKey = isDue
    ? rowKeys.due(dueAt, sessionId)
    : model.rowKey.slice(0, -MODEL.sessionId.length) + sessionId;
  const { columns } = model;
  return {
    ...{ type: 'create', rowKey },
    columns: 'dueAt' in columns ? { ...columns, dueAt: new Date(dueAt) } : columns,
  };
};

/** Rows that one transaction takes. */
export const MOST_CHANGES = 100;

/**
 * Puts many sessions into a table, in whole transactions, several at a time. One kind of row after another: a table that
 * keeps its rows sorted takes them much sooner in their order.
 */
export const seedSessions = async (
  submit: Submit,
  shape: Shape,
  slots: readonly Slot[],
  atATime = 1,
): Promise<void> => {
  for (const model of await modelRows(shape)) {
    const starts = Array.from({ length: Math.ceil(slots.length / MOST_CHANGES) }, (_, n) => n * MOST_CHANGES);
    const queue = starts.values();
    const work = async (): Promise<void> => {
      for (const start of queue)
        await submit(slots.slice(start, start + MOST_CHANGES).map((slot) => rowFor(model, slot)));
    };
    await Promise.all(Array.from({ length: atATime }, work));
  }
};
