import { MINUTE_MS } from '../../shared/lease.ts';
import type { AccountRules, Rules } from '../../shared/session.ts';
import type { Chance } from './chance.ts';
import { LONGEST_GROWN_EXTENSION_MINUTES } from './service-terms.ts';

/** The numbers by which the checks judge; all are promises of DESIGN §3, with nothing added but the way of a message. */

export const RULES: AccountRules = {
  renewMarginMinutes: 10,
  extensionMinutes: 60,
  observeIntervalMs: 10 * MINUTE_MS,
  launchTimeoutMs: 5 * MINUTE_MS,
  callGapMs: 0,
  awayMs: 5 * MINUTE_MS,
  absentMs: 2 * MINUTE_MS,
  isExclusive: false,
  orphanGraceMs: 5 * MINUTE_MS,
};

const SWEEP_MS = MINUTE_MS;
const CALL_TIMEOUT_MS = 10_000;
/** From the timer over the queue to an instance, and from there to the upstream. */
const WAY_MS = 4_000;

/** Clocks of two instances, corrected by whole seconds, may differ by so much, and nobody is at fault. */
export const CLOCKS_DIFFER_MS = 2_000;

/** The oldest answer that the upstream gives for the newest: what it says of the time since Ready is wrong by as much. */
export const STALE_MS = 5 * MINUTE_MS;

/** DESIGN §4.2: a call leaves within two seconds of its commit, or not at all. */
export const START_WINDOW_MS = 2_000;

/** "The bound" of DESIGN §3 where calls need not wait for each other: two sweeps and one call time-out. */
export const BOUND_MS = 2 * SWEEP_MS + CALL_TIMEOUT_MS + WAY_MS;

/** What one session may want of the upstream within the bound: a look, a change, and the look that confirms it. */
const CALLS_OF_ONE = 3;
/** Calls that are no session's: lists, and what is left of sessions that are over. */
const CALLS_OF_NONE = 4;

/** The bound of an account with so many sessions: each of their calls may have to wait for all others. */
export const boundMs = ({ callGapMs }: Pick<AccountRules, 'callGapMs'>, sessions: number): number =>
  BOUND_MS + (sessions * CALLS_OF_ONE + CALLS_OF_NONE) * callGapMs;

/**
 * The longest outage of table, upstream or ticks that a kept session survives: its lease has at least the margin left
 * when an extension falls due, and after the outage it takes the bound to get one through. The margin grows with the
 * kept sessions by what their calls wait for each other, so that this does not depend on how many they are.
 */
export const longestSurvivedOutageMs = ({ renewMarginMinutes }: Pick<Rules, 'renewMarginMinutes'>): number =>
  renewMarginMinutes * MINUTE_MS - BOUND_MS;

/**
 * When a kept session is given to be renewed, before its lease ends: docs/guarantees.md. The margin grows by a call gap
 * for each session that is kept, as the keeper counts them each interval.
 */
export const marginMs = (
  { renewMarginMinutes, callGapMs }: Pick<AccountRules, 'renewMarginMinutes' | 'callGapMs'>,
  kept: number,
): number => renewMarginMinutes * MINUTE_MS + kept * callGapMs;

type KeepingRules = Pick<AccountRules, 'renewMarginMinutes' | 'extensionMinutes' | 'callGapMs'>;

/** How far a renewal may reach at the most, however many sessions are kept: docs/guarantees.md. */
const longestExtensionMinutes = ({ extensionMinutes }: KeepingRules): number =>
  Math.max(extensionMinutes, LONGEST_GROWN_EXTENSION_MINUTES);

/** How far ahead a renewal reaches where so many are kept: three times the calls of all, and the margin that is set. */
export const extensionMinutes = (rules: KeepingRules, kept: number): number => {
  const grown = rules.renewMarginMinutes + (3 * kept * rules.callGapMs) / MINUTE_MS;
  return Math.min(longestExtensionMinutes(rules), Math.max(rules.extensionMinutes, grown));
};

/** So many sessions are kept at the most, and any further one is refused: docs/guarantees.md. */
export const mostKept = (rules: KeepingRules): number => {
  const roomMs = (longestExtensionMinutes(rules) - rules.renewMarginMinutes) * MINUTE_MS;
  return Math.floor(roomMs / (3 * rules.callGapMs));
};

/** So long after an outage every one of so many kept sessions is renewed: the bound, and the calls of all of them. */
export const renewalsMs = ({ callGapMs }: Pick<AccountRules, 'callGapMs'>, kept: number): number =>
  BOUND_MS + kept * callGapMs;

/** The numbers of one run. */
export interface Bounds {
  readonly rules: AccountRules;
  /** "The bound" of DESIGN §3, as things stand. */
  boundMs(): number;
  /**
   * With light trouble all the time (each operation fails now and then), nothing is promised for two sweeps; but that
   * it gets through in some of so many is certain for all purposes.
   */
  troubledBoundMs(): number;
  /** How far ahead of now the keeper extends by itself at the most: as if everybody were kept alive. */
  extensionMinutes(): number;
  /** A lease is renewed so soon after its margin began, with nothing in the way. */
  renewedWithinMs(): number;
}

/** `sessions`: how many there are at the moment. */
export const createBounds = (rules: AccountRules, sessions: () => number): Bounds => {
  const bound = (): number => boundMs(rules, sessions());
  return {
    rules,
    boundMs: bound,
    troubledBoundMs: () => 8 * bound(),
    extensionMinutes: () => extensionMinutes(rules, sessions()),
    // By the first sweep after: a tick apart, the way, and an answer. "The bound" has room for one that comes to nothing.
    renewedWithinMs: () => SWEEP_MS + WAY_MS + 4_000 + bound() - BOUND_MS,
  };
};

/** Which rules the account of a seed has: most may call their upstream as they like, some have to wait. */
export const rulesOf = (chance: Chance): AccountRules => ({
  ...RULES,
  callGapMs: chance.pick([0, 0, 2_000, 5_000]),
  isExclusive: chance.hits(0.3),
});
