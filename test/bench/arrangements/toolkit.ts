import type { World } from '../../simulation/world.ts';
import type { Arrangement, Attendance } from './arrangement.ts';
import { AWAY } from './arrangement.ts';
import { type Direct, elapsedMinutes } from './direct.ts';

/**
 * The desktop toolkit: while it runs it polls the properties every 10 s, 15 s while rendering, and when
 * `lease - elapsed <= extension` it asks for `elapsed + extension + 1`: a call a minute. It knows no cap, and does not
 * wait after a refusal. What is left of the lease when it is closed is the extension that a user has set.
 */
export const TOOLKIT = {
  pollMs: 10_000,
  renderingPollMs: 15_000,
  extensionMinutes: 10,
  leaseMinutes: 10,
} as const;

export const createToolkit = (world: World, direct: Direct): Arrangement => {
  const clients = new Map<string, { how: Attendance; isPolling: boolean }>();
  const clientOf = (sessionId: string) => {
    const known = clients.get(sessionId) ?? { how: AWAY, isPolling: false };
    clients.set(sessionId, known);
    return known;
  };

  const poll = (sessionId: string): void => {
    const client = clientOf(sessionId);
    const server = client.how.isOpen ? direct.observe(sessionId) : undefined;
    client.isPolling = server !== undefined;
    if (server === undefined) return;
    const elapsed = elapsedMinutes(server, world.now());
    const { extensionMinutes, pollMs, renderingPollMs } = TOOLKIT;
    if (server.status === 'Ready' && server.leaseMinutes - elapsed <= extensionMinutes)
      direct.extend(sessionId, elapsed + extensionMinutes + 1);
    world.quietly(client.how.isUsed ? renderingPollMs : pollMs, () => poll(sessionId));
  };

  return {
    create: (sessionId) => direct.create(sessionId, TOOLKIT.leaseMinutes),
    attend(sessionId, how) {
      const client = clientOf(sessionId);
      client.how = how;
      if (how.isOpen && !client.isPolling) poll(sessionId);
    },
    stop(sessionId) {
      clients.delete(sessionId);
      direct.stop(sessionId);
    },
    calls: direct.calls,
  };
};
