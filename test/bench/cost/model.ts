import type { Counted } from '../inside/counts.ts';
import type { AccountHour } from './hours.ts';

/** What 1,000 hours of kept sessions take of what is paid for. Pure: the counts are measured elsewhere. */
export interface Bill {
  executions: number;
  gbSeconds: number;
  tableRequests: number;
  queueOperations: number;
}

/** What a client of a session sends in an hour. */
export interface Client {
  name: string;
  /** Calls of one kind, and the share of them that note use. */
  callsPerHour: number;
  writes: number;
  /** What the call takes where use is noted, and where it is covered already. */
  noting: Counted;
  covered: Counted;
}

/** The timer's ticks and an account's sweeps in an hour, with the default schedule. */
const TICKS = 60;
/** A message is put, taken, and deleted. */
const QUEUE_EACH = 3;
/** An execution counts for 100 ms at least, and for memory in steps of 128 MB. */
const LEAST_SECONDS = 0.1;
/** What a process of the app holds, rounded up to such a step. */
const MEMORY_GB = 0.25;

const requestsOf = ({ reads, queries, writes }: Counted): number => reads + queries + writes;

/** For 1,000 session-hours in accounts of so many sessions, of which each has such a client. */
export const billOf = (hour: AccountHour, client: Client): Bill => {
  const accountHours = 1_000 / hour.sessions;
  const calls = 1_000 * client.callsPerHour;
  const noted = calls * client.writes;
  return {
    // A tick for one account alone: several share it.
    executions: accountHours * 2 * TICKS + calls,
    gbSeconds:
      MEMORY_GB *
      (accountHours * (TICKS * LEAST_SECONDS + Math.max(TICKS * LEAST_SECONDS, hour.sweepSeconds)) +
        calls * LEAST_SECONDS),
    tableRequests:
      accountHours * hour.tableRequests +
      noted * requestsOf(client.noting) +
      (calls - noted) * requestsOf(client.covered),
    queueOperations: accountHours * TICKS * QUEUE_EACH,
  };
};

/** Prices in one currency, each for as many as it is told for. */
export interface Prices {
  perMillionExecutions: number;
  perGbSecond: number;
  perTenThousandTableRequests: number;
  perTenThousandQueueOperations: number;
}

/** Without any free grant. */
export const priceOf = (bill: Bill, prices: Prices): number =>
  (bill.executions / 1e6) * prices.perMillionExecutions +
  bill.gbSeconds * prices.perGbSecond +
  (bill.tableRequests / 1e4) * prices.perTenThousandTableRequests +
  (bill.queueOperations / 1e4) * prices.perTenThousandQueueOperations;
