import { describe, expect, it } from 'vitest';
import { type CheckedClock, clockFault, createCheckedClock } from '../../shared/clock.ts';
import { minutes, seconds, T0 } from '../builders.ts';

interface SetClock {
  own: { now: number };
  clock: CheckedClock;
  alerts: number[];
  aborts: number[];
  /** A reply at once, with this machine's clock so far ahead of the table's T0. */
  reply: (aheadMs: number) => void;
}

/** A machine's clock that is moved by hand, and what is told of it. */
const setClock = (): SetClock => {
  const own = { now: T0 };
  const alerts: number[] = [];
  const aborts: number[] = [];
  const abortAt = (at: number): AbortSignal => {
    aborts.push(at);
    return AbortSignal.abort();
  };
  const clock = createCheckedClock({ now: () => own.now, abortAt }, (aheadMs) => alerts.push(aheadMs));
  const reply = (aheadMs: number): void => {
    own.now = T0 + aheadMs;
    clock.asks()(T0);
  };
  return { own, clock, alerts, aborts, reply };
};

describe('a clock', () => {
  it.each([
    ['agrees', 0, 0],
    ['is ahead by less than the table rounds', 999, 0],
    ['is a second ahead', seconds(1), 0],
    ['is ahead by more', seconds(1) + 1, 1],
    ['is behind', -1, -1],
    ['is some seconds ahead', seconds(13), seconds(12)],
    ['is some seconds behind', -seconds(13), -seconds(13)],
    ['is minutes ahead', minutes(5), minutes(5) - seconds(1)],
    ['is minutes behind', -minutes(5), -minutes(5)],
  ])('that %s is corrected by no more than is certain', (_, aheadMs, expected) => {
    const { own, clock, aborts, reply } = setClock();
    reply(aheadMs);
    expect(clock.aheadMs()).toBe(expected);
    own.now += 250;
    expect(clock.now()).toBe(T0 + aheadMs - expected + 250);
    clock.abortAt(T0 + 1_000);
    expect(aborts).toEqual([T0 + expected + 1_000]);
  });

  it('is known better with each reply', () => {
    const { own, clock } = setClock();
    for (const phaseMs of [500, 200, 900, 0]) {
      own.now = T0 + seconds(7) + phaseMs;
      clock.asks()(T0);
    }
    // Ahead by 7 s: the reply at 0.9 s says by at least 6.9 s.
    expect(clock.aheadMs()).toBeGreaterThanOrEqual(seconds(7) - 101);
    expect(clock.aheadMs()).toBeLessThanOrEqual(seconds(7));
  });

  it('that is wrong stays so while the machine sleeps between question and reply', () => {
    for (const aheadMs of [seconds(25), minutes(5), -minutes(5)]) {
      const { own, clock, reply } = setClock();
      reply(aheadMs);
      const [before, wasTrusted] = [clock.aheadMs(), clock.isTrusted()];
      const noteTime = clock.asks();
      own.now += minutes(60);
      noteTime(T0);
      expect([clock.aheadMs(), clock.isTrusted()]).toEqual([before, wasTrusted]);
    }
  });

  it('that is right stays so while the machine sleeps between question and reply', () => {
    const { own, clock, alerts } = setClock();
    const noteTime = clock.asks();
    own.now += minutes(60);
    noteTime(T0);
    expect([clock.aheadMs(), clock.isTrusted(), alerts.length]).toEqual([0, true, 0]);
  });

  it('that jumps is followed with the next reply', () => {
    const { clock, reply } = setClock();
    for (const aheadMs of [0, minutes(3), seconds(10), -minutes(20), 0]) {
      reply(aheadMs);
      expect(Math.abs(clock.aheadMs() - aheadMs)).toBeLessThanOrEqual(seconds(1));
    }
  });

  it('that is put back between question and reply tells nothing', () => {
    const { own, clock, reply } = setClock();
    reply(seconds(5));
    const noteTime = clock.asks();
    own.now -= minutes(5);
    noteTime(T0);
    expect(clock.aheadMs()).toBe(seconds(4));
  });

  it('is not moved back and forth near any difference', () => {
    for (const aheadMs of [500, 29_500, 30_000, 30_500, -30_000]) {
      const { own, clock, alerts } = setClock();
      const shown: number[] = [];
      for (let reply = 0; reply < 200; reply += 1) {
        const now = T0 + reply * 177;
        own.now = now + aheadMs;
        const noteTime = clock.asks();
        own.now += 40;
        noteTime(Math.floor((now + 20) / 1_000) * 1_000);
        shown.push(clock.aheadMs());
      }
      const steps = shown.slice(1).map((ms, index) => ms - (shown[index] ?? 0));
      // Towards what it really is, by a second in all and a few milliseconds for drift.
      expect(steps.filter((step) => step * aheadMs < 0).every((step) => Math.abs(step) <= 20)).toBe(true);
      expect(steps.reduce((sum, step) => sum + Math.abs(step), 0)).toBeLessThan(seconds(1) + 100);
      expect(alerts.length).toBeLessThanOrEqual(1);
    }
  });

  it('stands still rather than run backwards by a correction, so that what was due stays due', () => {
    const { own, clock } = setClock();
    own.now = T0 + seconds(5);
    clock.asks()(T0);
    const before = clock.now();
    clock.asks()(T0 - seconds(1));
    expect(clock.aheadMs()).toBe(seconds(5));
    const held = [0, 500, 500, 1].map((passedMs) => {
      own.now += passedMs;
      return clock.now() - before;
    });
    expect(held).toEqual([0, 0, 0, 1]);
  });

  it.each([
    ['by two seconds', seconds(2), 0],
    ['by more', seconds(2) + 1, -seconds(2) - 1],
  ])('that was put back %s tells the time accordingly', (_, putBackMs, expected) => {
    const { own, clock } = setClock();
    const before = clock.now();
    own.now -= putBackMs;
    expect(clock.now() - before).toBe(expected);
  });

  it('is trusted, and as it is, before it was ever held against the table', () => {
    const { clock } = setClock();
    expect(clock.isTrusted()).toBe(true);
    expect(clock.now()).toBe(T0);
  });

  it('is alerted of when it goes wrong and when it is right again, and not in between', () => {
    const { clock, alerts, reply } = setClock();
    const trusted: boolean[] = [];
    // What is certain is a second less, ahead.
    for (const aheadSeconds of [0, 29, 31, 29, 25, 21, 19.5, 25, 29, 31, -29, -20, -18, -29, -30]) {
      reply(seconds(aheadSeconds));
      trusted.push(clock.isTrusted());
    }
    const [yes, no] = [true, false];
    expect(trusted).toEqual([yes, yes, no, no, no, no, yes, yes, yes, no, no, no, yes, yes, no]);
    expect(alerts).toEqual([30_000, 19_500, 30_000, -19_000, -30_000]);
  });

  it('is told of in words', () => {
    expect(clockFault(minutes(1))).toMatch(/is 60 s ahead of the table's/);
    expect(clockFault(-seconds(30))).toMatch(/is -30 s ahead/);
    expect(clockFault(seconds(19))).toMatch(/agrees .* again/);
  });
});
