import { Worker } from 'node:worker_threads';

/**
 * Hands questions to several workers of that module, one after another, until all are answered; `answered` is told of
 * each as it is done. Every worker answers a message with a message.
 */
export const askWorkers = async <Question, Answer>(
  module: URL,
  questions: Iterable<Question>,
  workers: number,
  answered: (answer: Answer) => void,
): Promise<void> => {
  const queue = questions[Symbol.iterator]();
  const work = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const worker = new Worker(module);
      const next = (): void => {
        const { value: question, done } = queue.next();
        if (done) worker.terminate().then(() => resolve(), reject);
        else worker.postMessage(question);
      };
      worker.on('error', reject);
      worker.on('message', (answer: Answer) => {
        answered(answer);
        next();
      });
      next();
    });
  await Promise.all(Array.from({ length: workers }, work));
};
