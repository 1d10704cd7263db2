import type { Faults } from './faults.ts';
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

export const createTicks = (world: World, faults: Faults, platform: Platform): Ticks => {
  const chance = world.chance('ticks');
  const waiting: (() => void)[] = [];

  const deliver = async (delivery: number): Promise<void> => {
    const limits = {
      patienceMs: FUNCTION_TIMEOUT_MS,
      endsAfterMs: faults.strikes('function-timeout') ? chance.integer(5, 20_000) : FUNCTION_TIMEOUT_MS,
    };
    for (const go of waiting.splice(0)) go();
    const answer = await platform.call('sweep', (keeper) => keeper.sweep(), limits);
    if (delivery >= DELIVERIES || answer.type === 'answered') return;
    world.after(answer.type === 'failed' ? 1_000 : INVISIBLE_MS, () => deliver(delivery + 1));
  };

  const enqueue = (): void => {
    const afterMs = chance.integer(50, 2_000);
    world.after(afterMs, () => deliver(1));
    if (!faults.strikes('queue-repeated')) return;
    // Often at once, so that two instances go through the same work side by side.
    const apartMs = chance.hits(0.5) ? chance.integer(0, 20) : chance.integer(0, 30_000);
    world.after(afterMs + apartMs, () => deliver(1));
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
