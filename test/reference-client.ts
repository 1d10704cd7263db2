import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';

/**
 * The clients of the session API, written from the reference page alone: what the libraries for .NET, Java, JavaScript
 * and Python do (generation `2021-01-01`), and what the sample script does (`v1`). Nothing of this project is used.
 */

export interface Account {
  accountId: string;
  accountKey: string;
}

/** A session as a client of either generation sees it, with the field names of the later one. */
export interface RenderingSession {
  id: string;
  /** As it was sent: clients compare without case. */
  status: string;
  size: string;
  hostname: string | undefined;
  handshakePort: number | undefined;
  /** Whole minutes in the later generation, `hh:mm:ss` in the first. */
  maxLease: number | string;
  message: string | undefined;
}

export interface ReferenceClient {
  /** Gives the id of the new session: the client's choice in the later generation, the service's in the first. */
  create(): Promise<string>;
  get(id: string): Promise<RenderingSession>;
  /** Polls until the session is ready or will never be; the statuses on the way, and the session at the end. */
  untilStarted(id: string): Promise<{ seen: string[]; session: RenderingSession }>;
  /** Polls until nothing can become of the session any more. */
  untilEnded(id: string): Promise<{ seen: string[]; session: RenderingSession }>;
  /** Asks for a lease of so many minutes in total. */
  extend(id: string, minutes: number): Promise<void>;
  list(): Promise<RenderingSession[]>;
  stop(id: string): Promise<void>;
}

/** Any answer that is no success. */
export class ServiceError extends Error {
  readonly status: number;

  constructor(method: string, url: string, status: number, text: string) {
    super(`${method} ${url} was answered with ${status}: ${text}`);
    this.status = status;
  }
}

/** Where the tokens come from and where the sessions are: two hosts of the real service, and one origin elsewhere. */
export interface Endpoints {
  sts: string;
  service: string;
}

const call = async (
  method: string,
  url: string,
  headers: Record<string, string>,
  body?: string,
): Promise<{ text: string; headers: Headers }> => {
  // A POST without a body says `Content-Length: 0`.
  const answer = await fetch(url, { method, headers, ...(body === undefined ? {} : { body }) });
  const text = await answer.text();
  if (!answer.ok) throw new ServiceError(method, url, answer.status, text);
  return { text, headers: answer.headers };
};

type Json = Record<string, unknown>;
const parse = (text: string): Json => JSON.parse(text) as Json;

/** Older editions of the service send `0` and `null` for what is absent in later ones. */
const textOf = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined;
const numberOf = (value: unknown): number | undefined =>
  typeof value === 'number' && value !== 0 ? value : undefined;
const objectOf = (value: unknown): Json =>
  typeof value === 'object' && value !== null ? (value as Json) : {};
const arrayOf = (value: unknown): Json[] => (Array.isArray(value) ? value.map(objectOf) : []);

/** Polls as both kinds of clients do. An answer that is no success, a 404 too, is thrown. */
const poll = async (
  look: () => Promise<RenderingSession>,
  pauseMs: number,
  statuses: readonly string[],
): Promise<{ seen: string[]; session: RenderingSession }> => {
  const seen: string[] = [];
  for (;;) {
    const session = await look();
    if (seen.at(-1) !== session.status) seen.push(session.status);
    if (statuses.includes(session.status.toLowerCase())) return { seen, session };
    await delay(pauseMs);
  }
};

const API_VERSION = '2021-01-01';
const STS_VERSION = '2019-02-28-preview';

