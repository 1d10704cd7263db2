import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { REPOSITORY } from '../../../infra/local/stack.ts';
import { CALL_CASES, countAudit, countCall, countSweep, shareOfWrites } from '../inside/counts.ts';
import { formatNumber } from '../table.ts';
import { accountHour } from './hours.ts';
import { billOf, type Client, type Prices, priceOf } from './model.ts';

/**
 * The tables of `docs/cost.md`, measured: `node test/bench/cost/tables.ts` writes them anew between their marks, and a
 * test holds the document against them.
 */

export const COST_DOCUMENT = join(REPOSITORY, 'docs', 'cost.md');

/** What the document says of them, and of their sources, is beside them there. */
export const PRICES: Prices = {
  perMillionExecutions: 0.2,
  perGbSecond: 0.000016,
  perTenThousandTableRequests: 0.00036,
  perTenThousandQueueOperations: 0.004,
};

const SEED = 1;
const SIZES = [1, 10, 100] as const;
const MINUTE_MS = 60_000;
/** A heartbeat each two minutes, or a client of today that polls its properties. */
const [BEAT_MS, POLL_MS] = [2 * MINUTE_MS, MINUTE_MS / 6] as const;

const row = (cells: readonly (string | number)[]): string =>
  `| ${cells.map((cell) => (typeof cell === 'number' ? formatNumber(cell) : cell)).join(' | ')} |`;

const counts = async (): Promise<string> => {
  const lines: string[] = [];
  for (const one of CALL_CASES) {
    const { reads, queries, writes, upstream } = await countCall(one);
    lines.push(row([one.name, reads + queries, writes, upstream]));
  }
  for (const [name, counting] of [
    ['sweep, nothing due', countSweep(1_000, 0)],
    ['sweep, 100 renewals due', countSweep(1_000, 100)],
    ['sweep that reads the list and counts 1,000 sessions', countAudit(1_000)],
  ] as const) {
    const { reads, queries, writes, upstream } = await counting;
    lines.push(row([name, reads + queries, writes, upstream]));
  }
  const head =
    '| call | table reads and queries | table writes | upstream calls |\n| --- | ---: | ---: | ---: |';
  return [head, ...lines].join('\n');
};

const clients = async (): Promise<readonly Client[]> => {
  const ofCase = async (name: (typeof CALL_CASES)[number]['name']) => {
    const one = CALL_CASES.find((known) => known.name === name);
    if (one === undefined) throw new Error(`there is no call ${name}`);
    return countCall(one);
  };
  const writes = (everyMs: number) => shareOfWrites(10, everyMs, 60 * MINUTE_MS);
  return [
    {
      name: 'a heartbeat each 2 min',
      callsPerHour: (60 * MINUTE_MS) / BEAT_MS,
      writes: await writes(BEAT_MS),
      noting: await ofCase('heartbeat that writes'),
      covered: await ofCase('heartbeat, covered already'),
    },
    {
      name: 'properties each 10 s',
      callsPerHour: (60 * MINUTE_MS) / POLL_MS,
      writes: await writes(POLL_MS),
      noting: await ofCase('properties that note use'),
      covered: await ofCase('properties, covered already'),
    },
  ];
};

const bills = async (): Promise<{ hours: string; bill: string }> => {
  const hours = await Promise.all(SIZES.map((sessions) => accountHour(sessions, SEED)));
  const hourHead =
    '| kept sessions in the account | table requests | upstream calls | seconds of sweeps |\n| ---: | ---: | ---: | ---: |';
  const billHead =
    '| client | sessions in the account | executions | GB-seconds | table requests | queue operations | at the prices below |\n| --- | ---: | ---: | ---: | ---: | ---: | ---: |';
  const billed = (await clients()).flatMap((client) =>
    hours.map((hour) => {
      const bill = billOf(hour, client);
      const { executions, gbSeconds, tableRequests, queueOperations } = bill;
      const whole = [executions, gbSeconds, tableRequests, queueOperations].map(Math.round);
      return row([client.name, hour.sessions, ...whole, `$${priceOf(bill, PRICES).toFixed(3)}`]);
    }),
  );
  return {
    hours: [
      hourHead,
      ...hours.map(({ sessions, tableRequests, upstreamCalls, sweepSeconds }) =>
        row([sessions, Math.round(tableRequests), Math.round(upstreamCalls), Math.round(sweepSeconds)]),
      ),
    ].join('\n'),
    bill: [billHead, ...billed].join('\n'),
  };
};

/** The document with its tables as they are measured now. @throws Error where a mark is missing */
export const withTables = async (document: string): Promise<string> => {
  const tables = { counts: await counts(), ...(await bills()) };
  return Object.entries(tables).reduce((text, [name, table]) => {
    const between = new RegExp(`(<!-- ${name} -->\\n)[^]*?(<!-- /${name} -->)`);
    if (!between.test(text)) throw new Error(`docs/cost.md has no marks for ${name}`);
    return text.replace(between, (_, from: string, to: string) => `${from}${table}\n${to}`);
  }, document);
};

if (import.meta.main) writeFileSync(COST_DOCUMENT, await withTables(readFileSync(COST_DOCUMENT, 'utf8')));
