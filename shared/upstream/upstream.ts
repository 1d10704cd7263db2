import { z } from 'zod';
import type { Clock } from '../clock.ts';
import type { Instant } from '../lease.ts';
import type { Outcome, Sighting } from '../outcome.ts';
import { API_VERSION } from '../protocol/api-version.ts';
import {
  type CreateBody,
  type ReadSession,
  readListSchema,
  readSessionSchema,
} from '../protocol/session-2021.ts';
import { SIZES } from '../protocol/vocabulary.ts';
import {
  BrokenExchangeError,
  type HttpAnswer,
  type HttpRequest,
  type Send,
  UnreachableError,
} from './send.ts';
import { createUpstreamToken, NoTokenError, type TokenSource } from './token.ts';

/** When a call must have left, and when it is broken off. */
export interface CallWindow {
  /** Past this the call is given up unsent. */
  startBy?: Instant;
  until: Instant;
}

/** Everything the upstream has running, or that the list could not be had whole. */
export type Listing =
  | { type: 'listed'; sightings: ReadonlyMap<string, Sighting> }
  | { type: 'inconclusive'; because: string; retryAfterMs: number | null };

/** A service that owns the servers and speaks the API generation `2021-01-01`. No call of it throws for its faults. */
export interface Upstream {
  /** The address of the service; a record made with another one is none of its business. */
  readonly endpoint: string;
  create(sessionId: string, wanted: CreateBody, window: CallWindow): Promise<Outcome>;
  observe(sessionId: string, window: CallWindow): Promise<Outcome>;
  /** `maxLeaseMinutes` is the new total since Ready. */
  extend(sessionId: string, maxLeaseMinutes: number, window: CallWindow): Promise<Outcome>;
  stop(sessionId: string, window: CallWindow): Promise<Outcome>;
  /**
   * `mayAsk` is asked before each page behind the first, and says by when that has to leave: where it says nothing, the
   * list is not to be had whole.
   */
  list(window: CallWindow, mayAsk?: () => Promise<Instant | undefined>): Promise<Listing>;
  /** Whether it answers at all, whatever it says. */
  ping(until: Instant): Promise<boolean>;
}

/** An account has some hundred sessions, a page a hundred; more pages than this is an endless list. */
const MAX_PAGES = 200;
const MAX_TEXT_CHARACTERS = 1024;
/** A 429 without `Retry-After`: the service's rule of thumb is 5 to 10 s between calls. */
const THROTTLED_MS = 10_000;

