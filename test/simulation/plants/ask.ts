import { Worker } from 'node:worker_threads';
import type { Caught } from './caught.ts';
import type { PlantAnswer, PlantQuestion } from './worker.ts';

/** Asks several workers about plants, side by side; `answered` is told of each as it is done. */
export const askAbout = async (
  questions: readonly PlantQuestion[],
  { workers, hours }: { workers: number; hours: number },
  answered: (name: string, caught: Caught | undefined) => void,
): Promise<void> => {
  const queue = questions.values();
  const work = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const worker = new Worker(new URL('worker.ts', import.meta.url), { workerData: { hours } });
      const next = (): void => {
        const { value: question, done } = queue.next();
        if (!done) worker.postMessage(question);
        else worker.terminate().then(() => resolve(), reject);
      };
      worker.on('error', reject);
      worker.on('message', ({ name, caught }: PlantAnswer) => {
        answered(name, caught);
        next();
      });
      next();
    });
  await Promise.all(Array.from({ length: Math.min(workers, questions.length) }, work));
};
