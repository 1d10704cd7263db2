import * as z from 'zod';
import type { Clock } from '../clock.ts';
import type { Instant } from '../lease.ts';
import type { Outcome } from '../outcome.ts';
import { API_VERSION } from '../protocol/api-version.ts';
import { type CreateBody, readSessionSchema } from '../protocol/session-2021.ts';
import { type Answered, parse, shortened, sightingOf } from './answer.ts';
import { type ListPage, readPage } from './list-page.ts';
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

/** Nothing can be told. */
export type Inconclusive = Extract<Outcome, { type: 'inconclusive' }>;

/** A service that owns the servers and speaks the API generation `2021-01-01`. No call of it throws for its faults. */
export interface Upstream {
  /** The address of the service; a record made with another one is none of its business. */
  readonly endpoint: string;
  create(sessionId: string, wanted: CreateBody, window: CallWindow): Promise<Outcome>;
  observe(sessionId: string, window: CallWindow): Promise<Outcome>;
  /** `maxLeaseMinutes` is the new total since Ready. */
  extend(sessionId: string, maxLeaseMinutes: number, window: CallWindow): Promise<Outcome>;
  stop(sessionId: string, window: CallWindow): Promise<Outcome>;
  /** One page of everything that it has running: the first, or the one that another one has named as `next`. */
  list(window: CallWindow, from?: string): Promise<ListPage | Inconclusive>;
  /** Whether it answers at all, whatever it says. */
  ping(until: Instant): Promise<boolean>;
}

/** A 429 without `Retry-After`, or with one that is no number of seconds: the rule of thumb is 5 to 10 s between calls. */
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

    async list(window, from) {
      const url = from ?? `${sessionsUrl}?api-version=${API_VERSION}`;
      const exchanged = await exchange({ method: 'GET', url }, window);
      if (exchanged.type === 'unsent') return { ...exchanged, type: 'inconclusive', retryAfterMs: null };
      if (exchanged.type === 'inconclusive') return exchanged;
      if (exchanged.answer.status !== 200) return unexpected(exchanged.answer);
      return readPage(exchanged, source.endpoint) ?? malformed;
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

type Unanswered = Extract<Outcome, { type: 'unsent' | 'inconclusive' }>;
type Exchanged = Answered | Unanswered;

const malformed: Inconclusive = {
  type: 'inconclusive',
  because: 'its answer cannot be read',
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

const errorSchema = z.object({ error: z.object({ code: z.string(), message: z.string().nullish() }) });

/** A 404 counts only with the service's own error body: one of a proxy or a wrong address says nothing of a session. */
const missing = ({ answer, sentAt }: Answered): Outcome =>
  parse(errorSchema, answer.body) === undefined ? unexpected(answer) : { type: 'missing', sentAt };

const refused = (answer: HttpAnswer): Outcome => {
  const message = shortened(parse(errorSchema, answer.body)?.error.message) ?? `status ${answer.status}`;
  return { type: 'refused', status: answer.status, message };
};

const unexpected = (answer: HttpAnswer): Inconclusive => {
  const text = answer.headers['retry-after'];
  const seconds = Number(text);
  const told = Number.isInteger(seconds) && seconds > 0 ? seconds * 1000 : null;
  // A date, say: to wait for how long cannot be told by a clock that is not the upstream's.
  const isToldToWait = answer.status === 429 || (answer.status === 503 && text !== undefined);
  const retryAfterMs = told ?? (isToldToWait ? THROTTLED_MS : null);
  return { type: 'inconclusive', because: `it answered ${answer.status}`, retryAfterMs };
};
