import { MINUTE_MS } from '../../../shared/lease.ts';
import { MAX_EXTENDED_LEASE_MINUTES } from '../../../shared/protocol/vocabulary.ts';
import { type Books, isLiving, type Server } from '../../simulation/upstream-books.ts';
import type { World } from '../../simulation/world.ts';
import { TIMES } from '../simulated/upstream.ts';

/** The upstream as clients call it that have no keeper: each of these is one call, but a list of several pages. */
export interface Direct {
  create(sessionId: string, leaseMinutes: number): void;
  /** Undefined where it is over. */
  observe(sessionId: string): Server | undefined;
  /** A new total since Ready; false where it is refused. */
  extend(sessionId: string, leaseMinutes: number): boolean;
  stop(sessionId: string): void;
  list(): readonly Server[];
  calls(): number;
}

/** The client libraries ask so often whether a Standard server is Ready. */
const READY_POLL_MS = 2_000;
const PAGE = 100;

export const createDirect = (world: World, books: Books): Direct => {
  let calls = 0;
  return {
    calls: () => calls,
    create(sessionId, leaseMinutes) {
      // The create, and the polls until it is Ready.
      calls += 1 + Math.ceil(TIMES.startsInMs / READY_POLL_MS);
      const { startsInMs } = TIMES;
      books.create({ id: sessionId, size: 'Standard', leaseMinutes, startsInMs, isFull: false });
    },
    observe(sessionId) {
      calls += 1;
      const server = books.find(sessionId);
      return server !== undefined && isRunning(server) ? server : undefined;
    },
    extend(sessionId, leaseMinutes) {
      calls += 1;
      const server = books.find(sessionId);
      const isTaken =
        server !== undefined &&
        isRunning(server) &&
        leaseMinutes > server.leaseMinutes &&
        leaseMinutes <= MAX_EXTENDED_LEASE_MINUTES;
      if (isTaken) books.extend(server, leaseMinutes, world.now());
      return isTaken;
    },
    stop(sessionId) {
      calls += 1;
      const server = books.find(sessionId);
      if (server !== undefined && isRunning(server)) books.stop(server, TIMES.stopsInMs);
    },
    list() {
      const living = books.living();
      calls += Math.max(1, Math.ceil(living.length / PAGE));
      return living;
    },
  };
};

/** There, and not on its way out. */
export const isRunning = (server: Server): boolean => isLiving(server) && server.stoppingSince === null;

/** Whole minutes since Ready, as the service tells them. */
export const elapsedMinutes = ({ readyAt }: Server, now: number): number =>
  readyAt === null ? 0 : Math.floor((now - readyAt) / MINUTE_MS);
