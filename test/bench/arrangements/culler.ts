import { MINUTE_MS } from '../../../shared/lease.ts';
import { MAX_CREATE_LEASE_MINUTES } from '../../../shared/protocol/vocabulary.ts';
import type { World } from '../../simulation/world.ts';
import type { Arrangement, Attendance } from './arrangement.ts';
import { type Direct, isRunning } from './direct.ts';

/**
 * An idle culler: it lists everything each five minutes and stops what nobody has used for ten. Leases are as long as
 * the service gives, for it extends none. It is given the same signs of use as the keeper, and the moment of each,
 * which is more than such scripts know.
 */
export const CULLER = { everyMs: 5 * MINUTE_MS, timeoutMs: 10 * MINUTE_MS } as const;

export const createCuller = (world: World, direct: Direct): Arrangement => {
  const use = new Map<string, { how: Attendance; usedAt: number }>();

  const cull = (): void => {
    world.quietly(CULLER.everyMs, cull);
    const now = world.now();
    for (const server of direct.list()) {
      const { id, readyAt } = server;
      if (readyAt === null || !isRunning(server)) continue;
      const { how, usedAt } = use.get(id) ?? { how: undefined, usedAt: readyAt };
      if (how?.isUsed !== true && Math.max(usedAt, readyAt) <= now - CULLER.timeoutMs) direct.stop(id);
    }
  };
  world.quietly(CULLER.everyMs, cull);

  return {
    create: (sessionId) => direct.create(sessionId, MAX_CREATE_LEASE_MINUTES),
    // Use lasts up to the moment at which it changes.
    attend: (sessionId, how) => void use.set(sessionId, { how, usedAt: world.now() }),
    stop: direct.stop,
    calls: direct.calls,
  };
};