export const createUpstream = (
  source: TokenSource & { endpoint: string },
  clock: Clock,
  send: Send,
): Upstream => {
  const tokens = createUpstreamToken(source, clock, send);
  const sessionsUrl = `${source.endpoint}/accounts/${source.accountId}/sessions`;
  const urlOf = (sessionId: string, action = ''): string =>
    `${sessionsUrl}/${encodeURIComponent(sessionId)}${action}?api-version=${API_VERSION}`;

  /** One exchange with a token; a token that is not taken is renewed once. */
  const exchange = async (
    request: Pick<HttpRequest, 'method' | 'url' | 'body'>,
    { startBy, until }: CallWindow,
  ): Promise<Exchanged> => {
    const signal = clock.abortAt(until);
    for (let attempt = 0; ; attempt += 1) {
      const token = await tokenOr(tokens.get(signal));
      if (typeof token !== 'string') return token;
      const sentAt = clock.now();
      if (startBy !== undefined && sentAt > startBy)
        return { type: 'unsent', because: 'it was too late to begin' };
      const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
      const answer = await answerOr(send({ ...request, headers, signal }));
      if ('type' in answer) return answer;
      if (answer.status !== 401 || attempt > 0) {
        return { type: 'answered', answer, sentAt, receivedAt: clock.now() };
      }
      tokens.drop(token);
    }
  };

  /** One call about one session; `read` gives the outcome of the statuses that this call knows. */
  const call = async (
    request: Pick<HttpRequest, 'method' | 'url' | 'body'>,
    window: CallWindow,
    read: (answered: Answered) => Outcome | undefined,
  ): Promise<Outcome> => {
    const exchanged = await exchange(request, window);
    if (exchanged.type !== 'answered') return exchanged;
    return read(exchanged) ?? unexpected(exchanged.answer);
  };

  return {
    endpoint: source.endpoint,

    create: (sessionId, wanted, window) =>
      call({ method: 'PUT', url: urlOf(sessionId), body: JSON.stringify(wanted) }, window, (answered) => {
        const { status } = answered.answer;
        if (status === 201 || status === 200) return found(answered, sessionId, status === 201);
        if (status === 409) return { type: 'exists' };
        return [400, 413, 422].includes(status) ? refused(answered.answer) : undefined;
      }),

    observe: (sessionId, window) =>
      call({ method: 'GET', url: urlOf(sessionId) }, window, (answered) => readSession(answered, sessionId)),

    extend: (sessionId, maxLeaseMinutes, window) => {
      const body = JSON.stringify({ maxLeaseTimeMinutes: maxLeaseMinutes });
      return call({ method: 'PATCH', url: urlOf(sessionId), body }, window, (answered) =>
        [400, 409, 422].includes(answered.answer.status)
          ? refused(answered.answer)
          : readSession(answered, sessionId),
      );
    },

    stop: (sessionId, window) =>
      call({ method: 'POST', url: urlOf(sessionId, '/:stop'), body: '' }, window, (answered) => {
        const { status } = answered.answer;
        if (status === 204 || status === 200 || status === 202) return { type: 'accepted' };
        if (status === 404) return missing(answered);
        return [400, 409, 422].includes(status) ? refused(answered.answer) : undefined;
      }),

    async list(window, mayAsk) {
      const sightings = new Map<string, Sighting>();
      let url: string | undefined = `${sessionsUrl}?api-version=${API_VERSION}`;
      for (let page = 0; page < MAX_PAGES && url !== undefined; page += 1) {
        const startBy = page === 0 || mayAsk === undefined ? window.startBy : await mayAsk();
        if (page > 0 && mayAsk !== undefined && startBy === undefined) return unfinishedList;
        const own = { until: window.until, ...(startBy === undefined ? {} : { startBy }) };
        const exchanged: Exchanged = await exchange({ method: 'GET', url }, own);
        if (exchanged.type === 'unsent') return { ...exchanged, type: 'inconclusive', retryAfterMs: null };
        if (exchanged.type === 'inconclusive') return exchanged;
        if (exchanged.answer.status !== 200) return unexpected(exchanged.answer);
        const body = parse(readListSchema, exchanged.answer.body);
        if (body === undefined) return malformed;
        for (const properties of body.sessions)
          sightings.set(properties.id, sightingOf(properties, exchanged));
        const next = body['@nextLink'];
        const nextUrl = next ? URL.parse(next, source.endpoint) : undefined;
        if (
          nextUrl === null ||
          (nextUrl !== undefined && nextUrl.origin !== new URL(source.endpoint).origin)
        ) {
          return { type: 'inconclusive', because: 'its next page is not on this server', retryAfterMs: null };
        }
        url = nextUrl?.href;
      }
      return url === undefined
        ? { type: 'listed', sightings }
        : { type: 'inconclusive', because: 'its list has no end', retryAfterMs: null };
    },

    async ping(until) {
      const request = {
        method: 'GET',
        url: `${sessionsUrl}?api-version=${API_VERSION}`,
        headers: {},
      } as const;
      // Without a token: an upstream that refuses the caller answers, which is the question.
      const answer = await answerOr(send({ ...request, signal: clock.abortAt(until) }));
      return 'status' in answer && answer.status < 500;
    },
  };
};

interface Answered {
  type: 'answered';
  answer: HttpAnswer;
  sentAt: Instant;
  receivedAt: Instant;
}
type Unanswered = Extract<Outcome, { type: 'unsent' | 'inconclusive' }>;
type Inconclusive = Extract<Outcome, { type: 'inconclusive' }>;
type Exchanged = Answered | Unanswered;

