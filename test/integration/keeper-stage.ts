import { randomUUID } from 'node:crypto';
import { createCheckedClock } from '../../shared/clock.ts';
import { NEW_GATE } from '../../shared/gate.ts';
import { createKeeper, type Keeper } from '../../shared/keeper.ts';
import type { Outcome } from '../../shared/outcome.ts';
import type { AccountRules, EndedSession, LiveSession, Policy, Session } from '../../shared/session.ts';
import type { Store } from '../../shared/store/store.ts';
import type { Table } from '../../shared/store/table.ts';
import type { Entry, Telemetry } from '../../shared/telemetry.ts';
import type { MetricName } from '../../shared/telemetry-names.ts';
import type { CallWindow, Upstream } from '../../shared/upstream/upstream.ts';
import { accountRules, found, minutes, seconds, sighting, T0 } from '../builders.ts';
import { type Fixture, present } from './store-fixture.ts';

/**
 * Keepers of one account on a table in memory, with a clock that the test moves (and that jumps where a keeper waits), and an
 * upstream whose servers the test may change.
 */

export type Op = 'create' | 'observe' | 'extend' | 'stop' | 'list';
export interface Call {
  op: Op;
  /** Empty for a list. */
  sessionId: string;
  at: number;
}
export interface Server {
  status: 'Starting' | 'Ready';
  leaseMinutes: number;
  readyAt: number;
}

interface Instance {
  /** How far the clock of this instance is ahead. */
  aheadMs?: number;
  rules?: Partial<AccountRules>;
  endpoint?: string;
  defaults?: Partial<Policy>;
  /** What this instance does otherwise on its way to the table. */
  onTable?: (table: Table) => Partial<Table>;
}

export interface Stage {
  readonly accountId: string;
  readonly store: Store;
  now: number;
  readonly calls: Call[];
  readonly reports: Entry[];
  readonly measured: { name: MetricName; value: number; dimensions: Readonly<Record<string, string>> }[];
  readonly servers: Map<string, Server>;
  /** How many of them one page of the list has. */
  pageSize: number;
  /** What is answered instead of what the servers would; undefined: they answer. */
  answers: Partial<Record<Op, (sessionId: string) => Outcome | undefined>>;
  /** Another instance of the app. */
  keeper(instance?: Instance): Keeper;
  /** A session that was seen Ready at once, made by that keeper. */
  ready(keeper: Keeper, more?: object): Promise<string>;
  session(sessionId: string): Promise<Session>;
  live(sessionId: string): Promise<LiveSession>;
  ended(sessionId: string): Promise<EndedSession>;
  /** What was asked of the upstream since the last time, and is forgotten now. */
  taken(): Call[];
  faults(what: string): Entry[];
  /** Sweeps each minute, for so many of them, and as often as there are keepers. */
  sweep(keepers: readonly Keeper[], count?: number): Promise<void>;
}

export const ENDPOINT = 'http://127.0.0.1:1';
const defaults: Policy = {
  keepAlive: false,
  idleTimeoutMinutes: 30,
  idleTimeoutExplicit: false,
  maxLifetimeMinutes: null,
};

/** Every request to the table tells the time, as its replies do. */
const timed =
  (asks: () => (tableTime: number) => void, now: () => number) =>
  (table: Table): Partial<Table> => {
    const noted = async <Result>(work: () => Promise<Result>): Promise<Result> => {
      const note = asks();
      const result = await work();
      note(Math.floor(now() / 1000) * 1000);
      return result;
    };
    return {
      get: (partition, rowKey) => noted(() => table.get(partition, rowKey)),
      submit: (partition, changes) => noted(() => table.submit(partition, changes)),
    };
  };

