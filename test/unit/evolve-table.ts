import { expect, it } from 'vitest';
import { evolve } from '../../shared/evolve.ts';
import type { Act, Outcome } from '../../shared/outcome.ts';
import type { LiveSession, Pending, Session } from '../../shared/session.ts';
import { minutes, seconds, T0 } from '../builders.ts';

/** One row of a table of outcomes. */

export const NOW = T0 + minutes(20);
export const missing: Outcome = { type: 'missing', sentAt: NOW };
export const unclear: Outcome = { type: 'inconclusive', because: 'it answered 500', retryAfterMs: null };
export const refusal: Outcome = { type: 'refused', status: 422, message: 'not larger' };

export const firstAttempt = (lastUntil = NOW): LiveSession['creation'] => ({
  maxLeaseMinutes: 60,
  attempts: 1,
  firstAttemptAt: lastUntil - seconds(10),
  lastUntil,
});
export const pending = (op: Pending['op']): Pending => ({ op, opId: 'op-9', until: NOW });

/** The record after it; an end is a failure of the test. */
export const liveAfter = (session: LiveSession, act: Act, outcome: Outcome): LiveSession => {
  const { next } = evolve(session, act, outcome, NOW);
  if (next.life !== 'live') throw new Error(`ended: ${next.because}`);
  return next;
};

export interface Row {
  name: string;
  session: LiveSession;
  act: Act;
  outcome: Outcome;
  expected: Partial<Session>;
  /** The kinds of the history rows, in order. */
  kinds: string[];
}

export const check = (rows: readonly Row[]): void => {
  it.each(rows)('$name', ({ session, act, outcome, expected, kinds }) => {
    const { next, events } = evolve(session, act, outcome, NOW);
    expect(next).toMatchObject(expected);
    expect(events.map(({ kind }) => kind)).toEqual(kinds);
    expect(events.every(({ at }) => at === NOW)).toBe(true);
  });
};
