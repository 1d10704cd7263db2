import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { freePorts } from '../infra/local/ports.ts';
import { type Stack, type StackSettings, startStack } from '../infra/local/stack.ts';
import { DEMO_ACCOUNT } from '../shared/config.ts';
import { type KeptSessionV1, keptSessionV1Schema } from '../shared/protocol/kept.ts';
import { CHEAP_SERVER } from './cheap-server.ts';
import { COMPILE_CACHE } from './compile-cache.ts';
import { holdToDescription, releaseFromDescription } from './described.ts';

/** The whole stack for a test, on ports and in a folder of its own, with everything that it printed. */
export interface TestStack {
  stack: Stack;
  settings: StackSettings;
  dataFolder: string;
  /** Every line that the parts have printed so far, with the part's name before it. */
  lines: string[];
  stop(): Promise<void>;
}

/**
 * A fast keeper: the timer ticks every 2 s, and servers start long before it looks at them, as processes that cost
 * nothing, but not so soon that no answer of a busy machine would say Starting.
 */
const FAST = {
  KEEPER_SWEEP_SCHEDULE: '*/2 * * * * *',
  SESSION_HOST_STARTUP: '00:00:02',
  ...CHEAP_SERVER,
};

/** For tests that need Ready sessions, and not their start: the answer to a create says Ready, and no look is waited for. */
export const READY_AT_ONCE = { SESSION_HOST_STARTUP: '00:00:00' } as const;

type Environment = Record<string, string>;

/** Between finding a free port and using it, somebody else may take it. */
const ATTEMPTS = 3;

export const startTestStack = async (
  chosen: Environment | ((ports: StackSettings['ports']) => Environment | Promise<Environment>) = {},
  attempts = ATTEMPTS,
): Promise<TestStack> => {
  const dataFolder = mkdtempSync(join(tmpdir(), 'lease-keeper-test-'));
  const [functions = 0, sessionHost = 0, blob = 0, queue = 0, table = 0] = await freePorts(5);
  const ports = { functions, sessionHost, blob, queue, table };
  const environment = typeof chosen === 'function' ? await chosen(ports) : chosen;
  const settings: StackSettings = {
    ports,
    dataFolder,
    app: environment.LEASE_KEEPER_APP,
    environment: {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      ...COMPILE_CACHE,
      ...FAST,
      ...environment,
    },
  };
  const lines: string[] = [];
  const starting = startStack(settings, {
    onLine: (part, line) => lines.push(`${part}: ${line}`),
    onRestart: (part, how) => lines.push(`${part}: restarted after ${how}`),
  });
  const [started] = await Promise.allSettled([starting]);
  if (started.status === 'rejected') {
    rmSync(dataFolder, { recursive: true, force: true });
    const said = `${lines.join('\n')}\n${String(started.reason)}`;
    if (attempts > 1 && said.includes(' is taken')) return startTestStack(chosen, attempts - 1);
    throw new Error(`the stack did not start; it said:\n${said}`, { cause: started.reason });
  }
  const stack = started.value;
  const sessionHostUrl = `http://127.0.0.1:${sessionHost}`;
  holdToDescription(stack.keeperUrl, 'keeper');
  holdToDescription(sessionHostUrl, 'session host');
  return {
    stack,
    settings,
    dataFolder,
    lines,
    async stop() {
      await stack.stop();
      rmSync(dataFolder, { recursive: true, force: true });
      releaseFromDescription(stack.keeperUrl);
      releaseFromDescription(sessionHostUrl);
    },
  };
};

/** `KEEPER_ACCOUNTS` for these accounts, with the session host on this port as the upstream of all that name no other. */
export const accountsSetting = (
  accounts: readonly { accountId: string; key: string; upstreamPort?: number }[],
  sessionHost: number,
): string =>
  JSON.stringify(
    accounts.map(({ accountId, key, upstreamPort = sessionHost }) => ({
      accountId,
      keys: [key],
      upstream: {
        endpoint: `http://127.0.0.1:${upstreamPort}`,
        accountId: DEMO_ACCOUNT.accountId,
        accountKey: DEMO_ACCOUNT.key,
        // As for the demo account, whose upstream it is: these tests are not about the gap.
        callGap: '00:00:00',
      },
    })),
  );

/**
 * How long a test waits for what is to happen at all. No promise of the product: under load a create alone may take
 * many seconds, the next look comes ten seconds later, and what meets no answer is tried again after up to thirty.
 */
export const PATIENCE_MS = 60_000;

