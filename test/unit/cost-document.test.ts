import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { AccountHour } from '../bench/cost/hours.ts';
import { billOf, type Client, priceOf } from '../bench/cost/model.ts';
import { COST_DOCUMENT, PRICES, withTables } from '../bench/cost/tables.ts';

it('docs/cost.md says what is counted: `node test/bench/cost/tables.ts` writes it anew', async () => {
  const document = readFileSync(COST_DOCUMENT, 'utf8');
  expect(await withTables(document)).toBe(document);
}, 120_000);

it.each([
  [PRICES.perMillionExecutions, 'a million executions'],
  [PRICES.perGbSecond, 'a GB-second'],
  [PRICES.perTenThousandTableRequests, '10,000 table requests'],
  [PRICES.perTenThousandQueueOperations, '10,000 queue operations'],
])('docs/cost.md names the price that is reckoned with: $%d for %s', (price, of) => {
  expect(readFileSync(COST_DOCUMENT, 'utf8')).toMatch(new RegExp(`^\\| ${of} \\| \\$${price} \\|`, 'm'));
});

it('docs/cost.md says of each price where a reader finds what it is', () => {
  const [, table = ''] = readFileSync(COST_DOCUMENT, 'utf8').split('| price of | reckoned with |');
  const rows = table.split('\n').filter((row) => row.includes(' | $'));
  expect(rows).toHaveLength(Object.keys(PRICES).length);
  for (const row of rows) expect(row).toContain('](https://azure.microsoft.com/pricing/details/');
});

describe('the bill of 1,000 session-hours', () => {
  const nothing = {
    ...{ reads: 0, queries: 0, writes: 0, upstream: 0 },
    ...{ rowsRead: 0, indexRows: 0, records: 0, rowsWritten: 0 },
  };
  const client: Client = {
    ...{ name: '', callsPerHour: 10, writes: 0.5 },
    noting: { ...nothing, reads: 1, writes: 1 },
    covered: { ...nothing, reads: 1 },
  };
  const hour: AccountHour = { sessions: 10, tableRequests: 200, upstreamCalls: 1, sweepSeconds: 60 };

  it('has each account’s ticks and sweeps, and each session’s calls', () => {
    expect(billOf(hour, client)).toEqual({
      executions: 100 * 120 + 10_000,
      gbSeconds: 0.25 * (100 * (6 + 60) + 1_000),
      tableRequests: 100 * 200 + 15_000,
      queueOperations: 100 * 180,
    });
  });

  it('counts a sweep for a tenth of a second at least', () => {
    expect(billOf({ ...hour, sweepSeconds: 1 }, client).gbSeconds).toBe(0.25 * (100 * 12 + 1_000));
  });

  it('costs what its parts cost', () => {
    const bill = { executions: 2e6, gbSeconds: 3, tableRequests: 4e4, queueOperations: 5e4 };
    const prices = {
      ...{ perMillionExecutions: 1, perGbSecond: 10 },
      ...{ perTenThousandTableRequests: 100, perTenThousandQueueOperations: 1_000 },
    };
    expect(priceOf(bill, prices)).toBe(2 + 30 + 400 + 5_000);
  });
});
