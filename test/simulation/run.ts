import { createKeeper, type Keeper } from '../../shared/keeper.ts';
import type { Surroundings } from '../../shared/reconcile.ts';
import { createStore } from '../../shared/store/store.ts';
import { createUpstream } from '../../shared/upstream/upstream.ts';
import { RULES } from './bounds.ts';
import { createCallCheck } from './check-calls.ts';
import { checkEnd } from './check-end.ts';
import { checkLeases } from './check-leases.ts';
import { checkServers } from './check-servers.ts';
import { checkTable } from './check-table.ts';
import type { FaultName } from './fault-kinds.ts';
import { createFaults } from './faults.ts';
import { createFleet } from './fleet.ts';
import { createMishaps } from './mishaps.ts';
import { createPlatform } from './platform.ts';
import type { Process } from './process.ts';
import { createStanding } from './standing.ts';
import { DEFAULTS } from './story.ts';
import { createTableService } from './table-double.ts';
import { createTableRows } from './table-rows.ts';
import { createTicks } from './ticks.ts';
import { createBooks } from './upstream-books.ts';
import { createUpstreamService } from './upstream-double.ts';
import { UPSTREAM, UPSTREAM_ACCOUNT } from './upstream-wire.ts';
import type { Violation } from './violation.ts';
import { createWorld } from './world.ts';

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

const ACCOUNT_ID = '11111111-1111-1111-1111-111111111111';

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
  const upstream = createUpstreamService(world, faults, books, createCallCheck(world, rows));
  let ids = 0;
  const newId = (): string => {
    ids += 1;
    return `id-${ids}`;
  };

  /** The product, as `functions/app.ts` puts it together. */
  const build = (process: Process): Keeper => {
    const { clock } = process;
    const source = {
      endpoint: UPSTREAM,
      tokenEndpoint: UPSTREAM,
      accountId: UPSTREAM_ACCOUNT,
      accountKey: 'key',
    };
    const parts: Surroundings = {
      accountId: ACCOUNT_ID,
      defaults: DEFAULTS,
      store: createStore(table.connect(process), newId),
      upstream: createUpstream(source, clock, upstream.connect(process)),
      rules: RULES,
      clock: process.clock,
      newId,
      telemetry: {
        report(entry) {
          if (entry.kind === 'sweep') return;
          const { kind, accountId, ...rest } = entry;
          world.trace.note(process.name, `${kind} ${JSON.stringify(rest)}`);
        },
      },
    };
    return createKeeper(parts);
  };

  createMishaps({ world, faults, books, rows, accountId: ACCOUNT_ID });
  const platform = createPlatform(world, faults, build);
  const ticks = createTicks(world, faults, platform);
  const { stories } = createFleet(world, faults, books, platform, ticks, hours);
  checkTable(world, rows);
  checkLeases(world, faults, books, stories);
  const skewMs = platform.now() - world.now();
  const standing = createStanding({ world, rows, accountId: ACCOUNT_ID, skewMs });
  checkServers({ world, faults, books, rows, accountId: ACCOUNT_ID, stories, standing });

  const end = world.start + hours * 3_600_000;
  await world.run(end);
  if (world.failure() === undefined) {
    checkEnd({ world, books, rows, accountId: ACCOUNT_ID, keepersNow: platform.now() });
  }
  return {
    ...{
      seed,
      steps: world.steps(),
      calls: upstream.calls().length,
      sessions: stories.size,
      chosen: faults.chosen,
    },
    ...{ faults: faults.hits(), violation: world.failure(), trace: world.trace.lines() },
  };
};
