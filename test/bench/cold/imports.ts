import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { REPOSITORY } from '../../../infra/local/stack.ts';
import packageJson from '../../../package.json' with { type: 'json' };
import { quantile } from '../inside/rounds.ts';

/** How long a process takes that imports one package and nothing else, in ms beyond one that imports nothing. */
export interface ImportTime {
  name: string;
  ms: number;
}

const RUNS = 3;

const importMs = async (specifier: string): Promise<number> => {
  const script = `const t = performance.now(); await import('${specifier}'); process.stdout.write(String(performance.now() - t));`;
  const times: number[] = [];
  for (let run = 0; run < RUNS; run += 1) {
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], {
      cwd: REPOSITORY,
      env: { PATH: process.env.PATH, NODE_DISABLE_COMPILE_CACHE: '1' },
    });
    times.push(Number(stdout.split('\n').at(-1)));
  }
  return quantile(times, 0.5);
};

/** Each package that the app depends on, unbundled, the slowest first. */
export const importTimes = async (): Promise<ImportTime[]> => {
  const times: ImportTime[] = [];
  for (const name of Object.keys(packageJson.dependencies)) times.push({ name, ms: await importMs(name) });
  return times.toSorted((one, other) => other.ms - one.ms);
};
