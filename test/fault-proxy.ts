import { once } from 'node:events';
import {
  Agent,
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request as openRequest,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { chanceFrom } from './chance.ts';

/**
 * A bad network between two parts of the stack: each request meets chance, which a seed decides. What is passed on is
 * passed on to the letter, headers and `Host` included, because the requests are signed and name their own address.
 */

/**
 * `delayed`: carried out only after a while, even if its caller has given up by then. `late`: carried out at once, and
 * answered after a while. `reset`: cut off before anything was done. `lost`: carried out, and cut off instead of an
 * answer. `refused`: 503, and nothing was done. `denied`: carried out, and answered with 503 all the same.
 */
export const FAULTS = ['delayed', 'late', 'reset', 'lost', 'refused', 'denied'] as const;
export type Fault = (typeof FAULTS)[number];

/** Of all requests, the share that meets each fault; the rest passes. */
export type FaultShares = Readonly<Partial<Record<Fault, number>>>;

/** The same share of each. */
export const eachFault = (share: number): FaultShares =>
  Object.fromEntries(FAULTS.map((fault) => [fault, share]));

/** How many of them have been met. */
export const metBy = (counts: Readonly<Record<Fault, number>>): number =>
  FAULTS.filter((fault) => counts[fault] > 0).length;

export interface FaultProxy {
  readonly port: number;
  /** For the requests from now on; those that are being held back are carried out as they were to be. */
  set(shares: FaultShares): void;
  /** How many requests passed, and how many met each fault. */
  counts(): Record<Fault | 'passed', number>;
  /** Cuts what is open and drops what is held back. */
  close(): Promise<void>;
}

export interface FaultProxySettings {
  targetPort: number;
  seed: number;
  longestDelayMs: number;
}

interface Answer {
  status: number;
  statusMessage: string;
  rawHeaders: string[];
  body: Buffer;
}

/** More than any request or answer of the stack has. */
const LONGEST_BODY_BYTES = 16 * 1024 * 1024;
const HOST = '127.0.0.1';

export const startFaultProxy = async ({
  targetPort,
  seed,
  longestDelayMs,
}: FaultProxySettings): Promise<FaultProxy> => {
  const chance = chanceFrom(seed);
  const closing = new AbortController();
  // A connection of its own for each: one that the target closes for want of use would be a fault of our making.
  const agent = new Agent({ keepAlive: false });
  const counts = { passed: 0, delayed: 0, late: 0, reset: 0, lost: 0, refused: 0, denied: 0 };
  let shares: FaultShares = {};

  /** Both numbers are drawn for each request, so that the fate of the nth depends on the seed and on n alone. */
  const nextFate = (): { fault: Fault | 'passed'; waitMs: number } => {
    const [turn, waitMs] = [chance(), chance() * longestDelayMs];
    let sum = 0;
    for (const fault of FAULTS) {
      sum += shares[fault] ?? 0;
      if (turn < sum) return { fault, waitMs };
    }
    return { fault: 'passed', waitMs };
  };

  const forward = (incoming: IncomingMessage, body: Buffer): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const { method, url, rawHeaders } = incoming;
      const outgoing = openRequest({
        host: HOST,
        port: targetPort,
        method,
        path: url,
        // An array is sent as it is.
        headers: rawHeaders as unknown as IncomingHttpHeaders,
        setHost: false,
        agent,
        signal: closing.signal,
      });
      outgoing.once('error', reject);
      outgoing.once('response', (answer) => {
        const { statusCode: status = 502, statusMessage = '' } = answer;
        bytesOf(answer).then(
          (bytes) => resolve({ status, statusMessage, rawHeaders: answer.rawHeaders, body: bytes }),
          reject,
        );
      });
      outgoing.end(body);
    });

  const handle = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { fault, waitMs } = nextFate();
    const body = await bytesOf(incoming);
    counts[fault] += 1;
    const hold = (): Promise<void> => delay(waitMs, undefined, { signal: closing.signal });
    if (fault === 'reset') return cut(incoming);
    if (fault === 'refused') return unavailable(response);
    if (fault === 'delayed') await hold();
    const answer = await forward(incoming, body);
    if (fault === 'late') await hold();
    if (fault === 'lost') return cut(incoming);
    if (fault === 'denied') return unavailable(response);
    response.writeHead(answer.status, answer.statusMessage, answer.rawHeaders);
    response.end(answer.body);
  };

  const server = createServer((incoming, response) => {
    // A caller or a target that has gone, as happens where processes are killed: the other side is cut off as well.
    handle(incoming, response).catch(() => cut(incoming));
  });
  server.listen(0, HOST);
  await once(server, 'listening');

  return {
    port: (server.address() as AddressInfo).port,
    set(next) {
      shares = next;
    },
    counts: () => ({ ...counts }),
    async close() {
      closing.abort();
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
      agent.destroy();
    },
  };
};

const bytesOf = async (message: IncomingMessage): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of message) {
    const bytes: Buffer = Buffer.from(chunk);
    length += bytes.length;
    if (length > LONGEST_BODY_BYTES) throw new RangeError('longer than anything that is sent here');
    chunks.push(bytes);
  }
  return Buffer.concat(chunks);
};

/** As a network that breaks: no end of the stream, a reset. */
const cut = ({ socket }: IncomingMessage): void => {
  if (!socket.destroyed) socket.resetAndDestroy();
};

const unavailable = (response: ServerResponse): void => {
  response.writeHead(503, { 'content-type': 'text/plain' }).end('The proxy of the test says so.');
};
