import type { RunOptions } from './run.ts';
import { formatSince } from './trace.ts';
import type { WorkerReport } from './worker.ts';
import { askWorkers } from './worker-pool.ts';
import { START } from './world.ts';

export interface Seeds extends Omit<RunOptions, 'seed'> {
  seeds: number;
  firstSeed: number;
  workers: number;
}

/** Runs seeds side by side until all have run; `told` of each as it is done. */
export const runSeeds = (
  { seeds, firstSeed, workers, ...options }: Seeds,
  told: (report: WorkerReport) => void,
): Promise<void> => {
  const runs = Array.from(
    { length: seeds },
    (_, index): RunOptions => ({
      ...options,
      seed: firstSeed + index,
    }),
  );
  return askWorkers(new URL('worker.ts', import.meta.url), runs, Math.min(workers, seeds), told);
};

/** How a run is to be had again: what its command has to say beside its seed. */
export interface Replay {
  hours: number;
  faults?: readonly string[] | undefined;
  plant?: string | undefined;
}

/** The command that shows a run again, with every step. */
export const replayOf = (seed: number, { hours, faults, plant }: Replay): string =>
  [
    'npm run simulate --',
    ...(plant === undefined ? [] : [`--plant ${plant}`]),
    `--seed ${seed} --hours ${hours}`,
    ...(faults === undefined ? [] : [`--faults ${faults.join(',') || 'none'}`]),
    '--trace',
  ].join(' ');

/** What went wrong in a run, and how to see it again; undefined where nothing did. */
export const describeViolation = (
  { seed, violation, trace }: Pick<WorkerReport, 'seed' | 'violation' | 'trace'>,
  replay: Replay,
  lastSteps: number,
): string | undefined => {
  if (violation === undefined) return undefined;
  const { invariant, at, text } = violation;
  return [
    ...(lastSteps > 0 ? trace.slice(-lastSteps) : []),
    `seed ${seed}: invariant ${invariant} at ${formatSince(at - START)}: ${text}`,
    `replay it with ${replayOf(seed, replay)}`,
  ].join('\n');
};
