import { KeeperError } from '../../shared/errors.ts';
import { type Gate, NEW_GATE } from '../../shared/gate.ts';
import { createKeeper, type Keeper } from '../../shared/keeper.ts';
import { type Instant, MINUTE_MS } from '../../shared/lease.ts';
import type { AccountRules } from '../../shared/session.ts';
import { readGate, rowKeys, writeGate } from '../../shared/store/rows.ts';
import type { Store } from '../../shared/store/store.ts';
import { type Bounds, createBounds, RULES } from './bounds.ts';
import { createCallCheck } from './check-calls.ts';
import { createRateCheck } from './check-rate.ts';
import { checkServers } from './check-servers.ts';
import { checkTable } from './check-table.ts';
import { createProbe, type Probe, type Strike } from './crash-points-probe.ts';
import { ACCOUNT_ID, createParts } from './keeper-parts.ts';
import { createProcess, type Process } from './process.ts';
import { createStanding } from './standing.ts';
import type { Story } from './story.ts';
import { createSwitchedFaults, type SwitchedFaults } from './switched-faults.ts';
import { createTableService } from './table-double.ts';
import { createTableRows, type TableRows } from './table-rows.ts';
import { type Books, createBooks } from './upstream-books.ts';
import { createUpstreamService, type UpstreamService } from './upstream-double.ts';
import { createWorld, type World } from './world.ts';

export const FOREIGN_ID = 'somebody-elses';

/** A keeper in a process of its own. */
export interface Instance {
  process: Process;
  keeper: Keeper;
  store: Store;
}

/** A small world for one story: table, upstream, and one instance that is swept with each minute. */
export interface Stage {
  world: World;
  bounds: Bounds;
  faults: SwitchedFaults;
  rows: TableRows;
  books: Books;
  upstream: UpstreamService;
  stories: Map<string, Story>;
  /** The instance that prepares a story, and goes on with it. */
  other: Instance;
  start(name: string, strike?: Strike): Instance & { probe: Probe };
  /** The timer of the other instance, from that instant on. `undefined`: it rests. */
  tick(from: Instant | undefined): void;
  /** Whether the other instance sweeps at this instant. */
  isSweeping(): boolean;
  passUntil(at: Instant): Promise<void>;
  /** Lets time pass until it holds. */
  passWhile(holds: () => boolean): Promise<void>;
  /** Lets time pass until the work is done. */
  done<T>(work: Promise<T>): Promise<T>;
  /** What the row of the account says from here on, for all instances. */
  writeGate(change: Partial<Gate>): void;
  /** From here on it is judged now and then, too, whether all that clients were promised is so. */
  beginAudit(): void;
  /** Callers are promised errors of one family; anything else is a fault of the keeper. */
  expect(error: unknown): void;
}

/** The clocks of two instances differ. */
const SKEWS_MS = [350, 0, -300];
const LOOK_MS = 250;
/** Whatever a story waits for comes sooner. */
const PATIENCE_MS = 15 * MINUTE_MS;

/** `pageSize`: so many sessions are on a page of the upstream's list; undefined: now so many, now others. */
export const createStage = (rules: AccountRules = RULES, pageSize?: number): Stage => {
  const world = createWorld(1, true);
  const faults = createSwitchedFaults(world);
  const rows = createTableRows();
  const books = createBooks(world);
  const stories = new Map<string, Story>();
  const rate = createRateCheck({ world, faults, rows, accountId: ACCOUNT_ID, rules, skewMs: () => 0 });
  const upstream = createUpstreamService(world, faults, books, createCallCheck(world, rows), rate, pageSize);
  const partsOf = createParts(world, createTableService(world, faults, rows), upstream, rules);
  const bounds = createBounds(rules, () => books.living().length);
  checkTable(world, rows);
  const { beginAudit } = checkServers({
    ...{ world, faults, books, rows, accountId: ACCOUNT_ID, stories, bounds, skewMs: () => 0 },
    standing: createStanding({ world, faults, rows, accountId: ACCOUNT_ID, skewMs: 0 }),
  });
  books.watch({
    created({ id, isForeign }) {
      if (isForeign || rows.get(ACCOUNT_ID, rowKeys.live(id)) !== undefined) return;
      const text = `${id}: a server without a living record`;
      world.fail({ invariant: '1', at: world.now(), sessionId: id, text });
    },
  });
  const foreign = { id: FOREIGN_ID, size: 'Standard', leaseMinutes: 1440, startsInMs: 1_000 } as const;
  books.create({ ...foreign, isFull: false, isForeign: true });

  let started = 0;
  const start: Stage['start'] = (name, strike) => {
    const skewMs = SKEWS_MS[started % SKEWS_MS.length] ?? 0;
    started += 1;
    const process = createProcess(name, world, faults, { platform: 0, own: () => skewMs });
    const probe = createProbe(world, faults, strike);
    const parts = partsOf(process, {
      table: probe.between(process, 'table'),
      upstream: probe.between(process, 'upstream'),
    });
    return { process, probe, store: parts.store, keeper: createKeeper(parts) };
  };
  const other = start('other');

  const expect: Stage['expect'] = (error) => {
    if (error instanceof KeeperError && error.status !== 500) return;
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    world.fail({ invariant: 'error', at: world.now(), sessionId: '', text });
  };

  let [timer, sweeps] = [0, 0];
  const tick: Stage['tick'] = (from) => {
    timer += 1;
    const own = timer;
    const ring = (): void => {
      if (own !== timer) return;
      world.after(MINUTE_MS, ring);
      sweeps += 1;
      other.keeper
        .sweep()
        .catch(expect)
        .finally(() => {
          sweeps -= 1;
        });
    };
    if (from !== undefined) world.after(from - world.now(), ring);
  };

  const writeGateRow: Stage['writeGate'] = (change) => {
    const row = rows.get(ACCOUNT_ID, rowKeys.gate);
    const gate = row === undefined ? NEW_GATE : readGate(row);
    const columns = writeGate({ ...gate, ...change });
    rows.submit(ACCOUNT_ID, [{ type: 'put', rowKey: rowKeys.gate, columns }]);
  };

  const passWhile: Stage['passWhile'] = async (holds) => {
    const latest = world.now() + PATIENCE_MS;
    while (holds()) {
      await world.run(world.now() + LOOK_MS);
      if (world.failure() !== undefined) return;
      if (world.now() > latest) throw new Error('a story waits for what does not come');
    }
  };

  return {
    ...{
      world,
      bounds,
      faults,
      rows,
      books,
      upstream,
      stories,
      other,
      start,
      tick,
      passWhile,
      expect,
      beginAudit,
    },
    writeGate: writeGateRow,
    isSweeping: () => sweeps > 0,
    passUntil: (at) => world.run(at),
    async done(work) {
      let isOver = false;
      const over = (): void => {
        isOver = true;
      };
      work.then(over, over);
      await passWhile(() => !isOver);
      if (!isOver) throw new Error(`a story could not be prepared: ${world.failure()?.text}`);
      return work;
    },
  };
};
