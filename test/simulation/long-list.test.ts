import { expect, it } from 'vitest';
import { createKeeper } from '../../shared/keeper.ts';
import { MINUTE_MS } from '../../shared/lease.ts';
import { RULES } from './bounds.ts';
import { createCallCheck } from './check-calls.ts';
import { createRateCheck } from './check-rate.ts';
import { ACCOUNT_ID, createParts } from './keeper-parts.ts';
import { createProcess } from './process.ts';
import { createSwitchedFaults } from './switched-faults.ts';
import { createTableService } from './table-double.ts';
import { createTableRows } from './table-rows.ts';
import { createBooks } from './upstream-books.ts';
import { createUpstreamService } from './upstream-double.ts';
import { createWorld } from './world.ts';

/** Lists of many small pages, where each page is a call that others wait for. */

const HOURS = 3;
const BEAT_MS = 5 * MINUTE_MS;

/** So many kept sessions, one more each so often, beside so many servers of others; and what became of them. Without others: `capacity.test.ts`. */
const keepAll = async (kept: number, eachMs: number, others: number) => {
  const rules = { ...RULES, callGapMs: 5_000 };
  const world = createWorld(1, false);
  const faults = createSwitchedFaults(world);
  const rows = createTableRows();
  const books = createBooks(world);
  const rate = createRateCheck({ world, faults, rows, accountId: ACCOUNT_ID, rules, skewMs: () => 0 });
  const upstream = createUpstreamService(world, faults, books, createCallCheck(world, rows), rate);
  const partsOf = createParts(world, createTableService(world, faults, rows), upstream, rules);
  const [one, other] = ['one', 'other'].map((name) => {
    const parts = partsOf(createProcess(name, world, faults, { platform: 0, own: () => 0 }));
    return { store: parts.store, keeper: createKeeper(parts) };
  });
  if (one === undefined || other === undefined) throw new Error('there are two');
  const failures: unknown[] = [];
  const failed = (error: unknown): void => void failures.push(error);

  const ended: string[] = [];
  books.watch({ ended: ({ id, status }) => void ended.push(`${id} ${status}`) });
  for (let index = 0; index < others; index += 1) {
    const server = { id: `other-${index}`, size: 'Standard', leaseMinutes: 1_400 } as const;
    books.create({ ...server, startsInMs: 1_000, isFull: false, isForeign: true });
  }
  const sweepInTurn = (mine: typeof one, next: typeof one): void => {
    world.after(MINUTE_MS, () => sweepInTurn(next, mine));
    mine.keeper.sweep().catch(failed);
  };
  world.after(1_000, () => sweepInTurn(one, other));
  const beat = (sessionId: string): void => {
    world.after(BEAT_MS, () => {
      beat(sessionId);
      one.keeper.heartbeat(sessionId).catch(failed);
    });
  };
  for (let index = 0; index < kept; index += 1) {
    const sessionId = `kept-${index}`;
    world.after(index * eachMs, () => {
      const wanted = { sessionId, size: 'Standard', models: [], leaseMinutes: 30, keepAlive: true } as const;
      one.keeper.create(wanted).catch(failed);
      beat(sessionId);
    });
  }
  await world.run(world.start + HOURS * 60 * MINUTE_MS);
  expect(failures).toEqual([]);
  expect(world.failure()).toBeUndefined();
  const reading = one.store.readGate(ACCOUNT_ID);
  await world.run(world.now() + MINUTE_MS);
  const alive = books.living().filter(({ id }) => id.startsWith('kept-')).length;
  return { ended, alive, gate: await reading };
};

it('keeps all sessions alive beside hundreds of servers of others, and knows how many there are', async () => {
  const { ended, alive, gate } = await keepAll(20, 10_000, 600);
  expect(ended).toEqual([]);
  expect(alive).toBe(20);
  expect(gate).toMatchObject({ keptCount: 20, liveCount: 20 });
  expect(gate.listedAt).not.toBeNull();
  expect(gate.listedCount).toBeGreaterThan(600);
});
