import type { Instant } from '../../shared/lease.ts';
import { CLOCKS_DIFFER_MS } from './bounds.ts';
import type { World } from './world.ts';

/** DESIGN §4.2: while a change is under way at the upstream, nobody else asks for another one of that session. */
export interface CallCheck {
  /** A change leaves, and is broken off at `until`. Says how to tell that it was answered. */
  leaves(sessionId: string, what: string, until: Instant): () => void;
}

export const createCallCheck = (world: World): CallCheck => {
  const underWay = new Map<string, { what: string; until: Instant }>();
  return {
    leaves(sessionId, what, until) {
      const other = underWay.get(sessionId);
      // A process that has ended, or sleeps, keeps its time all the same: nobody can know that it does.
      if (other !== undefined && world.now() < other.until - CLOCKS_DIFFER_MS) {
        const text = `${what} leaves while ${other.what} is under way`;
        world.fail({ invariant: 'call', at: world.now(), sessionId, text });
      }
      const own = { what, until };
      underWay.set(sessionId, own);
      return () => {
        if (underWay.get(sessionId) === own) underWay.delete(sessionId);
      };
    },
  };
};
