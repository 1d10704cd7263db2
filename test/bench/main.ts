import { constants } from 'node:os';
import { join } from 'node:path';
import { REPOSITORY } from '../../infra/local/stack.ts';
import { runBench } from './bench.ts';
import { usageOf } from './options.ts';
import { PARTS } from './parts.ts';

/** `npm run bench`: what the keeper costs beside what people use instead. */

// Workers end with this process, and its children by their channels to it.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.once(signal, () => process.exit(128 + constants.signals[signal]));

runBench(process.argv.slice(2), PARTS, {
  say: (line) => process.stderr.write(`${line}\n`),
  print: (text) => process.stdout.write(`${text}\n`),
  folder: join(REPOSITORY, 'docs'),
  now: () => new Date(),
}).catch((error: unknown) => {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(`${text}\n${usageOf(PARTS)}\n`);
  process.exitCode = 1;
});
