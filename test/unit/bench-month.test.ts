import { describe, expect, it } from 'vitest';
import { MINUTE_MS } from '../../shared/lease.ts';
import { HABITS } from '../bench/month/habits.ts';
import { lastUse, monthOf, type Sitting } from '../bench/month/month.ts';
import { START } from '../simulation/world.ts';

const DAY_MS = 24 * 60 * MINUTE_MS;
const month = monthOf(7, { users: 60, days: 14 });
const ofKind = (kind: Sitting['kind']): Sitting[] => month.filter((sitting) => sitting.kind === kind);
const share = (count: number, of: number): number => count / of;

describe('a month of users', () => {
  it('is the same for the same seed, and another one for another', () => {
    expect(monthOf(7, { users: 60, days: 14 })).toEqual(month);
    expect(monthOf(8, { users: 60, days: 14 })).not.toEqual(month);
  });

  it('leaves those who are there as they are where more come', () => {
    const more = monthOf(7, { users: 80, days: 14 });
    const known = new Set(month.map(({ id }) => id));
    expect(more.filter(({ id }) => known.has(id))).toEqual(month);
  });

  it('has stretches of use in order and apart, none shorter than the least', () => {
    for (const { stretches } of month) {
      let before = Number.NEGATIVE_INFINITY;
      for (const { from, to } of stretches) {
        expect(from).toBeGreaterThan(before);
        expect(to - from).toBeGreaterThanOrEqual(HABITS.leastUseMinutes * MINUTE_MS);
        before = to;
      }
    }
  });

  it('has nobody at two sittings at once', () => {
    const ends = new Map<number, number>();
    for (const { user, stretches } of month) {
      expect(stretches[0].from).toBeGreaterThanOrEqual(ends.get(user) ?? 0);
      ends.set(user, lastUse(stretches));
    }
  });

  it('has as many people on a day as come on such a day', () => {
    for (const weekday of [0, 4, 5]) {
      const came = ofKind('work').filter(
        ({ stretches }) => Math.floor((stretches[0].from - START) / DAY_MS) % 7 === weekday,
      );
      // Two such days of 60 users: four standard deviations on either side.
      const expected = HABITS.attendance[weekday] ?? 0;
      const deviation = Math.sqrt((expected * (1 - expected)) / 120);
      expect(Math.abs(share(came.length, 120) - expected)).toBeLessThan(4 * deviation);
    }
  });

  it('has each way to end, in about its share', () => {
    const work = ofKind('work');
    for (const [how, expected] of Object.entries(HABITS.ends)) {
      const found = share(work.filter(({ ends }) => ends === how).length, work.length);
      expect(Math.abs(found - expected)).toBeLessThan(0.1);
    }
  });

  it('leaves a client open after the last use only where it was left open', () => {
    for (const { ends, stretches, openUntil } of month) {
      const openMs = openUntil - lastUse(stretches);
      if (ends === 'left-open') expect(openMs).toBeGreaterThanOrEqual(30 * MINUTE_MS);
      else expect(openMs).toBe(0);
    }
  });

  it('has crashes, pauses with the client open, and pauses with it closed', () => {
    const clients = month.flatMap(({ stretches }) => stretches.slice(0, -1).map(({ client }) => client));
    expect(new Set(clients)).toEqual(new Set(['open', 'closed', 'crashed']));
  });

  it('has overnight jobs of hours without a pause', () => {
    const jobs = ofKind('job');
    expect(jobs.length).toBeGreaterThan(5);
    for (const { stretches } of jobs) {
      expect(stretches).toHaveLength(1);
      const { from, to } = stretches[0];
      expect(to - from).toBeGreaterThanOrEqual(HABITS.jobs.minutes[0] * MINUTE_MS);
      expect(to - from).toBeLessThanOrEqual(HABITS.jobs.minutes[1] * MINUTE_MS);
    }
  });
});
