import { availableParallelism } from 'node:os';
import { type MessagePort, parentPort, Worker } from 'node:worker_threads';

/**
 * Gives tasks to a file that serves them with `serve`, as many at a time as there are cores, the first ones first.
 * Results come in the order of the tasks.
 *
 * @throws what a worker threw
 */
export const inWorkers = async <Task, Result>(
  file: URL,
  tasks: readonly Task[],
  told: (task: Task) => void,
): Promise<Result[]> => {
  const results: Result[] = [];
  const queue = tasks.entries();
  const work = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const worker = new Worker(file);
      let at = 0;
      const next = (): void => {
        const { value, done } = queue.next();
        if (done) {
          worker.terminate().then(() => resolve(), reject);
          return;
        }
        at = value[0];
        told(value[1]);
        worker.postMessage(value[1]);
      };
      worker.on('error', reject);
      worker.on('message', (result: Result) => {
        results[at] = result;
        next();
      });
      next();
    });
  await Promise.all(Array.from({ length: Math.min(availableParallelism(), tasks.length) }, work));
  return results;
};

/** The other side: answers each task, one after another. Does nothing where the file is merely imported. */
export const serve = <Task, Result>(work: (task: Task) => Promise<Result>): void => {
  const port: MessagePort | null = parentPort;
  port?.on('message', (task: Task) => {
    // A failure ends the worker, and is told as its error.
    work(task).then((result) => port.postMessage(result));
  });
};
