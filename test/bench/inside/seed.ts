import { MINUTE_MS } from '../../../shared/lease.ts';
import type { LiveSession } from '../../../shared/session.ts';
import { createStore } from '../../../shared/store/store.ts';
import type { RowChange, Table } from '../../../shared/store/table.ts';
import { liveSession, ready } from '../../builders.ts';
import { memoryTable } from '../../memory-table.ts';
import { INSIDE_ACCOUNT } from './app.ts';
import { KNOWN_MINUTES } from './upstream.ts';

/** A kept session that has been Ready for five minutes, as the upstream of the benchmark has it. */
export interface Seed {
  sessionId: string;
  upstreamUrl: string;
  now: number;
  dueAt: number;
  /** Until when a use is noted already. */
  coveredUntil: number;
  /** Less than the margin is left where this is so: what is due is a renewal. */
  leaseMinutes: number;
}

export const seededSession = ({ sessionId, upstreamUrl, now, dueAt, leaseMinutes }: Seed): LiveSession => {
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

/** The rows that the store itself would write for it. */
const rowsOf = async (seed: Seed): Promise<readonly RowChange[]> => {
  const written: RowChange[] = [];
  const table: Table = {
    ...memoryTable(),
    async submit(_, changes) {
      written.push(...changes);
      return { type: 'written', etags: new Map() };
    },
  };
  const { now, coveredUntil } = seed;
  const activity = { lastActivityAt: now, coveredUntil, closed: false };
  await createStore(table, () => 'seeded').insert(seededSession(seed), activity, []);
  return written;
};

/** Rows that one transaction takes. */
const MOST_CHANGES = 100;

/** Puts many sessions into a table, in whole transactions, several at a time. */
export const seedSessions = async (
  table: Table,
  seeds: Iterable<Seed>,
  { atATime }: { atATime: number },
): Promise<void> => {
  const queue = seeds[Symbol.iterator]();
  const nextBatch = async (): Promise<RowChange[]> => {
    const batch: RowChange[] = [];
    for (;;) {
      const { value, done } = queue.next();
      if (done) return batch;
      batch.push(...(await rowsOf(value)));
      if (batch.length + ROWS_EACH > MOST_CHANGES) return batch;
    }
  };
  const work = async (): Promise<void> => {
    for (;;) {
      const batch = await nextBatch();
      if (batch.length === 0) return;
      const { type } = await table.submit(INSIDE_ACCOUNT, batch);
      if (type !== 'written') throw new Error('sessions are there already');
    }
  };
  await Promise.all(Array.from({ length: atATime }, work));
};

/** The record, its activity and its due row. */
const ROWS_EACH = 3;
