import type { Keeper } from '../../shared/keeper.ts';
import { sweepFor } from '../../shared/sweep-message.ts';
import type { Telemetry } from '../../shared/telemetry.ts';
import type { Faults } from './faults.ts';
import { ACCOUNT_ID } from './keeper-parts.ts';
import type { Platform } from './platform.ts';
import type { World } from './world.ts';

/** The timer and the queue: one message a minute, each delivered at least once to some instance. */
export interface Ticks {
  /** One more message, as an HTTP call adds one whose upstream part is not done. */
  enqueue(): void;
  /** When the next message is delivered. */
  nextSweep(): Promise<void>;
}

const TICK_MS = 60_000;
const DELIVERIES = 5;
/** A message whose instance died is seen again after this. */
const INVISIBLE_MS = 10 * 60_000;
const FUNCTION_TIMEOUT_MS = 5 * 60_000;

/** As the timer writes them; and what others write to the same queue. */
const MESSAGE: unknown = { accountId: ACCOUNT_ID };
const POISON: readonly unknown[] = [
  '',
  'sweep',
  null,
  7,
  [],
  {},
  { accountId: null },
  { accountId: [ACCOUNT_ID] },
  { accountId: 'somebody else' },
];

export const createTicks = (world: World, faults: Faults, platform: Platform): Ticks => {
  const chance = world.chance('ticks');
  const waiting: (() => void)[] = [];

  const telemetry: Pick<Telemetry, 'report'> = {
    report: (entry) => world.trace.note('queue', JSON.stringify(entry)),
  };

  const deliver = async (message: unknown, delivery = 1): Promise<void> => {
    const limits = {
      patienceMs: FUNCTION_TIMEOUT_MS,
      endsAfterMs: FUNCTION_TIMEOUT_MS,
      // Within the few questions of an idle sweep, or those of a busy one.
      endsAtQuestion: faults.draws('function-timeout')
        ? chance.integer(1, chance.pick([3, 10, 40]))
        : undefined,
    };
    if (message === MESSAGE) for (const go of waiting.splice(0)) go();
    const ask = (keeper: Keeper) => sweepFor(message, new Map([[ACCOUNT_ID, keeper]]), telemetry);
    const answer = await platform.call('sweep', ask, limits);
    if (answer.type === 'answered' && message !== MESSAGE) faults.count('queue-poison');
    if (delivery >= DELIVERIES || answer.type === 'answered') return;
    const againMs = answer.type === 'failed' ? 1_000 : INVISIBLE_MS;
    world.after(againMs, () => world.watch(deliver(message, delivery + 1)));
  };

  const deliverAfter = (milliseconds: number, message = MESSAGE): void =>
    world.after(milliseconds, () => world.watch(deliver(message)));

  const enqueue = (): void => {
    const afterMs = chance.integer(50, 2_000);
    deliverAfter(afterMs);
    if (faults.draws('queue-poison')) deliverAfter(chance.integer(0, 4_000), chance.pick(POISON));
    if (!faults.strikes('queue-repeated')) return;
    // Often at once, so that two instances go through the same work side by side.
    const apartMs = chance.hits(0.5) ? chance.integer(0, 20) : chance.integer(0, 30_000);
    deliverAfter(afterMs + apartMs);
  };

  const tick = (): void => {
    world.after(TICK_MS, tick);
    if (faults.strikes('tick-missed')) return;
    if (faults.strikes('tick-duplicate')) enqueue();
    if (faults.strikes('tick-late')) {
      const lateMs = chance.integer(1_000, 55_000);
      world.after(lateMs, enqueue);
    } else enqueue();
  };

  const offset = chance.integer(0, TICK_MS - 1);
  world.after(offset, tick);
  const nextSweep = (): Promise<void> => new Promise((resolve) => waiting.push(resolve));
  return { enqueue, nextSweep };
};