/** `told` hears what is reported and measured, beside the stage itself. */
export const setStage = (fixture: Fixture, told?: Telemetry): Stage => {
  const accountId = randomUUID();

  const seen = (server: Server, created = false): Outcome => {
    const elapsedMinutes = server.status === 'Ready' ? (stage.now - server.readyAt) / minutes(1) : 0;
    const { status, leaseMinutes } = server;
    const told = { status, leaseMinutes, elapsedMinutes: Math.max(0, Math.floor(elapsedMinutes)) };
    return found({ ...told, sentAt: stage.now, receivedAt: stage.now }, created);
  };
  const ask = async (
    op: Op,
    sessionId: string,
    { startBy }: CallWindow,
    act: (server: Server | undefined) => Outcome,
  ): Promise<Outcome> => {
    if (startBy !== undefined && stage.now > startBy) return { type: 'unsent', because: 'too late' };
    stage.calls.push({ op, sessionId, at: stage.now });
    return stage.answers[op]?.(sessionId) ?? act(stage.servers.get(sessionId));
  };
  const missing = (): Outcome => ({ type: 'missing', sentAt: stage.now });

  const upstreamAt = (endpoint: string): Upstream => ({
    endpoint,
    create: (id, { maxLeaseTimeMinutes: leaseMinutes }, window) =>
      ask('create', id, window, () => {
        stage.servers.set(id, { status: 'Ready', leaseMinutes, readyAt: stage.now });
        return seen({ status: 'Starting', leaseMinutes, readyAt: stage.now }, true);
      }),
    observe: (id, window) => ask('observe', id, window, (server) => (server ? seen(server) : missing())),
    extend: (id, leaseMinutes, window) =>
      ask('extend', id, window, (server) => {
        if (server === undefined) return missing();
        stage.servers.set(id, { ...server, leaseMinutes });
        return seen({ ...server, leaseMinutes });
      }),
    stop: (id, window) =>
      ask('stop', id, window, () => (stage.servers.delete(id) ? { type: 'accepted' } : missing())),
    async list(window, from = '0') {
      const outcome = await ask('list', '', window, () => ({ type: 'accepted' }));
      if (outcome.type === 'inconclusive') return outcome;
      if (outcome.type === 'unsent') return { ...outcome, type: 'inconclusive', retryAfterMs: null };
      const to = Number(from) + stage.pageSize;
      const sightings = [...stage.servers].slice(Number(from), to).flatMap(([id, server]) => {
        const one = seen(server);
        return one.type === 'found' ? [[id, sighting(one.sighting)] as const] : [];
      });
      const next = to < stage.servers.size ? String(to) : undefined;
      return { type: 'listed', sightings: new Map(sightings), unreadable: new Set(), isWhole: true, next };
    },
    ping: () => Promise.resolve(true),
  });

  const read = async (sessionId: string): Promise<Session> =>
    present(await stage.store.read({ accountId, sessionId }, stage.now)).session;

  const stage: Stage = {
    accountId,
    get store() {
      return fixture.store;
    },
    now: T0,
    calls: [],
    reports: [],
    measured: [],
    servers: new Map(),
    pageSize: 100,
    answers: {},

    keeper({ aheadMs = 0, rules, endpoint = ENDPOINT, defaults: policy, onTable } = {}) {
      const own = {
        // A clock that stands still would make what comes after something come at the same time.
        now() {
          stage.now += 1;
          return stage.now + aheadMs;
        },
        abortAt(at: number) {
          stage.now = Math.max(stage.now, at - aheadMs);
          return AbortSignal.abort();
        },
      };
      const report = (entry: Entry): void => {
        stage.reports.push(entry);
        told?.report(entry);
      };
      const measure: Telemetry['measure'] = (name, value, dimensions) => {
        stage.measured.push({ name, value, dimensions });
        told?.measure(name, value, dimensions);
      };
      const clock = createCheckedClock(own, (ahead) =>
        report({ kind: 'fault', what: 'clock', error: String(ahead) }),
      );
      return createKeeper({
        ...{ accountId, clock, newId: randomUUID, telemetry: { report, measure } },
        store: fixture.through((table) =>
          timed(clock.asks, () => stage.now)({ ...table, ...onTable?.(table) }),
        ),
        upstream: upstreamAt(endpoint),
        defaults: { ...defaults, ...policy },
        rules: { ...accountRules, ...rules },
      });
    },

    async ready(keeper, more = {}) {
      const sessionId = randomUUID();
      await keeper.create({ sessionId, size: 'Standard', models: [], leaseMinutes: 60, ...more });
      stage.now += seconds(10);
      await keeper.show(sessionId, false);
      return sessionId;
    },

    session: read,
    async live(sessionId) {
      const session = await read(sessionId);
      if (session.life !== 'live') throw new Error(`it is over: ${session.because}`);
      return session;
    },
    async ended(sessionId) {
      const session = await read(sessionId);
      if (session.life !== 'ended') throw new Error('it lives');
      return session;
    },
    taken: () => stage.calls.splice(0),
    faults: (what) => stage.reports.filter((entry) => entry.kind === 'fault' && entry.what === what),

    async sweep(keepers, count = 1) {
      for (let tick = 0; tick < count; tick += 1) {
        const next = stage.now + minutes(1);
        for (const keeper of keepers) await keeper.sweep();
        stage.now = Math.max(stage.now, next);
      }
    },
  };
  return stage;
};

/** The gate as if a keeper had swept just now, and nobody else called: nothing but what the test is about is due. */
export const settled = async ({ store, accountId, now }: Stage): Promise<void> => {
  const from = await store.readGate(accountId);
  await store.changeGate(accountId, {
    from,
    next: {
      ...{ ...NEW_GATE, ...from, sweptAt: now, graceFrom: T0 - minutes(600) },
      ...{ listedAt: now, countedAt: now, sweeper: null },
    },
  });
};
