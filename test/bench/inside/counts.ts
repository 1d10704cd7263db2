import type { CheckedClock } from '../../../shared/clock.ts';
import { NEW_GATE } from '../../../shared/gate.ts';
import { MINUTE_MS } from '../../../shared/lease.ts';
import type { AccountRules } from '../../../shared/session.ts';
import type { Store } from '../../../shared/store/store.ts';
import { memoryTable } from '../../memory-table.ts';
import { RULES } from '../../simulation/bounds.ts';
import { createTableRows } from '../../simulation/table-rows.ts';
import { START } from '../../simulation/world.ts';
import { type CallName, createInsideApp, INSIDE_ACCOUNT, type InsideApp } from './app.ts';
import { countedRows, type Operations, since } from './counted-rows.ts';
import { type Shape, type Slot, seedSessions } from './seed.ts';
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
  seed(seeds: Seeds): Promise<void>;
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
    seed: ({ shape, slots }) =>
      seedSessions(
        (changes) => table.submit(INSIDE_ACCOUNT, changes),
        { ...shape, upstreamUrl: UPSTREAM },
        slots,
      ),
  };
};

/** Sessions of one shape, wherever their upstream is. */
export interface Seeds {
  shape: Omit<Shape, 'upstreamUrl'>;
  slots: readonly Slot[];
}

const numbered = (prefix: string, index: number): string => `${prefix}-${String(index).padStart(8, '0')}`;

/** Those from one number up to another, of which nothing is due within the hour. */
export const calmSeeds = (from: number, to: number, now: number): Seeds => ({
  shape: { now, coveredUntil: now, leaseMinutes: 120 },
  slots: Array.from({ length: to - from }, (_, index) => ({
    sessionId: numbered('calm', from + index),
    dueAt: now + 60 * MINUTE_MS + index,
  })),
});

/** So many whose renewal is due now. */
export const dueSeeds = (count: number, now: number): Seeds => ({
  shape: { now, coveredUntil: now, leaseMinutes: 10 },
  slots: Array.from({ length: count }, (_, index) => ({
    sessionId: numbered(`due-${now}`, index),
    dueAt: now - count + index,
  })),
});

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
  { name: 'create', call: 'createV1', isCovered: false, callGapMs: 0 },
  { name: 'create, with an id of the client’s', call: 'create', isCovered: false, callGapMs: 0 },
  { name: 'create, with a call gap', call: 'createV1', isCovered: false, callGapMs: 5_000 },
  { name: 'update of the lease', call: 'extend', isCovered: true, callGapMs: 0 },
  { name: 'stop', call: 'stop', isCovered: true, callGapMs: 0 },
  { name: 'list of 100 sessions', call: 'list', isCovered: true, callGapMs: 0 },
] as const satisfies readonly { name: string; call: CallName; isCovered: boolean; callGapMs: number }[];

export type CallCase = (typeof CALL_CASES)[number];

/** In an account of 100 sessions. */
const TRACKED = 100;

export const countCall = async ({ call, isCovered, callGapMs }: CallCase): Promise<Counted> => {
  const { app, store, now, advance, count, seed } = await warmRig({ callGapMs });
  await seed(calmSeeds(0, TRACKED, now()));
  await settleGate(store, now());
  advance(isCovered ? 0 : 1_000);
  return count(app.prepare(call, call === 'create' ? 'created' : 'calm-00000000').run);
};

/** One sweep of an account with so many sessions, of which so many are to be renewed. */
export const countSweep = async (tracked: number, due: number): Promise<Counted> => {
  const { app, store, now, count, seed } = await warmRig();
  await seed(calmSeeds(0, tracked - due, now()));
  await seed(dueSeeds(due, now()));
  await settleGate(store, now());
  return count(() => app.keeper.sweep());
};

/** One sweep of an account in which nothing is due but its list and its count. */
export const countAudit = async (tracked: number): Promise<Counted> => {
  const { app, store, now, advance, count, seed } = await warmRig();
  await seed(calmSeeds(0, tracked, now()));
  await settleGate(store, now());
  advance(RULES.observeIntervalMs);
  return count(() => app.keeper.sweep());
};

/** With a token of the upstream's, after the first sweep of an account without sessions, and with an open gate. */
const warmRig = async (rules: Partial<AccountRules> = {}): Promise<Rig> => {
  const rig = await createRig(rules);
  await rig.app.keeper.sweep();
  rig.advance(10_000);
  return rig;
};

/** Heartbeats of so many sessions, each every so often: the share of them that writes. */
export const shareOfWrites = async (sessions: number, everyMs: number, forMs: number): Promise<number> => {
  const { app, now, advance, count, seed } = await createRig();
  const seeds = calmSeeds(0, sessions, now());
  await seed(seeds);
  let beats = 0;
  const { writes } = await count(async () => {
    for (const end = now() + forMs; now() < end; advance(everyMs)) {
      for (const { sessionId } of seeds.slots) {
        await app.keeper.heartbeat(sessionId);
        beats += 1;
      }
    }
  });
  return writes / beats;
};
