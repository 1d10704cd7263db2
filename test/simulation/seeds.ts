import { Worker } from 'node:worker_threads';
import { formatSince } from './trace.ts';
import type { WorkerReport } from './worker.ts';
import { START } from './world.ts';

export interface Seeds {
  seeds: number;
  firstSeed: number;
  hours: number;
  workers: number;
}

/** Hands seeds to workers, one after another, until all have run; `told` of each as it is done. */
export const runSeeds = async (
  { seeds, firstSeed, hours, workers }: Seeds,
  told: (report: WorkerReport) => void,
): Promise<void> => {
  const queue = Array.from({ length: seeds }, (_, index) => firstSeed + index).values();
  const work = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const worker = new Worker(new URL('worker.ts', import.meta.url), { workerData: { hours } });
      const next = (): void => {
        const { value: seed, done } = queue.next();
        if (!done) worker.postMessage(seed);
        else worker.terminate().then(() => resolve(), reject);
      };
      worker.on('error', reject);
      worker.on('message', (report: WorkerReport) => {
        told(report);
        next();
      });
      next();
    });
  await Promise.all(Array.from({ length: Math.min(workers, seeds) }, work));
};

/** What went wrong in a run, and how to see it again; undefined where nothing did. */
export const describeViolation = (
  { seed, violation, trace }: Pick<WorkerReport, 'seed' | 'violation' | 'trace'>,
  hours: number,
  lastSteps: number,
): string | undefined => {
  if (violation === undefined) return undefined;
  const { invariant, at, text } = violation;
  return [
    ...trace.slice(-lastSteps),
    `seed ${seed}: invariant ${invariant} at ${formatSince(at - START)}: ${text}`,
    `replay it with npm run simulate -- --seed ${seed} --hours ${hours} --trace`,
  ].join('\n');
};
