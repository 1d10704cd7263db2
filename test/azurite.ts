import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { COMPILE_CACHE } from './compile-cache.ts';

const SCRIPT = fileURLToPath(new URL('../node_modules/azurite/dist/src/table/main.js', import.meta.url));
/** Half of the start is saved. */
export const AZURITE_NODE_OPTIONS = [
  '--import',
  new URL('../infra/local/azurite-without-telemetry.ts', import.meta.url).href,
];

/** The account and key that every Azurite knows; they are in its documentation. */
const ACCOUNT = 'devstoreaccount1';
const KEY = 'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==';
/** Between finding a free port and using it, somebody else may take it. */
const ATTEMPTS = 5;

export const tableConnectionString = (port: number): string =>
  `DefaultEndpointsProtocol=http;AccountName=${ACCOUNT};AccountKey=${KEY};TableEndpoint=http://127.0.0.1:${port}/${ACCOUNT};`;

export interface AzuriteTable {
  readonly connectionString: string;
  stop(): Promise<void>;
}

/** A port that nobody listens on now. Azurite does not tell the port that it was given for 0. */
export const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
};

const listens = async (child: ChildProcess): Promise<boolean> => {
  if (child.stdout === null) return false;
  for await (const line of createInterface({ input: child.stdout })) {
    if (line.includes('successfully')) return true;
  }
  return false;
};

/** Starts the table service of Azurite on a free port; what it holds is gone when it stops. */
export const startAzuriteTable = async (): Promise<AzuriteTable> => {
  const folder = await mkdtemp(join(tmpdir(), 'azurite-table-'));
  const options = ['--inMemoryPersistence', '--disableTelemetry', '--silent', '--skipApiVersionCheck'];
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const port = await freePort();
    const child = spawn(
      process.execPath,
      [...AZURITE_NODE_OPTIONS, SCRIPT, '--tablePort', String(port), ...options],
      {
        cwd: folder,
        env: { ...process.env, ...COMPILE_CACHE },
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    const exited = once(child, 'exit');
    if (await listens(child)) {
      child.stdout?.resume();
      return {
        connectionString: tableConnectionString(port),
        async stop() {
          child.kill('SIGTERM');
          await exited;
          await rm(folder, { recursive: true, force: true });
        },
      };
    }
    await exited;
  }
  throw new Error('Azurite did not start');
};
