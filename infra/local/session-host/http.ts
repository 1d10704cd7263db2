import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { BadRequestError } from '../../../shared/errors.ts';
import { SUPPORTED_API_VERSIONS } from '../../../shared/protocol/api-version.ts';
import { MAX_BODY_BYTES, parseBody } from '../../../shared/protocol/body.ts';
import { correlationVector } from '../../../shared/protocol/correlation-vector.ts';
import { errorAnswer } from '../../../shared/protocol/error-body.ts';
import { errnoOf, MethodNotAllowedError } from './errors.ts';

/** A request, as far as the routes need it. */
export interface ApiRequest {
  method: string;
  /** Absolute, on the host that the client named. */
  url: URL;
  authorization: string | null;
  readBody(): Promise<Record<string, unknown>>;
}

export interface Answer {
  status: number;
  headers?: Readonly<Record<string, string>>;
  /** Sent as JSON; absent: an empty body. */
  body?: unknown;
}

/** How long a client may take to send a request. */
const REQUEST_TIMEOUT_MS = 10_000;

/** An HTTP server that answers with what `handle` returns or throws, with the headers that all answers share. */
export const createHttpServer = (
  handle: (request: ApiRequest) => Promise<Answer>,
  warn: (line: string, error: unknown) => void,
): Server => {
  const answer = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const vector = correlationVector(randomBytes);
    try {
      send(incoming, response, vector, await handle(toRequest(incoming)));
    } catch (error) {
      // The client has hung up in the middle of its request: nobody is there to be told.
      if (errnoOf(error) === 'ECONNRESET') return;
      const { status, headers, body } = errorAnswer(error);
      if (status >= 500) warn(`${incoming.method} failed, MS-CV ${vector}`, error);
      const allow = error instanceof MethodNotAllowedError ? { Allow: error.allow } : {};
      send(incoming, response, vector, { status, headers: { ...headers, ...allow }, body });
    }
  };
  const server = createServer((incoming, response) => {
    answer(incoming, response).catch((error: unknown) => {
      warn('an answer could not be sent', error);
      response.destroy();
    });
  });
  server.requestTimeout = REQUEST_TIMEOUT_MS;
  return server;
};

const toRequest = (incoming: IncomingMessage): ApiRequest => {
  const url = URL.parse(incoming.url ?? '/', `http://${incoming.headers.host}`);
  if (url === null) throw new BadRequestError('The address of the request is not readable.');
  return {
    method: incoming.method ?? 'GET',
    url,
    authorization: incoming.headers.authorization ?? null,
    readBody: async () => parseBody(await readBytes(incoming)),
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

const send = (incoming: IncomingMessage, response: ServerResponse, vector: string, answer: Answer): void => {
  const text = answer.body === undefined ? '' : JSON.stringify(answer.body);
  response.writeHead(answer.status, {
    'MS-CV': vector,
    'api-supported-versions': SUPPORTED_API_VERSIONS.join(', '),
    'X-Content-Type-Options': 'nosniff',
    ...(incoming.method === 'GET' ? { 'Cache-Control': 'no-store, no-cache', Pragma: 'no-cache' } : {}),
    ...(text === '' ? {} : { 'Content-Type': 'application/json; charset=utf-8' }),
    // A 204 has no body by definition, and must not announce the length of one.
    ...(answer.status === 204 ? {} : { 'Content-Length': String(Buffer.byteLength(text)) }),
    ...answer.headers,
  });
  response.end(text);
};