/** Polls, because a process of another program has no event to await; fails loudly when the time is over. */
export const eventually = async <Value>(
  what: string,
  look: () => Promise<Value | undefined> | Value | undefined,
  withinMs = PATIENCE_MS,
): Promise<Value> => {
  const start = performance.now();
  for (;;) {
    const value = await look();
    if (value !== undefined) return value;
    const waited = performance.now() - start;
    if (waited > withinMs) throw new Error(`${what} did not happen within ${withinMs} ms`);
    await delay(pauseAfter(waited));
  }
};

/** Looks cost more than anything else here: whoever has waited for long is asked less often. */
const pauseAfter = (waitedMs: number): number => Math.min(50 + waitedMs / 10, 500);

/** Processes of this data folder that are running, by their id, with the session that they belong to. */
export const processesOf = (dataFolder: string): { pid: number; sessionId: string | undefined }[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      const environment = environmentOf(name);
      if (!environment.includes(`LEASE_KEEPER_DATA=${dataFolder}`)) return [];
      const session = environment.find((line) => line.startsWith('LEASE_KEEPER_SESSION='));
      return [{ pid: Number(name), sessionId: session?.slice('LEASE_KEEPER_SESSION='.length) }];
    });

const environmentOf = (pid: string): string[] => {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
  } catch {
    // It has ended since the folder was listed, or is nobody's to read.
    return [];
  }
};

export type PropertiesV1 = KeptSessionV1;

export interface Reply {
  status: number;
  headers: Headers;
  text: string;
}

/** A client of the first API generation, written from its documentation. */
export interface Client {
  send(
    method: string,
    path: string,
    options?: { body?: string; headers?: Record<string, string> },
  ): Promise<Reply>;
  create(body: string): Promise<string>;
  /** Without counting as use, unless told. */
  show(sessionId: string, use?: boolean): Promise<PropertiesV1>;
  untilStatus(
    sessionId: string,
    status: PropertiesV1['sessionStatus'],
    withinMs?: number,
  ): Promise<PropertiesV1>;
  /** `/v1/accounts/{accountId}/sessions` */
  sessions: string;
}

export const connect = async (
  keeperUrl: string,
  account: { accountId: string; key: string } = DEMO_ACCOUNT,
): Promise<Client> => {
  const sessions = `/v1/accounts/${account.accountId}/sessions`;
  const raw = async (
    method: string,
    path: string,
    headers: Record<string, string>,
    body?: string,
  ): Promise<Reply> => {
    const init = {
      method,
      headers,
      ...(body === undefined ? {} : { body }),
      signal: AbortSignal.timeout(PATIENCE_MS),
    };
    const answer = await fetch(`${keeperUrl}${path}`, init);
    return { status: answer.status, headers: answer.headers, text: await answer.text() };
  };
  const key = { authorization: `Bearer ${account.accountId}:${account.key}` };
  const reply = await raw('GET', `/accounts/${account.accountId}/token`, key);
  const { AccessToken } = z.object({ AccessToken: z.string() }).parse(JSON.parse(reply.text));

  const client: Client = {
    sessions,
    send: (method, path, options = {}) =>
      raw(method, path, { authorization: `Bearer ${AccessToken}`, ...options.headers }, options.body),
    async create(body) {
      const created = await client.send('POST', `${sessions}/create`, { body });
      if (created.status !== 202) throw new Error(`create answered ${created.status}: ${created.text}`);
      return z.object({ sessionId: z.string() }).parse(JSON.parse(created.text)).sessionId;
    },
    async show(sessionId, use = false) {
      const headers: Record<string, string> = use ? {} : { 'x-keeper-activity': 'none' };
      const shown = await client.send('GET', `${sessions}/${sessionId}/properties`, { headers });
      if (shown.status !== 200) throw new Error(`properties answered ${shown.status}: ${shown.text}`);
      return keptSessionV1Schema.parse(JSON.parse(shown.text));
    },
    untilStatus: (sessionId, status, withinMs) =>
      eventually(
        `${sessionId} ${status}`,
        async () => {
          const properties = await client.show(sessionId);
          return properties.sessionStatus === status ? properties : undefined;
        },
        withinMs,
      ),
  };
  return client;
};

const booksSchema = z.object({
  sessions: z.array(
    z.object({
      id: z.string(),
      status: z.string(),
      readyAt: z.string().nullable(),
      endedAt: z.string().nullable(),
      maxLeaseMinutes: z.number(),
      spawned: z.number(),
      models: z.array(z.string()),
      process: z.object({ pid: z.number() }).nullable(),
    }),
  ),
});

/** The session host's own books: who ran, and for how long. */
export const readBooks = (dataFolder: string): z.output<typeof booksSchema>['sessions'] =>
  booksSchema.parse(JSON.parse(readFileSync(join(dataFolder, 'session-host', 'books.json'), 'utf8')))
    .sessions;
