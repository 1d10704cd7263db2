import { describe, expect, it } from 'vitest';
import { AUDIT_STORIES } from './crash-points-audit-stories.ts';
import { CLIENT_STORIES } from './crash-points-client-stories.ts';
import { FORGET_STORIES } from './crash-points-forget-stories.ts';
import { GATE_STORIES } from './crash-points-gate-stories.ts';
import { BLOWS, type Blow, canFall } from './crash-points-probe.ts';
import { type PointStory, tell } from './crash-points-run.ts';
import { STOP_STORIES } from './crash-points-stop-stories.ts';
import { SWEEP_STORIES } from './crash-points-sweep-stories.ts';

/** One process after another is struck at each point at which it talks to the world, and another one goes on. */

/** The next sweep comes a minute after the beginning, or, for what is no sweep itself, at any other time. */
const ALONE_MS = 60_000;
/** The other process sweeps at the same time: a message of the queue is delivered at least once, and one is elected. */
const BESIDE_MS = 5;
/** By then all calls of a client are done that are not struck. */
const SOONEST_MS = 5_000;
/** Who naps wakes up in the midst of a sweep, which takes no longer than this. */
const SWEEP_MS = 300;

interface Setting {
  name: string;
  story: PointStory;
  blows: readonly Blow[];
  /** When the next sweep comes, for a strike at that point. */
  nextSweepMs(index: number): number;
}

/** As many different times as there are points: none is the worst for all. */
const spread = (index: number, mostMs: number): number => (index * 17_389) % mostMs;

const BY_CLIENT = [...CLIENT_STORIES, ...STOP_STORIES, ...GATE_STORIES.client];
const BY_TIMER = [...SWEEP_STORIES, ...GATE_STORIES.timer, ...AUDIT_STORIES, ...FORGET_STORIES];
const settings: Setting[] = [
  ...BY_CLIENT.map((story) => ({
    ...{ name: story.name, story, blows: BLOWS },
    nextSweepMs: (index: number) => SOONEST_MS + spread(index, ALONE_MS - SOONEST_MS),
  })),
  ...BY_TIMER.map((story) => ({
    ...{ name: story.name, story, blows: BLOWS },
    nextSweepMs: () => ALONE_MS,
  })),
  ...[...BY_CLIENT, ...BY_TIMER].map((story) => ({
    ...{ name: `${story.name}, beside another sweep`, story, blows: ['crash', 'nap'] as const },
    nextSweepMs: () => BESIDE_MS,
  })),
];

/** Each once without a strike: that it is in order, and at how many points a process can be struck. */
const told = await Promise.all(
  settings.map(async (setting) => ({
    ...setting,
    ...(await tell(setting.story, { nextSweepMs: setting.nextSweepMs(0) })),
  })),
);

describe.each(told)('$name: $points.length points', ({ story, nextSweepMs, blows, points, wrong, trace }) => {
  it('is in order when nothing goes wrong', () => {
    expect(points.length).toBeGreaterThan(0);
    expect([...wrong, ...(wrong.length > 0 ? trace.slice(-60) : [])]).toEqual([]);
  });

  const falling = blows.filter((blow) => story.blows?.includes(blow) ?? true);
  const all = falling.map((blow) => ({
    blow,
    at: [...points.entries()].filter(([index, point]) => canFall(blow, point, index)).map(([index]) => index),
  }));
  it.each(all.filter(({ at }) => at.length > 0))(
    '$blow at $at.length points, and in order within the bound',
    async ({ blow, at }) => {
      const found: string[] = [];
      for (const index of at) {
        const report = await tell(story, {
          strike: { blow, falls: (_, here) => here === index },
          nextSweepMs: nextSweepMs(index),
          intoSweepMs: spread(index, SWEEP_MS),
        });
        const point = points[index];
        const name = `${blow} ${point?.when} ${point?.what} (point ${index})`;
        if (JSON.stringify(report.struck) !== JSON.stringify(point)) found.push(`${name} was not reached`);
        found.push(...report.wrong.map((text) => `${name}: ${text}`));
      }
      expect(found).toEqual([]);
    },
  );
});
