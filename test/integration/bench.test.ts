import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { REPOSITORY } from '../../infra/local/stack.ts';
import { COMPILE_CACHE } from '../compile-cache.ts';
import { processesOf } from '../stack.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bench-'));
});

afterEach(() => {
  // What a failed test leaves is ended by the ids of its own processes.
  for (const { pid } of processesOf(folder)) if (pid !== process.pid) process.kill(pid, 'SIGKILL');
  rmSync(folder, { recursive: true });
});

it.each(['SIGINT', 'SIGTERM'] as const)('leaves nothing behind where %s ends it', async (signal) => {
  const bench = spawn(process.execPath, ['test/bench/main.ts', 'calls'], {
    cwd: REPOSITORY,
    env: { PATH: process.env.PATH, ...COMPILE_CACHE, TMPDIR: folder, LEASE_KEEPER_DATA: folder },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const exited = once(bench, 'exit');
  // Whoever it has started writes there as well: it closes with the last of them.
  const closed = once(bench.stderr, 'close');
  for await (const line of createInterface({ input: bench.stderr })) if (line.includes('warming up')) break;
  bench.stderr.resume();
  bench.kill(signal);
  expect(await exited).toEqual([128 + constants.signals[signal], null]);
  await closed;
  expect(readdirSync(folder)).toEqual([]);
});
