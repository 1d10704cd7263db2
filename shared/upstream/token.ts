import { decodeJwt, errors } from 'jose';
import * as z from 'zod';
import type { Clock } from '../clock.ts';
import { type Instant, MINUTE_MS } from '../lease.ts';
import type { Send } from './send.ts';

/** Where and for whom a token of the upstream is asked. */
export interface TokenSource {
  tokenEndpoint: string;
  accountId: string;
  accountKey: string;
}

/** A token of the upstream could not be had now. The message tells the status, never the key. */
export class NoTokenError extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, cause === undefined ? {} : { cause });
    this.name = 'NoTokenError';
  }
}

export interface UpstreamToken {
  /** @throws NoTokenError */
  get(signal: AbortSignal): Promise<string>;
  /** Forgets this token, because the upstream did not take it. */
  drop(token: string): void;
}

/** A token is renewed so long before it ends. */
const REFRESH_BEFORE_MS = 10 * MINUTE_MS;
/** A token that does not say when it ends is used for so long. */
const UNKNOWN_LIFETIME_MS = 60 * MINUTE_MS;

/** How long the token endpoint may take, for whoever asked first. */
const ASK_TIMEOUT_MS = 10_000;

const answerSchema = z.object({ AccessToken: z.string().min(1) });

/** Keeps one token, and asks for a new one once for all callers that need it at the same time. */
export const createUpstreamToken = (source: TokenSource, clock: Clock, send: Send): UpstreamToken => {
  let held: { token: string; refreshAt: Instant } | undefined;
  let asking: Promise<string> | undefined;

  const ask = async (signal: AbortSignal): Promise<string> => {
    const answer = await send({
      method: 'GET',
      url: `${source.tokenEndpoint}/accounts/${source.accountId}/token`,
      headers: { authorization: `Bearer ${source.accountId}:${source.accountKey}` },
      signal,
    });
    if (answer.status !== 200) throw new NoTokenError(`the token endpoint answered ${answer.status}`);
    const token = readToken(answer.body);
    held = { token, refreshAt: refreshAtOf(token, clock.now()) };
    return token;
  };

  return {
    get(signal) {
      if (held !== undefined && clock.now() < held.refreshAt) return Promise.resolve(held.token);
      // The question has a window of its own: callers of less patience leave it to the others.
      asking ??= ask(clock.abortAt(clock.now() + ASK_TIMEOUT_MS)).finally(() => {
        asking = undefined;
      });
      return unlessAborted(asking, signal);
    },
    drop(token) {
      if (held?.token === token) held = undefined;
    },
  };
};

const unlessAborted = (token: Promise<string>, signal: AbortSignal): Promise<string> =>
  new Promise((resolve, reject) => {
    const leave = (): void => reject(new NoTokenError('the token endpoint did not answer in time'));
    if (signal.aborted) leave();
    signal.addEventListener('abort', leave, { once: true });
    token.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave));
  });

const readToken = (body: string): string => {
  try {
    return answerSchema.parse(JSON.parse(body)).AccessToken;
  } catch {
    // The cause would quote the body, which may hold a token.
    throw new NoTokenError('the token endpoint gave an answer without a token');
  }
};

const refreshAtOf = (token: string, now: Instant): Instant => {
  try {
    const { exp } = decodeJwt(token);
    return exp === undefined ? now + UNKNOWN_LIFETIME_MS : exp * 1000 - REFRESH_BEFORE_MS;
  } catch (error) {
    if (error instanceof errors.JWTInvalid) return now + UNKNOWN_LIFETIME_MS;
    throw error;
  }
};
