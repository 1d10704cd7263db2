import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { BadRequestError, KeeperError } from '../../../shared/errors.ts';
import { MAX_BODY_BYTES, parseBody } from '../../../shared/protocol/body.ts';
import { errorAnswer } from '../../../shared/protocol/error-body.ts';
import { commonHeaders } from '../../../shared/protocol/headers.ts';
import { errnoOf, MethodNotAllowedError } from './errors.ts';

/** A request, as far as the routes need it. */
export interface ApiRequest {
  method: string;
  /** Absolute, on the host that the client named. */
  url: URL;
  authorization: string | null;
  /** @throws BadRequestError, PayloadTooLargeError */
  readBody(): Record<string, unknown>;
}

export interface Answer {
  status: number;
  headers?: Readonly<Record<string, string>>;
  /** Sent as JSON; absent: an empty body. */
  body?: unknown;
}

/** What answers a request. */
export interface Route {
  /** Of each of its answers, errors included. */
  headers?: Readonly<Record<string, string>>;
  answer(): Promise<Answer>;
}

/** How long a client may take to send a request. */
const REQUEST_TIMEOUT_MS = 10_000;
/** Longer than clients keep a connection that they do not use: none meets its end with a request under way. */
const KEEP_ALIVE_MS = 120_000;

/** An HTTP server that answers with what the route of a request returns or throws, and the headers of all answers. */
export const createHttpServer = (
  findRoute: (request: ApiRequest) => Route,
  warn: (line: string, error: unknown) => void,
): Server => {
  const answer = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const common = commonHeaders(incoming.method ?? 'GET', randomBytes);
    let ofRoute: Route['headers'] = {};
    try {
      // At once: what a client has asked for holds, although it may hang up before it is answered.
      const route = findRoute(toRequest(incoming, await readBytes(incoming)));
      ofRoute = route.headers;
      const { headers, ...rest } = await route.answer();
      send(response, { ...rest, headers: { ...common, ...ofRoute, ...headers } });
    } catch (error) {
      // The client has hung up in the middle of its request: nobody is there to be told.
      if (errnoOf(error) === 'ECONNRESET') return;
      const { status, headers, body } = errorAnswer(error);
      if (!(error instanceof KeeperError)) warn(`${incoming.method} failed, MS-CV ${common['MS-CV']}`, error);
      const allow = error instanceof MethodNotAllowedError ? { Allow: error.allow } : {};
      send(response, { status, headers: { ...common, ...ofRoute, ...headers, ...allow }, body });
    }
  };
  const server = createServer((incoming, response) => {
    answer(incoming, response).catch((error: unknown) => {
      warn('an answer could not be sent', error);
      response.destroy();
    });
  });
  server.requestTimeout = REQUEST_TIMEOUT_MS;
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  return server;
};

const toRequest = (incoming: IncomingMessage, bytes: Uint8Array): ApiRequest => {
  const url = URL.parse(incoming.url ?? '/', `http://${incoming.headers.host}`);
  if (url === null) throw new BadRequestError('The address of the request is not readable.');
  return {
    method: incoming.method ?? 'GET',
    url,
    authorization: incoming.headers.authorization ?? null,
    readBody: () => parseBody(bytes),
  };
};

/** Reads to the end, so that the client hears the answer; keeps only as much as is needed to see that it is too much. */
const readBytes = async (incoming: IncomingMessage): Promise<Uint8Array> => {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of incoming) {
    const bytes: Buffer = Buffer.from(chunk);
    if (size <= MAX_BODY_BYTES) chunks.push(bytes);
    size += bytes.length;
  }
  return Buffer.concat(chunks);
};

const send = (response: ServerResponse, { status, headers, body }: Answer): void => {
  const text = body === undefined ? '' : JSON.stringify(body);
  response.writeHead(status, {
    ...(text === '' ? {} : { 'Content-Type': 'application/json; charset=utf-8' }),
    // A 204 has no body by definition, and must not announce the length of one.
    ...(status === 204 ? {} : { 'Content-Length': String(Buffer.byteLength(text)) }),
    ...headers,
  });
  response.end(text);
};
