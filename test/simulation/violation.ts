import type { Instant } from '../../shared/lease.ts';

/**
 * The invariants of DESIGN §3, and three more: `call` (one change at a time at the upstream, §4.2), `rows` (each living
 * record has exactly one due row, and an activity row) and `error` (the keeper throws what no caller can expect).
 */
export type Invariant = '1' | 'W' | 'K' | 'L' | 'T' | 'A' | 'V' | 'R' | 'call' | 'rows' | 'error';

/** An invariant that does not hold: when, and in a sentence how. */
export interface Violation {
  invariant: Invariant;
  at: Instant;
  sessionId: string;
  text: string;
}
