import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect } from 'vitest';
import { type BooksContent, parseBooks } from '../../infra/local/session-host/books.ts';
import { listProcesses } from '../../infra/local/session-host/process-table.ts';
import type { Session2021 } from '../../shared/protocol/session-2021.ts';
import type { SessionV1 } from '../../shared/protocol/session-v1.ts';
import { CHEAP_SERVER } from '../cheap-server.ts';
import { COMPILE_CACHE } from '../compile-cache.ts';
import { holdToDescription, releaseFromDescription } from '../described.ts';
import { eventually } from '../stack.ts';

/** Session hosts as real processes, for tests of everything that only shows there. */

export const ACCOUNT = '11111111-1111-1111-1111-111111111111';
export const KEY = 'bG9jYWwtZGV2ZWxvcG1lbnQta2V5LW5vdC1hLXNlY3JldA==';

const MAIN = join(import.meta.dirname, '../../infra/local/session-host/main.ts');

/** Every field that an answer may have; the tests say which of them they expect. */
interface Body extends Partial<Session2021>, Partial<SessionV1> {
  error?: { code: string; message: string; target?: string };
  sessions?: (Session2021 & SessionV1)[];
  '@nextLink'?: string;
  AccessToken?: string;
}

export interface Reply {
  status: number;
  headers: Headers;
  text: string;
  /** Of an answer without a body: an empty one. */
  body: Body;
}

export interface Client {
  url: string;
  /** Sends a request without adding anything to it. */
  send(
    method: string,
    path: string,
    init?: { body?: string; headers?: Record<string, string> },
  ): Promise<Reply>;
  /** The token that `call` uses, fetched once. */
  token(): Promise<string>;
  /** Calls the session API with a token; the path is that below `/sessions`. */
  call(method: string, path: string, body?: unknown): Promise<Reply>;
  /** The same with the first generation of the API. */
  callV1(method: string, path: string, body?: unknown): Promise<Reply>;
  /** What is to go wrong; without a change: what does. */
  trouble(change?: Record<string, unknown>): Promise<Reply>;
}

export interface Host extends Client {
  child: ChildProcess;
  pid: number;
  output(): string;
  /** Exit code, or the signal that ended it. */
  exited: Promise<number | NodeJS.Signals | null>;
}

const hosts = new Set<ChildProcess>();
const folders = new Set<string>();
const origins = new Set<string>();

export const newDataFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'session-host-'));
  folders.add(folder);
  return folder;
};

