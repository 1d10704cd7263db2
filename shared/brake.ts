import { BRAKE_LEAST, type Gate, holdMs, isBraked, mayBeHeld, unaskedLately } from './gate.ts';
import type { Instant } from './lease.ts';
import type { HistoryEvent } from './outcome.ts';
import type { LiveSession } from './session.ts';

/**
 * The brake: where many sessions are about to be stopped, or have disappeared, and nobody asked for it, something is
 * wrong with the keeper or its neighbours more often than with all those sessions. Each is held once.
 */

/** What the brake says of a session: the rest of its hold, a new one, or that it does not hold it. */
export type Held = { until: Instant; isNew: boolean } | undefined;

/** `countLive` is asked only where there were enough stops to make it matter. */
export const heldBy = async (
  gate: Gate,
  { heldUntil, policy }: LiveSession,
  now: Instant,
  countLive: () => Promise<number>,
): Promise<Held> => {
  if (heldUntil !== null && heldUntil > now) return { until: heldUntil, isNew: false };
  if (!mayBeHeld(heldUntil, now) || unaskedLately(gate, now) < BRAKE_LEAST) return undefined;
  if (!isBraked(gate, await countLive(), now)) return undefined;
  return { until: now + holdMs(policy.idleTimeoutMinutes), isNew: true };
};

/** The record of a session that is held, with the event where that is new. */
export const held = (
  session: LiveSession,
  { until, isNew }: NonNullable<Held>,
  because: string,
  now: Instant,
): { next: LiveSession; events: HistoryEvent[] } => ({
  next: { ...session, heldUntil: until },
  events: isNew ? [{ at: now, kind: 'held', because, detail: { until: new Date(until).toISOString() } }] : [],
});
