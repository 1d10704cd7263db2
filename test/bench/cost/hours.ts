import { createTableRows } from '../../simulation/table-rows.ts';
import { countedRows, since } from '../inside/counted-rows.ts';
import { createAccount } from '../simulated/account.ts';
import { createKeptSessions } from '../simulated/kept.ts';

/** What the keeper does by itself in an hour for one account with so many kept sessions, by simulated time. */
export interface AccountHour {
  sessions: number;
  /** Requests to the table, of all kinds. */
  tableRequests: number;
  upstreamCalls: number;
  /** How long its sweeps take together, with their waits for the gap between calls. */
  sweepSeconds: number;
}

const HOUR_MS = 3_600_000;
/** By then all are Ready and have been renewed; whole hours, and before the cap of a day. */
const [FROM_HOURS, TO_HOURS] = [3, 9] as const;

/** With the default gap of five seconds, the default policy, and a timer that ticks each minute. */
export const accountHour = async (sessions: number, seed: number): Promise<AccountHour> => {
  const { rows, operations } = countedRows(createTableRows());
  const account = createAccount(seed, rows);
  const { world, books } = account;
  createKeptSessions(account, { count: sessions });
  await account.run(world.start + FROM_HOURS * HOUR_MS);
  const [before, calls, sweptMs] = [operations(), account.calls().length, account.sweptMs()];
  await account.run(world.start + TO_HOURS * HOUR_MS);
  if (books.living().length !== sessions) throw new Error('not all sessions are left');
  const { reads, queries, writes } = since(operations(), before);
  const hours = TO_HOURS - FROM_HOURS;
  return {
    sessions,
    tableRequests: (reads + queries + writes) / hours,
    upstreamCalls: (account.calls().length - calls) / hours,
    sweepSeconds: (account.sweptMs() - sweptMs) / 1000 / hours,
  };
};