/** Starts a session host without waiting for anything; for those that are expected not to start. */
export const forkHost = (dataFolder: string, settings: Record<string, string> = {}) => {
  const child = fork(MAIN, [], {
    execArgv: [],
    env: {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      ...COMPILE_CACHE,
      LEASE_KEEPER_DATA: dataFolder,
      SESSION_HOST_PORT: '0',
      // Long enough for an answer of a busy machine to say Starting.
      SESSION_HOST_STARTUP: '00:00:02',
      NOT_FOR_SESSIONS: 'secret',
      ...CHEAP_SERVER,
      ...settings,
    },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  hosts.add(child);
  let output = '';
  const streams = [child.stdout, child.stderr].filter((stream) => stream !== null);
  for (const stream of streams) {
    stream.on('data', (chunk) => {
      output += chunk;
    });
  }
  // Not 'close' of the process itself: it does not come where the channel was closed from this side.
  const exited = Promise.all([once(child, 'exit'), ...streams.map((stream) => once(stream, 'close'))]).then(
    ([[code, signal]]): number | NodeJS.Signals | null => code ?? signal,
  );
  return { child, exited, output: () => output };
};

/** Starts a session host and waits until it is ready. */
export const startHost = async (dataFolder: string, settings: Record<string, string> = {}): Promise<Host> => {
  const { child, exited, output } = forkHost(dataFolder, settings);
  const message = await Promise.race([once(child, 'message'), exited.then(() => [undefined])]);
  const { ready, port } = (message[0] ?? {}) as { ready?: boolean; port?: number };
  if (ready !== true) throw new Error(`the session host did not start:\n${output()}`);
  const client = clientOf(Number(port));
  holdToDescription(client.url, 'session host');
  origins.add(client.url);
  return { ...client, child, pid: child.pid ?? 0, output, exited };
};

export const sessionsPath = (path: string): string =>
  `/accounts/${ACCOUNT}/sessions${path}${path.includes('?') ? '&' : '?'}api-version=2021-01-01`;

/** A client of the session host on this port. */
export const clientOf = (port: number): Client => {
  const url = `http://127.0.0.1:${port}`;
  let token: Promise<string> | undefined;
  const client: Client = {
    url,
    async send(method, path, init = {}) {
      const response = await fetch(`${url}${path}`, { method, ...init });
      const text = await response.text();
      const body: Body = text === '' ? {} : JSON.parse(text);
      return { status: response.status, headers: response.headers, text, body };
    },
    token() {
      const headers = { Authorization: `Bearer ${ACCOUNT}:${KEY}` };
      token ??= client
        .send('GET', `/accounts/${ACCOUNT}/token`, { headers })
        .then(({ body }) => body.AccessToken ?? '');
      return token;
    },
    call: (method, path, body) => withToken(method, sessionsPath(path), body),
    callV1: (method, path, body) => withToken(method, `/v1/accounts/${ACCOUNT}/sessions${path}`, body),
    trouble: (change) => withToken(change === undefined ? 'GET' : 'PATCH', '/trouble', change),
  };
  const withToken = async (method: string, path: string, body?: unknown): Promise<Reply> =>
    client.send(method, path, {
      headers: { Authorization: `Bearer ${await client.token()}`, 'Content-Type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  return client;
};

/** Asks again until there is an answer. */
export const until = <T>(ask: () => T | undefined | Promise<T | undefined>, what: string): Promise<T> =>
  eventually(what, ask);

export const untilStatus = (host: Host, id: string, status: string): Promise<Reply> =>
  until(async () => {
    const reply = await host.call('GET', `/${id}`);
    return reply.body.status === status ? reply : undefined;
  }, `session ${id} ${status}`);

/** Waits until nothing of a data folder, or of one session, runs any more. */
export const untilGone = (dataFolder: string, sessionId?: string): Promise<true> =>
  until(
    () => (processesOf(dataFolder, sessionId).length === 0 ? true : undefined),
    'the end of all processes',
  );

export const readBooks = (dataFolder: string): BooksContent => {
  const result = parseBooks(readFileSync(join(dataFolder, 'session-host', 'books.json'), 'utf8'));
  if ('fault' in result) throw new Error(result.fault);
  return result.content;
};

export const entryOf = (dataFolder: string, id: string) => {
  const entry = readBooks(dataFolder).sessions.find((candidate) => candidate.id === id);
  if (entry === undefined) throw new Error(`session ${id} is not in the books`);
  return entry;
};

/** The processes of a data folder, by their environment: all of them, or those of one session. Linux only. */
export const processesOf = (dataFolder: string, sessionId?: string): number[] => {
  if (process.platform !== 'linux') return [];
  return listProcesses()
    .filter(({ pid, isZombie }) => {
      const environment = isZombie ? '' : environmentOf(pid);
      const isOfSession =
        sessionId === undefined || environment.includes(`\0LEASE_KEEPER_SESSION=${sessionId}\0`);
      return environment.includes(`\0LEASE_KEEPER_DATA=${dataFolder}\0`) && isOfSession;
    })
    .map(({ pid }) => pid);
};

export const environmentOf = (pid: number): string => {
  try {
    return `\0${readFileSync(`/proc/${pid}/environ`, 'utf8')}`;
  } catch {
    // Ended meanwhile, or another user's.
    return '';
  }
};

/** The end of every test that starts hosts: they are shut down, and nothing is left of them. */
export const cleanUpAfterEach = (): void => {
  afterEach(async () => {
    for (const child of hosts) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      child.kill('SIGTERM');
      await once(child, 'exit');
    }
    hosts.clear();
    for (const origin of origins) releaseFromDescription(origin);
    origins.clear();
    const leftovers = [...folders].flatMap((folder) => processesOf(folder));
    for (const pid of leftovers) process.kill(pid, 'SIGKILL');
    for (const folder of folders) rmSync(folder, { recursive: true });
    folders.clear();
    expect(leftovers).toEqual([]);
  });
};
