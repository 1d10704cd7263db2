import { createKeeper, type Keeper } from '../../../shared/keeper.ts';
import { MINUTE_MS } from '../../../shared/lease.ts';
import type { AccountRules } from '../../../shared/session.ts';
import { RULES } from '../../simulation/bounds.ts';
import { createFaults } from '../../simulation/faults.ts';
import { createParts } from '../../simulation/keeper-parts.ts';
import { createProcess } from '../../simulation/process.ts';
import { createTableService } from '../../simulation/table-double.ts';
import { createTableRows, type TableRows } from '../../simulation/table-rows.ts';
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
  /** How long all sweeps took so far that have come to their end, waits included. */
  sweptMs(): number;
  /** A keeper of this account, with rules of its own where that is asked for: it sweeps each minute from now on. */
  startKeeper(rules?: AccountRules): Keeper;
  /** One more sweep, soon: what an HTTP call leaves unfinished. */
  sweepSoon(keeper: Keeper): void;
  /** @throws what a sweep threw */
  run(until: number): Promise<void>;
}

const QUEUE_MS = 500;

/** `rows` of the caller's own are for one who looks at them. */
export const createAccount = (seed: number, rows: TableRows = createTableRows()): Account => {
  const world = createWorld(seed);
  const faults = createFaults(world, { hours: 0, only: [] });
  const table = createTableService(world, faults, rows);
  const books = createBooks(world);
  const upstream = createCalmUpstream(world, books);
  const process = createProcess('keeper', world, faults, { platform: 0, own: () => 0 });
  const failures: unknown[] = [];

  let sweptMs = 0;

  const sweep = (keeper: Keeper): void => {
    const begunAt = world.now();
    const note = (): void => {
      sweptMs += world.now() - begunAt;
    };
    keeper.sweep().then(note, (error: unknown) => failures.push(error));
  };
  const tick = (keeper: Keeper): void => {
    world.after(MINUTE_MS, () => tick(keeper));
    sweep(keeper);
  };

  return {
    world,
    books,
    calls: upstream.calls,
    sweptMs: () => sweptMs,
    startKeeper(rules = DEFAULT_RULES) {
      const keeper = createKeeper(createParts(world, table, upstream, rules)(process));
      tick(keeper);
      return keeper;
    },
    sweepSoon: (keeper) => world.after(QUEUE_MS, () => sweep(keeper)),
    async run(until) {
      await world.run(until);
      if (failures.length > 0) throw failures[0];
    },
  };
};
