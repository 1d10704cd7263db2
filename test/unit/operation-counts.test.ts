import { describe, expect, it } from 'vitest';
import {
  CALL_CASES,
  type CallCase,
  type Counted,
  countAudit,
  countCall,
  countSweep,
  shareOfWrites,
} from '../bench/inside/counts.ts';

/**
 * What calls and sweeps cost, in requests to the table and to the upstream: a serverless keeper is paid by them. A
 * number that grows is to be looked at; one that becomes smaller is to be written down here, and in docs/cost.md.
 */

type Requests = Pick<Counted, 'reads' | 'queries' | 'writes' | 'upstream'>;

const requests = ({ reads, queries, writes, upstream }: Counted): Requests => ({
  reads,
  queries,
  writes,
  upstream,
});

const CALLS: Record<CallCase['name'], Requests> = {
  'heartbeat, covered already': { reads: 1, queries: 0, writes: 0, upstream: 0 },
  'heartbeat that writes': { reads: 1, queries: 0, writes: 1, upstream: 0 },
  'properties, covered already': { reads: 2, queries: 0, writes: 0, upstream: 0 },
  'properties that note use': { reads: 2, queries: 0, writes: 1, upstream: 0 },
  create: { reads: 1, queries: 0, writes: 2, upstream: 1 },
  'create, with an id of the client’s': { reads: 2, queries: 0, writes: 2, upstream: 1 },
  'create, with a call gap': { reads: 1, queries: 0, writes: 2, upstream: 1 },
  'update of the lease': { reads: 5, queries: 0, writes: 4, upstream: 1 },
  stop: { reads: 5, queries: 0, writes: 3, upstream: 1 },
  // Each session's signs of use are a row of their own.
  'list of 100 sessions': { reads: 100, queries: 1, writes: 0, upstream: 0 },
};

describe('a call', () => {
  it.each(CALL_CASES)('asks for no more than it has to: $name', async (one) => {
    expect(requests(await countCall(one))).toEqual(CALLS[one.name]);
  });
});

/** Rows that a sweep reads beyond those that are due: the account's gate, before and after, and for each batch. */
const CONSTANT_ROWS = 10;
const BATCH = 64;

describe('a sweep', () => {
  it('reads the gate and one page of the index where nothing is due', async () => {
    expect(requests(await countSweep(1_000, 0))).toEqual({ reads: 1, queries: 1, writes: 0, upstream: 0 });
  });

  it.each([
    [1_000, 1],
    [1_000, 100],
    [3_000, 100],
    [3_000, 1_000],
  ])('of %d sessions reads those %d that are due, once each', async (tracked, due) => {
    const { indexRows, records, rowsRead, writes, upstream } = await countSweep(tracked, due);
    expect(indexRows).toBeLessThanOrEqual(due + 1);
    expect(records).toBe(due);
    // The row of the index, the record, its activity, and the gate as it is then.
    expect(rowsRead).toBeLessThanOrEqual(4 * due + Math.ceil(due / BATCH) + CONSTANT_ROWS);
    // The intent and what came of it; the sweep itself begins and ends.
    expect(writes).toBe(2 * due + 2);
    expect(upstream).toBe(due);
  });

  it('asks for the same, however many are tracked', async () => {
    expect(await countSweep(3_000, 100)).toEqual(await countSweep(300, 100));
  });

  it('that looks at the whole account makes one call, and reads no activity', async () => {
    const { upstream, rowsRead, records, writes } = await countAudit(1_000);
    expect(upstream).toBe(1);
    expect(records).toBeLessThanOrEqual(2 * 1_000);
    expect(rowsRead - records).toBeLessThanOrEqual(CONSTANT_ROWS);
    expect(writes).toBeLessThanOrEqual(4);
  });
});

it('writes for at most one heartbeat in five of a client that sends one each 10 s', async () => {
  expect(await shareOfWrites(20, 10_000, 30 * 60_000)).toBeLessThanOrEqual(0.2);
});
