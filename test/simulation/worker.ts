import { parentPort, workerData } from 'node:worker_threads';
import { type RunReport, simulate } from './run.ts';

/** One of several that run seeds side by side: it is given the next one whenever it has finished one. */
export interface WorkerReport extends Omit<RunReport, 'faults'> {
  faults: [string, number][];
}

const port = parentPort;
if (port !== null) {
  port.on('message', async (seed: number) => {
    const { faults, ...report } = await simulate({ seed, hours: workerData.hours });
    const trace = report.violation === undefined ? [] : report.trace;
    port.postMessage({ ...report, trace, faults: [...faults] } satisfies WorkerReport);
  });
}
