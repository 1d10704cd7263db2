import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { COMPILE_CACHE } from './compile-cache.ts';
import { temporaryFolder } from './temporary-folder.ts';

/** One service of Azurite, as a process of its own. */
export interface AzuriteService {
  readonly port: number;
  readonly connectionString: string;
  stop(): Promise<void>;
}

export type AzuriteServiceName = 'table' | 'queue';

/** The account and key that every Azurite knows; they are in its documentation. */
const ACCOUNT = 'devstoreaccount1';
const KEY = 'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==';
const ENDPOINTS = { table: 'TableEndpoint', queue: 'QueueEndpoint' } as const;

export const azuriteConnectionString = (name: AzuriteServiceName, port: number): string =>
  `DefaultEndpointsProtocol=http;AccountName=${ACCOUNT};AccountKey=${KEY};${ENDPOINTS[name]}=http://127.0.0.1:${port}/${ACCOUNT};`;

const NODE_OPTIONS = [
  // Half of the start is saved.
  '../infra/local/azurite-without-telemetry.ts',
  './ends-with-parent.ts',
].flatMap((path) => ['--import', new URL(path, import.meta.url).href]);
const OPTIONS = ['--inMemoryPersistence', '--disableTelemetry', '--silent', '--skipApiVersionCheck'];
const LISTENS = /successfully .*127\.0\.0\.1:(\d+)/;

/**
 * What it holds is gone when it stops, and it stops with this process at the latest. Undefined where it could not begin,
 * as on a port that is taken.
 */
export const startAzuriteService = async (
  name: AzuriteServiceName,
  port: number,
): Promise<AzuriteService | undefined> => {
  const folder = temporaryFolder(`azurite-${name}-`);
  const script = fileURLToPath(new URL(`../node_modules/azurite/dist/src/${name}/main.js`, import.meta.url));
  const child = spawn(
    process.execPath,
    [...NODE_OPTIONS, script, `--${name}Port`, String(port), ...OPTIONS],
    {
      cwd: folder.path,
      env: { ...process.env, ...COMPILE_CACHE },
      stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    },
  );
  const exited = once(child, 'exit');
  const listening = await portOf(child);
  if (listening === undefined) {
    await exited;
    folder.remove();
    return undefined;
  }
  child.stdout?.resume();
  return {
    port: listening,
    connectionString: azuriteConnectionString(name, listening),
    async stop() {
      child.kill('SIGTERM');
      await exited;
      folder.remove();
    },
  };
};

const portOf = async ({ stdout }: ChildProcess): Promise<number | undefined> => {
  if (stdout === null) return undefined;
  for await (const line of createInterface({ input: stdout })) {
    const [, port] = LISTENS.exec(line) ?? [];
    if (port !== undefined) return Number(port);
  }
  return undefined;
};
