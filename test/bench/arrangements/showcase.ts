import { MINUTE_MS } from '../../../shared/lease.ts';
import { leaseEndOf } from '../../simulation/upstream-books.ts';
import type { World } from '../../simulation/world.ts';
import type { Arrangement } from './arrangement.ts';
import type { Direct } from './direct.ts';

/**
 * The Unity showcase: it adds 20 min at 20 min before the end of the lease, while it is connected. Its hours wrap at
 * 24, so that it asks for ten minutes near the cap, in vain; it repeats what fails ten times without a pause. Counted
 * are its polls until Ready and its extensions alone: nothing is known of others.
 */
export const SHOWCASE = { leaseMinutes: 10, addedMinutes: 20, retries: 10 } as const;

const DAY_MINUTES = 24 * 60;

export const createShowcase = (world: World, direct: Direct, find: Find): Arrangement => {
  const open = new Set<string>();
  const watched = new Set<string>();
  const hopeless = new Set<string>();

  const watch = (sessionId: string): void => {
    if (watched.has(sessionId)) return;
    watched.add(sessionId);
    look(sessionId);
  };

  const look = (sessionId: string): void => {
    const server = find(sessionId);
    if (!open.has(sessionId) || server === undefined || server.endedAt !== null || hopeless.has(sessionId)) {
      watched.delete(sessionId);
      return;
    }
    const renewAt = leaseEndOf(server) - SHOWCASE.addedMinutes * MINUTE_MS;
    if (server.readyAt !== null && world.now() >= renewAt) renew(sessionId, server.leaseMinutes);
    const next = leaseEndOf(server) - SHOWCASE.addedMinutes * MINUTE_MS;
    const inMs = server.readyAt === null ? MINUTE_MS / 6 : Math.max(1_000, next - world.now());
    world.quietly(inMs, () => look(sessionId));
  };

  const renew = (sessionId: string, leaseMinutes: number): void => {
    const wanted = (leaseMinutes + SHOWCASE.addedMinutes) % DAY_MINUTES;
    for (let attempt = 0; attempt <= SHOWCASE.retries; attempt += 1)
      if (direct.extend(sessionId, wanted)) return;
    hopeless.add(sessionId);
  };

  return {
    create: (sessionId) => direct.create(sessionId, SHOWCASE.leaseMinutes),
    attend(sessionId, { isOpen }) {
      if (isOpen) open.add(sessionId);
      else open.delete(sessionId);
      if (isOpen) watch(sessionId);
    },
    stop(sessionId) {
      open.delete(sessionId);
      direct.stop(sessionId);
    },
    calls: direct.calls,
  };
};

type Find = (sessionId: string) => Parameters<typeof leaseEndOf>[0] | undefined;
