import { parentPort, workerData } from 'node:worker_threads';
import { MINUTE_MS } from '../../../shared/lease.ts';
import { START } from '../world.ts';
import type { Caught } from './caught.ts';
import { findSeed } from './find.ts';
import { plantNamed } from './plants.ts';

/** Looks for the seeds that catch planted bugs: it is given the next bug whenever it is done with one. */
export interface PlantQuestion {
  name: string;
  firstSeed: number;
  seeds: number;
}

export interface PlantAnswer {
  name: string;
  caught: Caught | undefined;
}

const port = parentPort;
if (port !== null) {
  port.on('message', async ({ name, firstSeed, seeds }: PlantQuestion) => {
    const report = await findSeed(plantNamed(name), { firstSeed, seeds, hours: workerData.hours });
    const violation = report?.violation;
    const caught =
      report === undefined || violation === undefined
        ? undefined
        : {
            seed: report.seed,
            invariant: violation.invariant,
            minutes: Math.round((violation.at - START) / MINUTE_MS),
          };
    port.postMessage({ name, caught } satisfies PlantAnswer);
  });
}
