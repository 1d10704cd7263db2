import { describe, expect, it } from 'vitest';
import { type CheckedClock, clockFault, createCheckedClock } from '../../shared/clock.ts';
import { minutes, seconds, T0 } from '../builders.ts';

/** A machine's clock that is moved by hand, and what is told of it. */
const setClock = (): { own: { now: number }; clock: CheckedClock; alerts: number[]; aborts: number[] } => {
  const own = { now: T0 };
  const alerts: number[] = [];
  const aborts: number[] = [];
  const abortAt = (at: number): AbortSignal => {
    aborts.push(at);
    return AbortSignal.abort();
  };
  const clock = createCheckedClock({ now: () => own.now, abortAt }, (aheadMs) => alerts.push(aheadMs));
  return { own, clock, alerts, aborts };
};

describe('a clock', () => {
  it.each([
    ['agrees', 0, 0, true],
    ['is as much ahead as any may be', seconds(30), 0, true],
    ['is as much behind as any may be', -seconds(30), 0, true],
    ['is too far ahead', seconds(30) + 1, 0, false],
    ['is too far behind', -seconds(30) - 1, 0, false],
    ['ticks on while the machine sleeps between question and reply', 0, minutes(60), true],
    ['is ahead, and the machine sleeps', minutes(5), minutes(60), false],
    // The reply tells the past: it may be that of the question.
    ['is behind by less than the machine slept', -minutes(5), minutes(60), true],
  ])('%s', (_, aheadMs, sleptMs, isTrusted) => {
    const { own, clock, alerts } = setClock();
    own.now = T0 + aheadMs;
    const noteTime = clock.asks();
    own.now += sleptMs;
    noteTime(T0);
    expect(clock.isTrusted()).toBe(isTrusted);
    expect(alerts).toHaveLength(isTrusted ? 0 : 1);
  });

  it('that is wrong shows the table’s time, and waits by it', () => {
    for (const aheadMs of [minutes(5), -minutes(5)]) {
      const { own, clock, alerts, aborts } = setClock();
      own.now = T0 + aheadMs;
      clock.asks()(T0);
      own.now += 250;
      expect(clock.now()).toBe(T0 + 250);
      clock.abortAt(T0 + 1_000);
      expect(aborts).toEqual([T0 + aheadMs + 1_000]);
      expect(alerts).toEqual([aheadMs]);
    }
  });

  it('is trusted before it was ever held against the table', () => {
    const { clock } = setClock();
    expect(clock.isTrusted()).toBe(true);
    expect(clock.now()).toBe(T0);
  });

  it('is alerted of when it goes wrong and when it is right again, not with every reply', () => {
    const { own, clock, alerts } = setClock();
    own.now = T0 + minutes(1);
    for (let reply = 0; reply < 3; reply += 1) clock.asks()(T0);
    own.now = T0;
    for (let reply = 0; reply < 3; reply += 1) clock.asks()(T0);
    expect(clock.isTrusted()).toBe(true);
    expect(clock.now()).toBe(T0);
    expect(alerts).toEqual([minutes(1), 0]);
  });

  it('is told of in words', () => {
    expect(clockFault(minutes(1))).toMatch(/is 60 s ahead of the table's/);
    expect(clockFault(-minutes(1))).toMatch(/is -60 s ahead/);
    expect(clockFault(0)).toMatch(/agrees .* again/);
  });
});
