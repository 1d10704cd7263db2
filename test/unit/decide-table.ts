import { expect, it } from 'vitest';
import { decide, dueAtOf } from '../../shared/decide.ts';
import type { Activity, Because, Decision, Foreseen, Session, Step } from '../../shared/session.ts';
import { activity, minutes, rules, seconds, T0 } from '../builders.ts';

/** One row of a table of decisions. */

/** T0 is 03:04; Ready since then or a minute before; the regular looks fall on 03:10, 03:20, … */
export const at = (afterMinutes: number, afterSeconds = 0): number =>
  T0 + minutes(afterMinutes) + seconds(afterSeconds);

export interface Row {
  name: string;
  session: Session;
  /** Absent: no use since T0. */
  activity?: Activity;
  now: number;
  expected: Decision;
}

export const none = (next: Foreseen, because: Because | 'cap' = next.because): Decision => ({
  type: 'none',
  because,
  next,
});
export const look = (when: number, because: Because): Step => ({ action: 'observe', at: when, because });
export const extend = (because: 'client' | 'keep-alive', maxLeaseMinutes: number): Decision => ({
  type: 'extend',
  because,
  maxLeaseMinutes,
});
export const used = (lastActivityAt: number, coveredUntil = lastActivityAt): Activity =>
  activity({ lastActivityAt, coveredUntil });

export const check = (rows: readonly Row[]): void => {
  it.each(rows)('$name', ({ session, now, expected, ...row }) => {
    const decision = decide(session, row.activity ?? activity(), now, rules);
    expect(decision).toEqual(expected);
    expect(dueAtOf(decision, now)).toBe(expected.type === 'none' ? expected.next.at : now);
  });
};
