import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { AZURITE_NODE_OPTIONS } from '../azurite.ts';
import { COMPILE_CACHE } from '../compile-cache.ts';

const SCRIPT = fileURLToPath(new URL('../../node_modules/azurite/dist/src/queue/main.js', import.meta.url));

/** The account and key that every Azurite knows; they are in its documentation. */
const ACCOUNT = 'devstoreaccount1';
const KEY = 'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==';

export const queueConnectionString = (port: number): string =>
  `DefaultEndpointsProtocol=http;AccountName=${ACCOUNT};AccountKey=${KEY};QueueEndpoint=http://127.0.0.1:${port}/${ACCOUNT};`;

export interface AzuriteQueue {
  readonly port: number;
  readonly connectionString: string;
  stop(): Promise<void>;
}

const portOf = async (child: ChildProcess): Promise<number> => {
  if (child.stdout === null) throw new Error('Azurite has no output to read its port from');
  for await (const line of createInterface({ input: child.stdout })) {
    const [, port] = /successfully listens on http:\/\/127\.0\.0\.1:(\d+)/.exec(line) ?? [];
    if (port !== undefined) return Number(port);
  }
  throw new Error('Azurite ended before it listened');
};

/** Starts the queue service of Azurite on a port (0 = any free one); what it holds is gone when it stops. */
export const startAzuriteQueue = async (port = 0): Promise<AzuriteQueue> => {
  const folder = await mkdtemp(join(tmpdir(), 'azurite-queue-'));
  const options = ['--inMemoryPersistence', '--disableTelemetry', '--silent', '--skipApiVersionCheck'];
  const child = spawn(
    process.execPath,
    [...AZURITE_NODE_OPTIONS, SCRIPT, '--queuePort', String(port), ...options],
    {
      cwd: folder,
      env: { ...process.env, ...COMPILE_CACHE },
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  const exited = once(child, 'exit');
  const listening = await portOf(child);
  child.stdout?.resume();
  return {
    port: listening,
    connectionString: queueConnectionString(listening),
    async stop() {
      child.kill('SIGTERM');
      await exited;
      await rm(folder, { recursive: true, force: true });
    },
  };
};
