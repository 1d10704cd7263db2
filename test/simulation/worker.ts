import { parentPort } from 'node:worker_threads';
import type { FaultName } from './fault-kinds.ts';
import { type RunOptions, type RunReport, simulate } from './run.ts';

/** One of several that run seeds side by side: it is given the next one whenever it has finished one. */
export interface WorkerReport extends Omit<RunReport, 'faults'> {
  faults: [FaultName, number][];
}

const port = parentPort;
if (port !== null) {
  port.on('message', async (options: RunOptions) => {
    const { faults, ...report } = await simulate(options);
    // A trace is long, and nobody reads that of a run in which all went well, unless it was asked for.
    const isRead = report.violation !== undefined || options.isWholeTrace === true;
    const trace = isRead ? report.trace : [];
    port.postMessage({ ...report, trace, faults: [...faults] } satisfies WorkerReport);
  });
}