/** As the libraries behave. They poll every 2 s while a session of size Standard starts, and 10 s for Premium. */
export const libraryClient = async (
  { sts, service }: Endpoints,
  { accountId, accountKey }: Account,
  pollMs = 2_000,
): Promise<ReferenceClient> => {
  const vector = `${Buffer.from(randomUUID()).toString('base64').slice(0, 22)}.0`;
  const tokenUrl = `${sts}/Accounts/${accountId}/token?api-version=${STS_VERSION}`;
  const given = await call('GET', tokenUrl, {
    Authorization: `Bearer ${accountId}:${accountKey}`,
    'X-MRC-CV': vector,
  });
  const authorization = { Authorization: `Bearer ${String(parse(given.text).AccessToken)}` };
  const sessions = `${service}/accounts/${accountId}/sessions`;
  const urlOf = (path: string): string => `${sessions}${path}?api-version=${API_VERSION}`;
  const withBody = { ...authorization, 'Content-Type': 'application/json' };

  const read = (session: Json): RenderingSession => ({
    id: String(session.id),
    status: String(session.status),
    size: String(session.size),
    hostname: textOf(session.hostname),
    handshakePort: numberOf(session.handshakePort),
    maxLease: numberOf(session.maxLeaseTimeMinutes) ?? 0,
    message: textOf(objectOf(session.error).message),
  });
  const get = async (id: string): Promise<RenderingSession> =>
    read(parse((await call('GET', urlOf(`/${id}`), authorization)).text));

  return {
    get,
    async create() {
      const id = randomUUID();
      const settings = JSON.stringify({ maxLeaseTimeMinutes: 4, size: 'Standard' });
      await call('PUT', urlOf(`/${id}`), withBody, settings);
      return id;
    },
    untilStarted: (id) => poll(() => get(id), pollMs, ['ready', 'error', 'expired', 'stopped']),
    untilEnded: (id) => poll(() => get(id), pollMs, ['error', 'expired', 'stopped']),
    async extend(id, maxLeaseTimeMinutes) {
      await call('PATCH', urlOf(`/${id}`), withBody, JSON.stringify({ maxLeaseTimeMinutes }));
    },
    async list() {
      const all: RenderingSession[] = [];
      for (let url: string | undefined = urlOf(''); url !== undefined; ) {
        const page = parse((await call('GET', url, authorization)).text);
        all.push(...arrayOf(page.sessions).map(read));
        url = textOf(page['@nextLink']);
      }
      return all;
    },
    async stop(id) {
      await call('POST', urlOf(`/${id}/:stop`), authorization);
    },
  };
};

/** As the sample script behaves: PowerShell sends a Content-Type with every request, and bodies in single quotes. */
export const scriptClient = async (
  { sts, service }: Endpoints,
  { accountId, accountKey }: Account,
  pollMs = 10_000,
): Promise<ReferenceClient> => {
  const json = { 'Content-Type': 'application/json' };
  const key = { ...json, Authorization: `Bearer ${accountId}:${accountKey}` };
  const { text } = await call('GET', `${sts}/accounts/${accountId}/token`, key);
  const headers = { ...json, Authorization: `Bearer ${String(parse(text).AccessToken)}` };
  const sessions = `${service}/v1/accounts/${accountId}/sessions`;

  const read = (session: Json): RenderingSession => ({
    id: String(session.sessionId),
    status: String(session.sessionStatus),
    size: String(session.sessionSize),
    hostname: textOf(session.sessionHostname),
    handshakePort: undefined,
    maxLease: String(session.sessionMaxLeaseTime),
    message: textOf(session.message),
  });
  const get = async (id: string): Promise<RenderingSession> =>
    read(parse((await call('GET', `${sessions}/${id}/properties`, headers)).text));

  return {
    get,
    async create() {
      const body = "{ 'maxLeaseTime': '0:4:0', 'models': [], 'size': 'standard' }";
      const created = await call('POST', `${sessions}/create`, headers, body);
      return String(parse(created.text).sessionId);
    },
    untilStarted: (id) => poll(() => get(id), pollMs, ['ready', 'error', 'expired']),
    untilEnded: (id) => poll(() => get(id), pollMs, ['error', 'expired', 'stopped']),
    async extend(id, minutes) {
      const body = `{ 'maxLeaseTime': '${Math.floor(minutes / 60)}:${minutes % 60}:0' }`;
      await call('PATCH', `${sessions}/${id}`, headers, body);
    },
    async list() {
      return arrayOf(parse((await call('GET', sessions, headers)).text).sessions).map(read);
    },
    async stop(id) {
      await call('DELETE', `${sessions}/${id}`, headers);
    },
  };
};
