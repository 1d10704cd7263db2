import { createKeeper, type Keeper } from '../../shared/keeper.ts';
import type { AccountRules } from '../../shared/session.ts';
import { createBounds, rulesOf } from './bounds.ts';
import type { Chance } from './chance.ts';
import { createCallCheck } from './check-calls.ts';
import { checkEnd, checkQuietStretches } from './check-end.ts';
import { checkLeases } from './check-leases.ts';
import { createRateCheck } from './check-rate.ts';
import { checkServers } from './check-servers.ts';
import { checkTable } from './check-table.ts';
import { checkVersions } from './check-versions.ts';
import { createDamage } from './damage.ts';
import type { FaultName } from './fault-kinds.ts';
import { createFaults } from './faults.ts';
import { createFleet } from './fleet.ts';
import { ACCOUNT_ID, createParts } from './keeper-parts.ts';
import { createMishaps } from './mishaps.ts';
import { isNeighbour, settleNeighbours } from './neighbours.ts';
import { createPlatform } from './platform.ts';
import type { Process } from './process.ts';
import { createStanding } from './standing.ts';
import { createTableService } from './table-double.ts';
import { createTableRows } from './table-rows.ts';
import { createTicks } from './ticks.ts';
import { createBooks } from './upstream-books.ts';
import { createUpstreamService } from './upstream-double.ts';
import type { Violation } from './violation.ts';
import { createWorld, thrownBy } from './world.ts';

/** One run: one seed, so many hours, and what came of it. */
export interface RunOptions {
  seed: number;
  hours: number;
  /** Only these faults; undefined: as the seed chooses. */
  faults?: readonly FaultName[] | undefined;
  isWholeTrace?: boolean;
}

export interface RunReport {
  seed: number;
  steps: number;
  /** How often the upstream was asked. */
  calls: number;
  sessions: number;
  chosen: readonly FaultName[];
  faults: ReadonlyMap<FaultName, number>;
  violation: Violation | undefined;
  trace: readonly string[];
}

export const simulate = async ({
  seed,
  hours,
  faults: only,
  isWholeTrace,
}: RunOptions): Promise<RunReport> => {
  const world = createWorld(seed, isWholeTrace);
  const faults = createFaults(world, { hours, only });
  const rows = createTableRows();
  const table = createTableService(world, faults, rows);
  const books = createBooks(world);
  const rules = rulesFor(world.chance('rules'), faults.chosen);
  // Those of others cost the keeper no calls but the pages of its list, which give way to everything else.
  const bounds = createBounds(rules, () => books.living().filter((server) => !isNeighbour(server)).length);
  const skewMs = (): number => platform.now() - world.now();
  const rate = createRateCheck({ world, faults, rows, accountId: ACCOUNT_ID, rules, skewMs });
  const upstream = createUpstreamService(world, faults, books, createCallCheck(world, rows), rate);
  const partsOf = createParts(world, table, upstream, rules, (id) => damage.wasUnreadable(id));
  /** The product, as `functions/app.ts` puts it together. */
  const build = (process: Process, isNewer: boolean): Keeper =>
    createKeeper(partsOf(process, undefined, isNewer));

  settleNeighbours(world, books, rules);
  const platform = createPlatform(world, faults, build, () => damage.isAnyUnreadable());
  const ticks = createTicks(world, faults, platform);
  const { stories } = createFleet({
    world,
    faults,
    books,
    platform,
    ticks,
    hours,
    rules,
    isExcused: (id) => standing.isExcused(id),
  });
  checkTable(world, rows);
  const standing = createStanding({ world, faults, rows, accountId: ACCOUNT_ID, skewMs: skewMs() });
  createMishaps({ world, faults, books, rows, accountId: ACCOUNT_ID, rules, standing, stories });
  const { boundMs } = bounds;
  const surroundings = {
    world,
    faults,
    rows,
    accountId: ACCOUNT_ID,
    rules,
    boundMs,
    skewMs,
    standing,
    stories,
  };
  const damage = createDamage(surroundings);
  checkVersions(world, rows);
  checkLeases({ world, faults, books, stories, bounds, standing });
  checkServers({
    world,
    faults,
    books,
    rows,
    accountId: ACCOUNT_ID,
    stories,
    standing,
    bounds,
    skewMs,
  }).beginAudit();

  const order = { world, books, rows, accountId: ACCOUNT_ID, bounds, standing };
  checkQuietStretches({ ...order, faults, keepersNow: platform.now }, hours);

  const end = world.start + hours * 3_600_000;
  try {
    await world.run(end);
    if (world.failure() === undefined) {
      checkEnd({ ...order, keepersNow: platform.now() });
    }
  } catch (error) {
    world.fail(thrownBy(error, world.now()));
  }
  return {
    seed,
    steps: world.steps(),
    calls: upstream.calls().length,
    sessions: stories.size,
    chosen: faults.chosen,
    faults: faults.hits(),
    violation: world.failure(),
    trace: world.trace.lines(),
  };
};

/**
 * Few faults have an account in which each of them can do something: nobody else uses one of an exclusive upstream, and a
 * stop that is accepted and not carried out is in nobody's way where calls need not wait for each other.
 */
const rulesFor = (chance: Chance, chosen: readonly FaultName[]): AccountRules => {
  const rules = rulesOf(chance);
  const isMet = (name: FaultName): boolean => chosen.length <= 3 && chosen.includes(name);
  return {
    ...rules,
    isExclusive: rules.isExclusive && !isMet('id-taken'),
    callGapMs: isMet('upstream-hung-stop') ? 5_000 : rules.callGapMs,
  };
};
