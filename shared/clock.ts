import type { Instant } from './lease.ts';

/** Time, as an argument: only the composition root and the tests make one. */
export interface Clock {
  now(): Instant;
  /** A signal that aborts at that instant of this clock. */
  abortAt(at: Instant): AbortSignal;
}
