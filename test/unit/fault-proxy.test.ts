import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  eachFault,
  type Fault,
  type FaultProxy,
  type FaultProxySettings,
  startFaultProxy,
} from '../fault-proxy.ts';
import { type RawAnswer, type RawClient, rawClient } from '../raw-http.ts';

let target: Server;
let proxy: FaultProxy;
let client: RawClient;
let seen: { request: IncomingMessage; body: string }[];

const ANSWER = ['X-Odd', 'one', 'x-odd', 'two', 'Connection', 'close'];
const LONGEST_DELAY_MS = 40;

const start = async (settings: Partial<FaultProxySettings> = {}): Promise<void> => {
  const { port: targetPort } = target.address() as AddressInfo;
  proxy = await startFaultProxy({ targetPort, seed: 1, longestDelayMs: LONGEST_DELAY_MS, ...settings });
  client = rawClient(proxy.port, 4);
};
const stop = async (): Promise<void> => {
  client.close();
  await proxy.close();
};
/** Until a request has been taken in. */
const holding = async (): Promise<void> => {
  while (proxy.counts().delayed === 0) await new Promise((resolve) => setImmediate(resolve));
};
const ask = (): Promise<RawAnswer> =>
  client.send({
    method: 'PUT',
    target: '/a%2Fb?c=%41',
    headers: [['Host', 'signed:1']],
    body: Buffer.from('words'),
  });
const askOrFail = (): Promise<number | string> =>
  ask().then(
    ({ status }) => status,
    (error: NodeJS.ErrnoException) => error.code ?? error.message,
  );

beforeEach(async () => {
  seen = [];
  target = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    seen.push({ request, body });
    response.writeHead(418, 'Teapot', ANSWER).end('done');
  });
  await new Promise<void>((resolve) => target.listen(0, '127.0.0.1', resolve));
});
afterEach(async () => {
  await stop();
  await new Promise((resolve) => target.close(resolve));
});

it('passes on to the letter what is signed, and what is answered', async () => {
  await start();
  const answer = await ask();
  expect(seen).toHaveLength(1);
  expect(seen[0]).toMatchObject({ body: 'words', request: { method: 'PUT', url: '/a%2Fb?c=%41' } });
  expect(seen[0]?.request.headers.host).toBe('signed:1');
  expect(answer).toMatchObject({ status: 418, text: 'done' });
  expect(answer.rawHeaders.slice(0, 6)).toEqual(ANSWER);
  expect(proxy.counts()).toMatchObject({ passed: 1, lost: 0 });
});

describe('a request that is', () => {
  it.each<[Fault, number | string, number]>([
    ['delayed', 418, 1],
    ['late', 418, 1],
    ['reset', 'ECONNRESET', 0],
    ['lost', 'ECONNRESET', 1],
    ['refused', 503, 0],
    ['denied', 503, 1],
  ])('%s is answered with %s, and arrives %i times', async (fault, outcome, arrivals) => {
    await start();
    proxy.set({ [fault]: 1 });
    expect(await askOrFail()).toBe(outcome);
    expect(seen).toHaveLength(arrivals);
    expect(proxy.counts()[fault]).toBe(1);
  });
});

describe('with chance', () => {
  const outcomesOf = async (seed: number): Promise<(number | string)[]> => {
    await start({ seed });
    proxy.set(eachFault(1 / 6));
    const outcomes: (number | string)[] = [];
    for (let turn = 0; turn < 24; turn += 1) outcomes.push(await askOrFail());
    await stop();
    return outcomes;
  };

  it('chooses by its seed: the same again, and another one otherwise', async () => {
    const first = await outcomesOf(7);
    expect(new Set(first)).toEqual(new Set([418, 503, 'ECONNRESET']));
    expect(await outcomesOf(7)).toEqual(first);
    expect(await outcomesOf(8)).not.toEqual(first);
    await start();
  });
});

it('carries out what is delayed although its caller has gone', async () => {
  await start({ longestDelayMs: 300 });
  proxy.set({ delayed: 1 });
  const arrived = new Promise((resolve) => target.once('request', resolve));
  const asked = askOrFail();
  await holding();
  client.close();
  expect(await asked).toBe('ECONNRESET');
  expect(seen).toHaveLength(0);
  await arrived;
});

it('drops what it holds back when it is closed', async () => {
  await start({ longestDelayMs: 60_000 });
  proxy.set({ delayed: 1 });
  const held = askOrFail();
  await holding();
  await stop();
  expect(await held).toBe('ECONNRESET');
  expect(seen).toHaveLength(0);
  await start();
});
