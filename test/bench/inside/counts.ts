import { NEW_GATE } from '../../../shared/gate.ts';
import { MINUTE_MS } from '../../../shared/lease.ts';
import type { CheckedClock } from '../../../shared/clock.ts';
import type { AccountRules } from '../../../shared/session.ts';
import type { Store } from '../../../shared/store/store.ts';
import { memoryTable } from '../../memory-table.ts';
import { createTableRows } from '../../simulation/table-rows.ts';
import { START } from '../../simulation/world.ts';
import { type CallName, createInsideApp, INSIDE_ACCOUNT, type InsideApp } from './app.ts';
import { countedRows, type Operations, requestsOf, since } from './counted-rows.ts';
import { type Seed, seedSessions } from './seed.ts';
import { createQuickUpstream } from './upstream.ts';

/**
 * What each call, and each sweep, asks of the table and of the upstream: counted, not timed, in a table in memory and
 * on a clock that the counting moves. The instance is warm: it has a token of the upstream's, and has read the
 * account's gate in the last minute.
 */
export interface Counted extends Operations {
  /** Calls that reached the upstream. */
  upstream: number;
}

export interface Rig {
  app: InsideApp;
  store: Store;
  now(): number;
  advance(milliseconds: number): void;
  /** What one piece of work asks for. */
  count(work: () => Promise<unknown>): Promise<Counted>;
  seed(seeds: Iterable<Omit<Seed, 'upstreamUrl'>>): Promise<void>;
}

const UPSTREAM = 'http://127.0.0.1:2';

export const createRig = async (rules: Partial<AccountRules> = {}): Promise<Rig> => {
  let now = START;
  const clock: CheckedClock = {
    now: () => now,
    // Nothing here takes any time.
    abortAt: () => new AbortController().signal,
    isTrusted: () => true,
    aheadMs: () => 0,
    asks: () => () => undefined,
  };
  const { rows, operations } = countedRows(createTableRows());
  const answer = createQuickUpstream(clock.now);
  let asked = 0;
  const app = await createInsideApp({
    table: memoryTable(rows),
    clock,
    rules,
    upstreamUrl: UPSTREAM,
    async send(request) {
      asked += 1;
      return answer(request);
    },
  });
  const table = memoryTable(rows);
  return {
    app,
    store: app.store,
    now: clock.now,
    advance(milliseconds) {
      now += milliseconds;
    },
    async count(work) {
      const [before, askedBefore] = [operations(), asked];
      await work();
      return { ...since(operations(), before), upstream: asked - askedBefore };
    },
    seed: (seeds) => seedSessions(table, withUpstream(seeds), { atATime: 1 }),
  };
};

const withUpstream = function* (seeds: Iterable<Omit<Seed, 'upstreamUrl'>>): Generator<Seed> {
  for (const seed of seeds) yield { ...seed, upstreamUrl: UPSTREAM };
};

/** So many sessions of which nothing is due within the hour. */
export const calmSeeds = function* (count: number, now: number): Generator<Omit<Seed, 'upstreamUrl'>> {
  for (let index = 0; index < count; index += 1) {
    const sessionId = `calm-${String(index).padStart(8, '0')}`;
    yield { sessionId, now, dueAt: now + 60 * MINUTE_MS + index, coveredUntil: now, leaseMinutes: 120 };
  }
};

/** So many whose renewal is due now. */
export const dueSeeds = function* (count: number, now: number): Generator<Omit<Seed, 'upstreamUrl'>> {
  for (let index = 0; index < count; index += 1) {
    const sessionId = `due-${now}-${String(index).padStart(8, '0')}`;
    yield { sessionId, now, dueAt: now - count + index, coveredUntil: now, leaseMinutes: 10 };
  }
};

/** The account as just after a sweep that also read the list and counted: the next sweep has only what is due. */
export const settleGate = async (store: Store, now: number): Promise<void> => {
  const from = await store.readGate(INSIDE_ACCOUNT);
  const next = { ...NEW_GATE, ...from, sweptAt: now, listedAt: now, countedAt: now, sweeper: null };
  await store.changeGate(INSIDE_ACCOUNT, { from, next });
};

/** Each kind of call with the state in which its session is when it comes. */
export const CALL_CASES = [
  { name: 'heartbeat, covered already', call: 'heartbeat', isCovered: true, callGapMs: 0 },
  { name: 'heartbeat that writes', call: 'heartbeat', isCovered: false, callGapMs: 0 },
  { name: 'properties, covered already', call: 'properties', isCovered: true, callGapMs: 0 },
  { name: 'properties that note use', call: 'properties', isCovered: false, callGapMs: 0 },
  { name: 'create', call: 'create', isCovered: false, callGapMs: 0 },
  { name: 'create, with a call gap', call: 'create', isCovered: false, callGapMs: 5_000 },
  { name: 'update of the lease', call: 'extend', isCovered: true, callGapMs: 0 },
  { name: 'stop', call: 'stop', isCovered: true, callGapMs: 0 },
  { name: 'list of 100 sessions', call: 'list', isCovered: true, callGapMs: 0 },
] as const satisfies readonly { name: string; call: CallName; isCovered: boolean; callGapMs: number }[];

export type CallCase = (typeof CALL_CASES)[number];

/** In an account of 100 sessions. */
const TRACKED = 100;

export const countCall = async ({ call, isCovered, callGapMs }: CallCase): Promise<Counted> => {
  const { app, store, now, advance, count, seed } = await createRig({ callGapMs });
  await seed(calmSeeds(TRACKED, now()));
  await settleGate(store, now());
  // Warms the instance: its token of the upstream, and the gate.
  await app.prepare('create', 'warm').run();
  await app.keeper.sweep();
  // The gate is open again, and what was noted as use is over, or just not.
  advance(isCovered ? 0 : 10_000);
  return count(app.prepare(call, call === 'create' ? 'created' : 'calm-00000000').run);
};

/** One sweep of an account with so many sessions, of which so many are to be renewed. */
export const countSweep = async (tracked: number, due: number): Promise<Counted> => {
  const { app, store, now, count, seed } = await createRig();
  await seed(calmSeeds(tracked - due, now()));
  await seed(dueSeeds(due, now()));
  await settleGate(store, now());
  await app.prepare('create', 'warm').run();
  return count(() => app.keeper.sweep());
};

/** One sweep of an account in which nothing is due but its list and its count. */
export const countAudit = async (tracked: number): Promise<Counted> => {
  const { app, store, now, advance, count, seed } = await createRig();
  await seed(calmSeeds(tracked, now()));
  await settleGate(store, now());
  await app.prepare('create', 'warm').run();
  await app.keeper.sweep();
  advance(11 * MINUTE_MS);
  return count(() => app.keeper.sweep());
};

/** Heartbeats of so many sessions, each every so often: the share of them that writes. */
export const shareOfWrites = async (sessions: number, everyMs: number, forMs: number): Promise<number> => {
  const { app, now, advance, count, seed } = await createRig();
  await seed(calmSeeds(sessions, now()));
  const ids = [...calmSeeds(sessions, now())].map(({ sessionId }) => sessionId);
  let beats = 0;
  const { writes } = await count(async () => {
    for (const end = now() + forMs; now() < end; advance(everyMs)) {
      for (const sessionId of ids) {
        await app.keeper.heartbeat(sessionId);
        beats += 1;
      }
    }
  });
  return writes / beats;
};

export { requestsOf };
