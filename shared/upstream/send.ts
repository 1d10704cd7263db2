/** One HTTP exchange with an upstream. */
export interface HttpRequest {
  method: 'GET' | 'PUT' | 'PATCH' | 'POST';
  url: string;
  headers: Record<string, string>;
  body?: string;
  signal: AbortSignal;
}

export interface HttpAnswer {
  status: number;
  /** Names in lower case. */
  headers: Readonly<Record<string, string | undefined>>;
  body: string;
}

/** The server was never reached, so the request cannot have had an effect there. */
export class UnreachableError extends Error {
  constructor(cause: Error) {
    super('the upstream cannot be reached', { cause });
    this.name = 'UnreachableError';
  }
}

/** The exchange broke off: the request may have had its effect or not. */
export class BrokenExchangeError extends Error {
  constructor(cause: Error) {
    super('the exchange with the upstream broke off', { cause });
    this.name = 'BrokenExchangeError';
  }
}

/**
 * Sends one request, once: retries are the keeper's, which knows what may be repeated.
 *
 * @throws UnreachableError before anything was sent
 * @throws BrokenExchangeError when the answer did not come, or not in time
 */
export type Send = (request: HttpRequest) => Promise<HttpAnswer>;

/** Errors that come of name resolution and connecting alone: no byte of the request left this machine. */
const NOT_CONNECTED: ReadonlySet<string> = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN']);
const CONNECT_TIMEOUT_MS = 2_000;

/** The library is loaded with the first call: what is answered from the table alone does not wait for it. */
export const send: Send = async ({ method, url, headers, body, signal }) => {
  const { default: got, RequestError } = await import('got');
  try {
    const {
      statusCode,
      headers: received,
      body: text,
    } = await got(url, {
      method,
      headers,
      ...(body === undefined ? {} : { body }),
      signal,
      timeout: { lookup: CONNECT_TIMEOUT_MS, connect: CONNECT_TIMEOUT_MS },
      retry: { limit: 0 },
      throwHttpErrors: false,
      followRedirect: false,
      responseType: 'text',
    });
    return { status: statusCode, headers: flat(received), body: text };
  } catch (error) {
    const cause = withoutRequest(error);
    const isUnconnected = error instanceof RequestError && NOT_CONNECTED.has(error.code);
    throw isUnconnected ? new UnreachableError(cause) : new BrokenExchangeError(cause);
  }
};

/** What went wrong, without the request that got's own errors carry: its headers hold a key or a token. */
const withoutRequest = (error: unknown): Error => {
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  const plain = new Error(message);
  plain.name = name;
  return plain;
};

const flat = (headers: Record<string, string | string[] | undefined>): Record<string, string | undefined> =>
  Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : value]),
  );
