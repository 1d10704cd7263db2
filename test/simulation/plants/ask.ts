import { askWorkers } from '../worker-pool.ts';
import type { Caught } from './caught.ts';
import type { PlantAnswer, PlantQuestion } from './worker.ts';

/** Asks several workers about plants, side by side; `answered` is told of each as it is done. */
export const askAbout = (
  questions: readonly PlantQuestion[],
  workers: number,
  answered: (name: string, caught: Caught | undefined) => void,
): Promise<void> =>
  askWorkers(
    new URL('worker.ts', import.meta.url),
    questions,
    Math.min(workers, questions.length),
    ({ name, caught }: PlantAnswer) => answered(name, caught),
  );
