import { Agent, type IncomingMessage, request } from 'node:http';
import { problemOf } from './described.ts';
import type { RawRequest } from './requests.ts';

/** HTTP as it is written, where `fetch` would put it right first. */

export interface RawAnswer {
  status: number;
  headers: IncomingMessage['headers'];
  /** As they came, repeated ones included. */
  rawHeaders: readonly string[];
  text: string;
  milliseconds: number;
}

export interface RawClient {
  send(raw: RawRequest): Promise<RawAnswer>;
  close(): void;
}

/** A client of a server on this port of this machine, over so many connections at most, which it keeps. */
export const rawClient = (port: number, connections: number): RawClient => {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });

  const send = ({ method, target, headers, body }: RawRequest): Promise<RawAnswer> =>
    new Promise((resolve, reject) => {
      const sentAt = performance.now();
      const sent = request({
        agent,
        host: '127.0.0.1',
        port,
        method,
        path: target,
        headers: headers.flat(),
        timeout: 30_000,
      });
      sent.once('timeout', () => sent.destroy(new Error('no answer within 30 s')));
      sent.once('error', reject);
      sent.once('response', (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.once('error', reject);
        response.once('end', () => {
          const answer = {
            status: response.statusCode ?? 0,
            headers: response.headers,
            rawHeaders: response.rawHeaders,
            text: Buffer.concat(chunks).toString('utf8'),
            milliseconds: performance.now() - sentAt,
          };
          const problem = problemOfRaw(port, method, target, answer);
          if (problem === undefined) resolve(answer);
          else reject(new Error(problem));
        });
      });
      sent.end(body);
    });

  return { send, close: () => agent.destroy() };
};

/** What is not as described. What has no correlation vector was answered before any function, by the platform. */
const problemOfRaw = (
  port: number,
  method: string,
  target: string,
  { status, headers, rawHeaders, text }: RawAnswer,
): string | undefined => {
  const origin = `http://127.0.0.1:${port}`;
  // Not relative to the origin: `//host/path` would be on another one.
  const url = URL.parse(`${origin}${target}`);
  if (url === null || headers['ms-cv'] === undefined) return undefined;
  const pairs = rawHeaders.flatMap((name, index): [string, string][] =>
    index % 2 === 0 ? [[name, rawHeaders[index + 1] ?? '']] : [],
  );
  return problemOf(origin, method, url.href, status, new Headers(pairs), text);
};
