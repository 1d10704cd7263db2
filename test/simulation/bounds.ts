import { MINUTE_MS } from '../../shared/lease.ts';
import type { AccountRules, Rules } from '../../shared/session.ts';

/** The numbers by which the checks judge; all are promises of DESIGN §3, with nothing added but the way of a message. */

export const RULES: AccountRules = {
  renewMarginMinutes: 10,
  extensionMinutes: 60,
  observeIntervalMs: 10 * MINUTE_MS,
  launchTimeoutMs: 5 * MINUTE_MS,
  callGapMs: 0,
  awayMs: 5 * MINUTE_MS,
  isExclusive: false,
  orphanGraceMs: 5 * MINUTE_MS,
};

const SWEEP_MS = MINUTE_MS;
const CALL_TIMEOUT_MS = 10_000;
/** From the timer over the queue to an instance, and from there to the upstream. */
const WAY_MS = 4_000;

/** Clocks of two instances may differ by so much, and nobody is at fault. */
export const CLOCKS_DIFFER_MS = 1_000;

/** DESIGN §4.2: a call leaves within two seconds of its commit, or not at all. */
export const START_WINDOW_MS = 2_000;

/** "The bound" of DESIGN §3: two sweeps and one call time-out, with nothing in the way. */
export const BOUND_MS = 2 * SWEEP_MS + CALL_TIMEOUT_MS + WAY_MS;

/**
 * With nothing in the way a lease is renewed by the first sweep after its margin began: a tick apart, the way, and an
 * answer. "The bound" has room for a sweep that comes to nothing.
 */
export const RENEWED_WITHIN_MS = SWEEP_MS + WAY_MS + 4_000;

/**
 * With light trouble all the time (each operation fails now and then), nothing is promised for two sweeps; but that it
 * gets through in some of so many is certain for all purposes.
 */
export const TROUBLED_BOUND_MS = 8 * BOUND_MS;

/**
 * The longest outage of table, upstream or ticks that a kept session survives: its lease has at least the margin left
 * when an extension falls due, and after the outage it takes the bound to get one through.
 */
export const longestSurvivedOutageMs = ({ renewMarginMinutes }: Pick<Rules, 'renewMarginMinutes'>): number =>
  renewMarginMinutes * MINUTE_MS - BOUND_MS;
