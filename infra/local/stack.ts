import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DEMO_ACCOUNT } from '../../shared/config.ts';
import { type Part, readyMessage, startPart } from './part.ts';
import { assertPortsFree, listening } from './ports.ts';

/** The local stack: Azurite, the session host and the functions host, each a process of its own. */

export interface StackSettings {
  ports: { functions: number; sessionHost: number; blob: number; queue: number; table: number };
  dataFolder: string;
  /** The folder of an app that is built already, such as an unpacked package; undefined for the one that is built here. */
  app: string | undefined;
  /** Passed on to every part; what the stack needs itself is added where it is absent. */
  environment: NodeJS.ProcessEnv;
}

export interface Stack {
  keeperUrl: string;
  upstreamUrl: string;
  tableUrl: string;
  /** Process ids of the parts as they run now. */
  pids(): Record<'azurite' | 'sessionHost' | 'functions', number | undefined>;
  stop(): Promise<void>;
}

/** What the stack says: each line of a part, and each restart of one. */
export interface StackEvents {
  onLine(part: PartName, line: string): void;
  onRestart(part: PartName, how: string): void;
}

export type PartName = 'azurite' | 'session host' | 'functions host';

export const REPOSITORY = fileURLToPath(new URL('../../', import.meta.url));

/** The account of every Azurite, public by design. */
const AZURITE_ACCOUNT = 'devstoreaccount1';
const AZURITE_KEY =
  'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==';

/** The stack's settings from the environment, with the documented defaults. @throws RangeError for a port that is none */
export const readStackSettings = (environment: NodeJS.ProcessEnv): StackSettings => ({
  ports: {
    functions: port(environment, 'PORT', 7071),
    sessionHost: port(environment, 'SESSION_HOST_PORT', 7072),
    blob: port(environment, 'AZURITE_BLOB_PORT', 10_000),
    queue: port(environment, 'AZURITE_QUEUE_PORT', 10_001),
    table: port(environment, 'AZURITE_TABLE_PORT', 10_002),
  },
  dataFolder: resolve(environment.LEASE_KEEPER_DATA || join(REPOSITORY, '.data')),
  app: environment.LEASE_KEEPER_APP || undefined,
  environment,
});

/** The connection string of an Azurite on these ports. */
export const azuriteConnection = ({ blob, queue, table }: StackSettings['ports']): string =>
  [
    'DefaultEndpointsProtocol=http',
    `AccountName=${AZURITE_ACCOUNT}`,
    `AccountKey=${AZURITE_KEY}`,
    `BlobEndpoint=http://127.0.0.1:${blob}/${AZURITE_ACCOUNT}`,
    `QueueEndpoint=http://127.0.0.1:${queue}/${AZURITE_ACCOUNT}`,
    `TableEndpoint=http://127.0.0.1:${table}/${AZURITE_ACCOUNT}`,
    '',
  ].join(';');

/**
 * Starts all parts; resolves when every one answers. What was started is stopped again where one fails.
 *
 * @throws PortTakenError, PartFailedError
 */
export const startStack = async (settings: StackSettings, events: StackEvents): Promise<Stack> => {
  const { ports, dataFolder } = settings;
  await assertPortsFree({
    PORT: ports.functions,
    SESSION_HOST_PORT: ports.sessionHost,
    AZURITE_BLOB_PORT: ports.blob,
    AZURITE_QUEUE_PORT: ports.queue,
    AZURITE_TABLE_PORT: ports.table,
  });
  mkdirSync(dataFolder, { recursive: true });
  const environment = stackEnvironment(settings);
  const started: Part[] = [];

  const start = async (
    name: PartName,
    entry: string,
    ready: Parameters<typeof startPart>[0]['ready'],
  ): Promise<Part> => {
    const part = await startPart({
      name,
      entry: join(REPOSITORY, 'infra', 'local', entry),
      environment,
      ready,
      onLine: (line) => events.onLine(name, line),
      onRestart: (how) => events.onRestart(name, how),
    });
    started.push(part);
    return part;
  };

  const stop = async (): Promise<void> => {
    // The keeper before what it depends on, so that nothing it does fails for want of it.
    for (const part of started.reverse().splice(0)) await part.stop();
  };

  try {
    const azuritePorts = [ports.blob, ports.queue, ports.table];
    // Neither needs the other.
    const [azurite, sessionHost] = await both(
      start('azurite', 'azurite.ts', async (_, signal) => {
        await Promise.all(azuritePorts.map((one) => listening(one, signal)));
      }),
      start('session host', 'session-host/main.ts', readyMessage),
    );
    const functions = await start('functions host', 'functions-host/main.ts', readyMessage);
    return {
      keeperUrl: `http://127.0.0.1:${ports.functions}`,
      upstreamUrl: `http://127.0.0.1:${ports.sessionHost}`,
      tableUrl: `http://127.0.0.1:${ports.table}`,
      pids: () => ({ azurite: azurite.pid, sessionHost: sessionHost.pid, functions: functions.pid }),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
};

/** As `Promise.all`, but a failure waits for the other one, which can then be stopped. */
const both = async <One, Other>(one: Promise<One>, other: Promise<Other>): Promise<[One, Other]> => {
  await Promise.allSettled([one, other]);
  return Promise.all([one, other]);
};

/** What the app is told of its surroundings where its own environment says nothing of them. */
export const localSettings = ({ ports }: Pick<StackSettings, 'ports'>) => ({
  AzureWebJobsStorage: azuriteConnection(ports),
  KEEPER_ACCOUNTS: JSON.stringify([demoAccount(`http://127.0.0.1:${ports.sessionHost}`)]),
});

const stackEnvironment = ({ ports, dataFolder, app, environment }: StackSettings): NodeJS.ProcessEnv => ({
  ...localSettings({ ports }),
  KEEPER_TOKEN_SECRETS: tokenSecret(dataFolder),
  ...environment,
  ...(app === undefined ? {} : { LEASE_KEEPER_APP: app }),
  LEASE_KEEPER_DATA: dataFolder,
  PORT: String(ports.functions),
  SESSION_HOST_PORT: String(ports.sessionHost),
  AZURITE_BLOB_PORT: String(ports.blob),
  AZURITE_QUEUE_PORT: String(ports.queue),
  AZURITE_TABLE_PORT: String(ports.table),
});

const demoAccount = (endpoint: string) => ({
  accountId: DEMO_ACCOUNT.accountId,
  keys: [DEMO_ACCOUNT.key],
  upstream: { endpoint, accountId: DEMO_ACCOUNT.accountId, accountKey: DEMO_ACCOUNT.key },
});

/** Kept in the data folder, so that tokens outlive a restart of the stack. */
const tokenSecret = (dataFolder: string): string => {
  const path = join(dataFolder, 'token-secret');
  if (!existsSync(path)) writeFileSync(path, randomBytes(32).toString('base64'), { mode: 0o600 });
  return readFileSync(path, 'utf8');
};

const port = (environment: NodeJS.ProcessEnv, setting: string, otherwise: number): number => {
  const text = environment[setting] || String(otherwise);
  const value = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value > 0 && value <= 65_535)) throw new RangeError(`${setting}: "${text}" is not a port`);
  return value;
};
