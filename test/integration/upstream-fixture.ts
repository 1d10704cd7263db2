import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { afterEach } from 'vitest';
import type { Clock } from '../../shared/clock.ts';
import type { Session2021 } from '../../shared/protocol/session-2021.ts';
import { send } from '../../shared/upstream/send.ts';
import { createUpstream, type Upstream } from '../../shared/upstream/upstream.ts';
import { type Listing, readWholeList } from '../../shared/upstream/walk.ts';

/** Upstreams of the tests' own: small real servers that answer as a test says. */

export const ACCOUNT = '11111111-1111-1111-1111-111111111111';
export const KEY = 'a-key-that-nobody-may-see';
export const TOKEN = 'a-token-that-nobody-may-see';

export const clock: Clock = {
  now: () => Date.now(),
  abortAt: (at) => AbortSignal.timeout(Math.max(0, at - Date.now())),
};
/** Long enough for every answer that comes at all. */
export const soon = (): { until: number } => ({ until: clock.now() + 5_000 });

export interface Answer {
  status: number;
  headers?: Record<string, string>;
  /** Text is sent as it is, anything else as JSON. */
  body?: unknown;
}
export interface Asked {
  method: string;
  path: string;
  authorization: string;
  body: string;
}
/** Undefined: the handler deals with the response itself, or leaves it open. */
type Handler = (asked: Asked, response: ServerResponse) => Answer | undefined | Promise<Answer | undefined>;

export interface TestServer {
  url: string;
  /** Every request but those for a token. */
  asked: Asked[];
  tokensAsked: Asked[];
}

const opened: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of opened.splice(0)) await close();
});

const write = (response: ServerResponse, { status, headers = {}, body }: Answer): void => {
  response.writeHead(status, headers).end(typeof body === 'string' ? body : JSON.stringify(body ?? {}));
};

const textOf = async (request: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
};

/** `onToken` answers for the token endpoint; by default with `TOKEN` to everybody. */
export const serve = async (
  onSession: Handler,
  onToken: Handler = () => ({ status: 200, body: { AccessToken: TOKEN } }),
): Promise<TestServer> => {
  const asked: Asked[] = [];
  const tokensAsked: Asked[] = [];
  const server = createServer(async (request, response) => {
    const path = request.url ?? '';
    const { method = '', headers } = request;
    const one = { method, path, authorization: headers.authorization ?? '', body: await textOf(request) };
    const isToken = path.endsWith('/token');
    (isToken ? tokensAsked : asked).push(one);
    const answer = await (isToken ? onToken : onSession)(one, response);
    if (answer !== undefined) write(response, answer);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  opened.push(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return { url: `http://127.0.0.1:${port}`, asked, tokensAsked };
};

export const upstreamAt = (endpoint: string, tokenEndpoint = endpoint): Upstream =>
  createUpstream({ endpoint, tokenEndpoint, accountId: ACCOUNT, accountKey: KEY }, clock, send);

/** All pages of its list, one after another. */
export const wholeList = (upstream: Upstream): Promise<Listing> =>
  readWholeList(upstream, clock.now, () => Promise.resolve(soon()));

export const ID = 'a-session';
export const properties = (overrides: Partial<Session2021> = {}): Session2021 => ({
  id: ID,
  creationTime: '2026-01-02T03:04:05.0000000+00:00',
  elapsedTimeMinutes: 3,
  maxLeaseTimeMinutes: 60,
  size: 'Standard',
  status: 'Ready',
  hostname: 'host.example.org',
  arrInspectorPort: 50_052,
  handshakePort: 50_051,
  teraflops: 4,
  ...overrides,
});
export const errorBody = (message = 'No.') => ({ error: { code: 'Whatever', message } });

export type Call = 'create' | 'observe' | 'extend' | 'stop';
export const calls = {
  create: (upstream) =>
    upstream.create(
      ID,
      { maxLeaseTimeMinutes: 60, size: 'Standard', models: ['https://example.org/m'] },
      soon(),
    ),
  observe: (upstream) => upstream.observe(ID, soon()),
  extend: (upstream) => upstream.extend(ID, 90, soon()),
  stop: (upstream) => upstream.stop(ID, soon()),
} as const satisfies Record<Call, (upstream: Upstream) => Promise<unknown>>;
