import { isAway, isBraked, listDueAt, opensAt, rulesAt, unaskedLately } from '../gate.ts';
import type { Instant } from '../lease.ts';
import type { AccountRules } from '../session.ts';
import type { Evidence } from './evidence.ts';

/** How a whole account stands: what its gate says, and what follows from it. */
export interface AccountState {
  /** null: a call may leave now. */
  closedUntil: Instant | null;
  /** Between two calls; 0: no pause. */
  callGapMs: number;
  /** Who sweeps at this moment. */
  sweeper: { id: string; until: Instant } | null;
  sweptAt: Instant | null;
  /** Whether the last sweep was so long ago that the keeper counts as away. */
  isAway: boolean;
  /** Idleness counts from then on. */
  graceFrom: Instant;
  /** Stops and disappearances that nobody asked for, as the brake counts them. */
  unaskedStops: number;
  isBraked: boolean;
  listedAt: Instant | null;
  /** When the next sweep asks for a list, whatever else is due; not after `at`: it does so at once. */
  listDueAt: Instant;
  keptCount: number;
  /** Calls to the upstream that were made for this, beside the keeper's own. */
  calls: number;
  /** Why the upstream did not say what it has; null where it did. */
  unanswered: string | null;
}

export const accountState = (
  { gate, rows, listing, calls, at }: Evidence,
  rules: AccountRules,
): AccountState => {
  const opens = opensAt(gate, at);
  return {
    closedUntil: opens > at ? opens : null,
    callGapMs: rules.callGapMs,
    sweeper: gate.sweeper !== null && gate.sweeper.until > at ? gate.sweeper : null,
    sweptAt: gate.sweptAt,
    isAway: isAway(gate, rules, at),
    graceFrom: rulesAt(gate, rules, at).graceFrom,
    unaskedStops: unaskedLately(gate, at),
    isBraked: isBraked(gate, rows.length, at),
    listedAt: gate.listedAt,
    listDueAt: listDueAt(gate, rules, at),
    keptCount: gate.keptCount,
    calls,
    unanswered: listing.type === 'inconclusive' ? listing.because : null,
  };
};
