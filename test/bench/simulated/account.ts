import { createKeeper, type Keeper } from '../../../shared/keeper.ts';
import { MINUTE_MS } from '../../../shared/lease.ts';
import type { AccountRules } from '../../../shared/session.ts';
import { RULES } from '../../simulation/bounds.ts';
import { createFaults } from '../../simulation/faults.ts';
import { createParts } from '../../simulation/keeper-parts.ts';
import { createProcess } from '../../simulation/process.ts';
import { createTableService } from '../../simulation/table-double.ts';
import { createTableRows } from '../../simulation/table-rows.ts';
import { type Books, createBooks } from '../../simulation/upstream-books.ts';
import type { UpstreamCall } from '../../simulation/upstream-double.ts';
import { createWorld, type World } from '../../simulation/world.ts';
import { createCalmUpstream } from './upstream.ts';

/** The rules of an account about which the configuration says nothing: five seconds between two calls. */
export const DEFAULT_RULES: AccountRules = { ...RULES, callGapMs: 5_000 };

/**
 * One account with the real keeper on the doubles of the simulation, without faults: nobody dies and nothing is lost.
 * What is left is what the keeper does by itself.
 */
export interface Account {
  readonly world: World;
  readonly books: Books;
  /** Calls about sessions that reached for the upstream. */
  calls(): readonly UpstreamCall[];
  /** A keeper of this account, with rules of its own where that is asked for. */
  keeperOf(rules?: AccountRules): Keeper;
  /** The timer: a sweep each minute from now on. */
  tick(keeper: Keeper): void;
  /** One more sweep, soon: what an HTTP call leaves unfinished. */
  sweepSoon(keeper: Keeper): void;
  /** @throws what a sweep threw */
  run(until: number): Promise<void>;
}

const QUEUE_MS = 500;

export const createAccount = (seed: number): Account => {
  const world = createWorld(seed);
  const faults = createFaults(world, { hours: 0, only: [] });
  const table = createTableService(world, faults, createTableRows());
  const books = createBooks(world);
  const upstream = createCalmUpstream(world, books);
  const process = createProcess('keeper', world, faults, { platform: 0, own: () => 0 });
  const failures: unknown[] = [];

  const sweep = (keeper: Keeper): void => {
    keeper.sweep().catch((error: unknown) => failures.push(error));
  };
  const tick = (keeper: Keeper): void => {
    world.after(MINUTE_MS, () => tick(keeper));
    sweep(keeper);
  };

  return {
    world,
    books,
    calls: upstream.calls,
    keeperOf: (rules = DEFAULT_RULES) => createKeeper(createParts(world, table, upstream, rules)(process)),
    tick,
    sweepSoon: (keeper) => world.after(QUEUE_MS, () => sweep(keeper)),
    async run(until) {
      await world.run(until);
      if (failures.length > 0) throw failures[0];
    },
  };
};