const malformed: Inconclusive = {
  type: 'inconclusive',
  because: 'its answer cannot be read',
  retryAfterMs: null,
};

const unfinishedList: Inconclusive = {
  type: 'inconclusive',
  because: 'there was no time for all of its pages',
  retryAfterMs: null,
};

const tokenOr = async (token: Promise<string>): Promise<string | Unanswered> => {
  try {
    return await token;
  } catch (error) {
    if (
      error instanceof NoTokenError ||
      error instanceof UnreachableError ||
      error instanceof BrokenExchangeError
    ) {
      return { type: 'unsent', because: `no token: ${error.message}` };
    }
    throw error;
  }
};

const answerOr = async (answer: Promise<HttpAnswer>): Promise<HttpAnswer | Unanswered> => {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof UnreachableError) return { type: 'unsent', because: error.message };
    if (error instanceof BrokenExchangeError) {
      return { type: 'inconclusive', because: error.message, retryAfterMs: null };
    }
    throw error;
  }
};

/** Properties, or that there are none. */
const readSession = (answered: Answered, sessionId: string): Outcome | undefined => {
  if (answered.answer.status === 200) return found(answered, sessionId, false);
  return answered.answer.status === 404 ? missing(answered) : undefined;
};

const found = (answered: Answered, sessionId: string, created: boolean): Outcome => {
  const properties = parse(readSessionSchema, answered.answer.body);
  if (properties === undefined || properties.id !== sessionId) return malformed;
  return { type: 'found', created, sighting: sightingOf(properties, answered) };
};

const sightingOf = (
  properties: ReadSession,
  { sentAt, receivedAt }: Pick<Answered, 'sentAt' | 'receivedAt'>,
): Sighting => ({
  status: properties.status,
  leaseMinutes: properties.maxLeaseTimeMinutes,
  size: SIZES.find((size) => size.toLowerCase() === properties.size?.toLowerCase()) ?? null,
  elapsedMinutes: Math.floor(properties.elapsedTimeMinutes ?? 0),
  hostname: shortened(properties.hostname),
  // An older edition sent 0 for what it did not know yet.
  ports: { handshake: properties.handshakePort || null, inspector: properties.arrInspectorPort || null },
  teraflops: properties.teraflops || null,
  errorCode: shortened(properties.error?.code),
  errorMessage: shortened(properties.error?.message),
  sentAt,
  receivedAt,
});

const errorSchema = z.object({ error: z.object({ code: z.string(), message: z.string().nullish() }) });

/** A 404 counts only with the service's own error body: one of a proxy or a wrong address says nothing of a session. */
const missing = ({ answer, sentAt }: Answered): Outcome =>
  parse(errorSchema, answer.body) === undefined ? unexpected(answer) : { type: 'missing', sentAt };

const refused = (answer: HttpAnswer): Outcome => {
  const message = shortened(parse(errorSchema, answer.body)?.error.message) ?? `status ${answer.status}`;
  return { type: 'refused', status: answer.status, message };
};

/** What an upstream says is stored and shown, and a table property holds 32 Ki characters: it is cut to a use. */
const shortened = (text: string | null | undefined): string | null =>
  text?.slice(0, MAX_TEXT_CHARACTERS) ?? null;

const unexpected = (answer: HttpAnswer): Inconclusive => {
  const seconds = Number(answer.headers['retry-after']);
  const told = Number.isInteger(seconds) && seconds > 0 ? seconds * 1000 : null;
  const retryAfterMs = told ?? (answer.status === 429 ? THROTTLED_MS : null);
  return { type: 'inconclusive', because: `it answered ${answer.status}`, retryAfterMs };
};

const parse = <Schema extends z.ZodType>(schema: Schema, text: string): z.output<Schema> | undefined => {
  try {
    const result = schema.safeParse(JSON.parse(text));
    return result.success ? result.data : undefined;
  } catch {
    // Not JSON: no answer, which is what the caller is told.
    return undefined;
  }
};
