import type { Arrangement } from './arrangement.ts';
import type { Direct } from './direct.ts';

/** No keeper: a lease that is long enough, as people hope, and that nobody extends. */
export const createFixed = (direct: Direct, leaseMinutes: number): Arrangement => ({
  create: (sessionId) => direct.create(sessionId, leaseMinutes),
  attend: () => undefined,
  stop: direct.stop,
  calls: direct.calls,
});
