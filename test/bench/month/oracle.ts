import { MINUTE_MS } from '../../../shared/lease.ts';
import { TIMES } from '../simulated/upstream.ts';
import type { Sitting } from './month.ts';

/**
 * What the month costs somebody who knows the future, and keeps a promise: whoever comes back to a session within so many
 * minutes finds it. It asks for a server when its user comes, like everybody else, and stops it at the instant of the
 * last use; in a longer pause it stops it at the beginning, and begins another one with the next use. No arrangement
 * that keeps the same promise, and takes no server from anybody who uses it, can be billed less:
 * between two uses that are closer together the server has to run, and during use it has to run from the moment at
 * which it can be Ready.
 */
export const oracleMs = (sittings: readonly Sitting[], promisedMinutes: number): number =>
  sittings.reduce((sum, sitting) => sum + runsOf(sitting, promisedMinutes).reduce(add, 0), 0);

/**
 * What has to be paid on top of that by whoever keeps the same promise without foresight: the promised minutes, in each
 * longer pause and after each last use about which nobody says that it was the last.
 */
export const waitingMs = (sittings: readonly Sitting[], promisedMinutes: number): number =>
  sittings.reduce((sum, sitting) => {
    const told = sitting.ends === 'stopped' ? 1 : 0;
    return sum + (runsOf(sitting, promisedMinutes).length - told) * promisedMinutes * MINUTE_MS;
  }, 0);

const add = (sum: number, ms: number): number => sum + ms;

/** How long each of its servers is billed. */
const runsOf = ({ stretches }: Sitting, promisedMinutes: number): number[] => {
  const runs: { from: number; to: number }[] = [];
  for (const { from, to } of stretches) {
    const last = runs.at(-1);
    if (last !== undefined && from - last.to <= promisedMinutes * MINUTE_MS) last.to = to;
    else runs.push({ from, to });
  }
  return runs.map(({ from, to }) => Math.max(0, to - from - TIMES.startsInMs));
};
