import { parentPort } from 'node:worker_threads';
import { MINUTE_MS } from '../../../shared/lease.ts';
import { START } from '../world.ts';
import type { Caught } from './caught.ts';
import { findSeed, type Search } from './find.ts';
import { plantNamed } from './plants.ts';

/** Looks for the seeds that catch planted bugs: it is given the next bug whenever it is done with one. */
export interface PlantQuestion extends Search {
  name: string;
}

export interface PlantAnswer {
  name: string;
  caught: Caught | undefined;
}

const port = parentPort;
if (port !== null) {
  port.on('message', async ({ name, ...search }: PlantQuestion) => {
    const report = await findSeed(plantNamed(name), search);
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
