import { MINUTE_MS } from '../../shared/lease.ts';
import type { SessionChange } from '../../shared/wishes.ts';
import type { Chance } from './chance.ts';
import { type Story, sureOf } from './story.ts';
import type { Ticks } from './ticks.ts';
import type { World } from './world.ts';

/** What users are like: how long they work, how often they look, and what they change on the way. */

/** Mostly for an hour or so, sometimes all day. */
const WORK_MINUTES: readonly [number, number][] = [
  [1, 10],
  [1, 30],
  [10, 90],
  [10, 90],
  [60, 240],
  [60, 300],
  [240, 1600],
];
/** One note of use covers so much. */
const COVER_MS = MINUTE_MS;
/** Between these a sweep that begins has mostly read that a session is idle, and writes that it is to be stopped (measured). */
const SWEEP_ACTS_MS: readonly [number, number] = [60, 160];
const LONGEST_LEASE_MINUTES = 1439;

export const workMs = (chance: Chance): number => {
  const [least, most] = chance.pick(WORK_MINUTES);
  return chance.integer(least * MINUTE_MS, most * MINUTE_MS);
};

export const someChange = (story: Story, chance: Chance): SessionChange => {
  const leaseMinutes = Math.min(story.wanted.leaseMinutes + chance.integer(1, 120), LONGEST_LEASE_MINUTES);
  return chance.pick<SessionChange>([
    { leaseMinutes },
    { leaseMinutes, keepAlive: true },
    { keepAlive: chance.hits(0.5) },
    { idleTimeoutMinutes: chance.pick([null, 3, 10, 45]) },
    { maxLifetimeMinutes: chance.pick([null, 60, 300]) },
  ]);
};

/** Some show that they are there by nothing but changes: a PATCH is use as well. */
export const CHANGING_ONLY = 0.1;

export const someTags = (chance: Chance): SessionChange => ({
  tags: { scene: `${chance.integer(1, 1000)}` },
});

/**
 * Between two signs of use it rests: mostly well within the idle timeout, sometimes at its edge, or at the very moment at which
 * a sweep finds the session idle.
 */
export const rest = async (story: Story, chance: Chance, { sleep }: World, ticks: Ticks): Promise<void> => {
  const idleMs = (sureOf(story.idleTimeout) ?? 30) * MINUTE_MS;
  if (!chance.hits(0.03))
    return sleep(Math.min(chance.integer(0.5 * MINUTE_MS, 4 * MINUTE_MS), idleMs * 0.4));
  if (chance.hits(0.5)) return sleep(Math.max(1_000, idleMs + chance.integer(-3_000, 3_000)));
  await sleep(idleMs + Math.min(COVER_MS, idleMs / 10));
  await ticks.nextSweep();
  return sleep(chance.integer(...SWEEP_ACTS_MS));
};
