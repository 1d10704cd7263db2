import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import { DEMO_ACCOUNT } from '../../shared/config.ts';
import { inParallel } from '../../shared/parallel.ts';
import { BURST_SECONDS } from '../../shared/throttle.ts';
import { type RawAnswer, type RawClient, rawClient } from '../raw-http.ts';
import {
  accountsSetting,
  type Client,
  connect,
  READY_AT_ONCE,
  startTestStack,
  type TestStack,
} from '../stack.ts';

/** One account calls twenty times as fast as it may: that is refused at once, and nobody else notices. */

const OTHER = {
  accountId: '22222222-2222-2222-2222-222222222222',
  key: 'b3RoZXItYWNjb3VudC1rZXktZm9yLXRlc3Rz',
};
const WARMING = {
  accountId: '33333333-3333-3333-3333-333333333333',
  key: 'd2FybWluZy1hY2NvdW50LWtleS1mb3ItdGVzdHM=',
};
/** The good ones as well as the refused. */
const WARMING_CALLS = 600;
const RATE = 20;
const FLOOD = 20 * RATE;
/** Of the account that keeps well below its limit. */
const MODEST = 12;
const RUNS = 3;
const SAMPLES = 24;
const MOST_SLOWDOWN = 2;

interface Call {
  sentAt: number;
  answer: RawAnswer;
}

let test: TestStack;
let raw: RawClient;
let flooding: { client: Client; sessionId: string; authorization: string };
let modest: { client: Client; sessionId: string };

/** All that the flooding account has read, and what it did beside. */
const reads: Call[] = [];
const beside: number[] = [];
const modestStatuses: number[] = [];
let firstReadAt = 0;

beforeAll(async () => {
  test = await startTestStack(({ sessionHost }) => ({
    KEEPER_ACCOUNTS: accountsSetting([DEMO_ACCOUNT, OTHER, WARMING], sessionHost),
    KEEPER_READS_PER_SECOND: String(RATE),
    ...READY_AT_ONCE,
  }));
  const { keeperUrl } = test.stack;
  raw = rawClient(Number(new URL(keeperUrl).port), 64);
  const all = [DEMO_ACCOUNT, OTHER, WARMING].map(async (account) => {
    const client = await connect(keeperUrl, account);
    const sessionId = await client.create('{"maxLeaseTime":"4:0:0"}');
    await client.untilStatus(sessionId, 'Ready');
    return { client, sessionId };
  });
  const [first, second, third] = await Promise.all(all);
  if (first === undefined || second === undefined || third === undefined)
    throw new RangeError('there are three accounts');
  // So that what is measured first is a process that has been at work already, as it is later.
  await inParallel(Array.from({ length: WARMING_CALLS }), () =>
    third.client.send('GET', `${third.client.sessions}/${third.sessionId}/properties`),
  );
  flooding = { ...first, authorization: await bearer() };
  modest = second;
});
afterAll(async () => {
  raw.close();
  await test.stop();
});

const bearer = async (): Promise<string> => {
  const { accountId, key } = DEMO_ACCOUNT;
  const answer = await fetch(`${test.stack.keeperUrl}/accounts/${accountId}/token`, {
    headers: { authorization: `Bearer ${accountId}:${key}` },
  });
  const { AccessToken } = z.object({ AccessToken: z.string() }).parse(await answer.json());
  return `Bearer ${AccessToken}`;
};

/** One read of the flooding account, in turn of each kind. */
const read = async (turn: number): Promise<Call> => {
  const { client, sessionId, authorization } = flooding;
  const v2021 = client.sessions.slice('/v1'.length);
  const paths = [
    `${client.sessions}/${sessionId}/properties`,
    client.sessions,
    `${v2021}/${sessionId}?api-version=2021-01-01`,
    `${v2021}?api-version=2021-01-01`,
  ];
  const headers = [
    ['Host', new URL(test.stack.keeperUrl).host],
    ['Authorization', authorization],
  ] as const;
  const sentAt = performance.now();
  const target = paths[turn % paths.length] ?? '';
  const call = { sentAt, answer: await raw.send({ method: 'GET', target, headers, body: undefined }) };
  reads.push(call);
  return call;
};

/** Paced by the clock, whatever the answers: each read goes out at its time. `steady` is once the burst is used up. */
const flood = (): { steady: Promise<Call>; stop(): Promise<void> } => {
  const startedAt = performance.now();
  const sent: Promise<Call>[] = [];
  const { promise: refused, resolve, reject } = Promise.withResolvers<Call>();
  const pace = setInterval(() => {
    const due = ((performance.now() - startedAt) / 1000) * FLOOD;
    while (sent.length < due) {
      const call = read(sent.length);
      call.then((answered) => answered.answer.status === 429 && resolve(answered), reject);
      sent.push(call);
    }
  }, 5);
  return {
    steady: refused.then(async (call) => {
      // What passed before is still being worked on.
      await Promise.all([...sent]);
      return call;
    }),
    async stop() {
      clearInterval(pace);
      await Promise.all(sent);
    },
  };
};

/** How long so many calls of the modest account take, in milliseconds each. */
const modestTimes = async (samples: number): Promise<number[]> => {
  const { client, sessionId } = modest;
  const times: number[] = [];
  const startedAt = performance.now();
  for (let sample = 0; sample < samples; sample += 1) {
    await delay(Math.max(0, startedAt + (sample * 1000) / MODEST - performance.now()));
    const sentAt = performance.now();
    const { status } = await client.send('GET', `${client.sessions}/${sessionId}/properties`);
    times.push(performance.now() - sentAt);
    modestStatuses.push(status);
  }
  return times;
};

const median = (values: readonly number[]): number =>
  values.toSorted((left, right) => left - right)[Math.floor(values.length / 2)] ?? Number.NaN;

const lastAnswerAt = (calls: readonly Call[]): number =>
  Math.max(...calls.map(({ sentAt, answer }) => sentAt + answer.milliseconds));

/** Calls of the flooding account that are no reads. */
const callBeside = async (turn: number): Promise<void> => {
  const { client, sessionId } = flooding;
  const session = `${client.sessions}/${sessionId}`;
  const body = `{"tags":{"turn":"${turn}"}}`;
  const beat = await client.send('POST', `${session}/heartbeat`);
  const change = await client.send('PATCH', session, { body });
  beside.push(beat.status, change.status);
};

it("another account's calls are answered as soon as without the flood, or half as soon at least", async () => {
  firstReadAt = performance.now();
  const runs: { quiet: number; flooded: number; ratio: number }[] = [];
  for (let run = 0; run < RUNS; run += 1) {
    const before = await modestTimes(SAMPLES / 2);
    const { steady, stop } = flood();
    await steady;
    const [during] = await Promise.all([modestTimes(SAMPLES), callBeside(run)]);
    await stop();
    // Half before and half after: what else the machine does comes and goes.
    const quiet = median([...before, ...(await modestTimes(SAMPLES / 2))]);
    const flooded = median(during);
    runs.push({ quiet, flooded, ratio: flooded / quiet });
  }
  const figures = runs.map((run) =>
    Object.fromEntries(Object.entries(run).map(([name, value]) => [name, Number(value.toFixed(2))])),
  );
  console.log(`flood: ${JSON.stringify(figures)}`);
  expect(median(runs.map(({ ratio }) => ratio)), JSON.stringify(figures)).toBeLessThanOrEqual(MOST_SLOWDOWN);
});

it('no call of the other account is refused', () => {
  expect(modestStatuses).toHaveLength(2 * RUNS * SAMPLES);
  expect(new Set(modestStatuses)).toEqual(new Set([200]));
});

it('the flooding account gets what it may have, and no more', () => {
  const refused = reads.filter(({ answer }) => answer.status === 429);
  const passed = reads.filter(({ answer }) => answer.status === 200);
  expect(refused.length + passed.length).toBe(reads.length);
  // Most of what it sends while the other account makes its calls.
  expect(refused.length).toBeGreaterThan(0.8 * FLOOD * RUNS * (SAMPLES / MODEST));
  const seconds = (lastAnswerAt(reads) - firstReadAt) / 1000;
  expect(passed.length).toBeLessThanOrEqual(RATE * seconds + RATE * BURST_SECONDS);
  expect(passed.length).toBeGreaterThanOrEqual(RATE * BURST_SECONDS);
});

it('its refusals say when to come again, and are the only answers that it gets beside the good ones', () => {
  const refused = reads.filter(({ answer }) => answer.status === 429);
  for (const { answer } of refused) {
    expect(answer.headers['retry-after']).toMatch(/^[1-9]\d*$/);
    expect(answer.headers['ms-cv']).toMatch(/^[A-Za-z0-9+/]{22}\.0$/);
    expect(JSON.parse(answer.text)).toEqual({
      error: { code: 'TooManyRequests', message: expect.stringContaining('read') },
    });
  }
});

it('its heartbeats and changes pass while its reads are refused', () => {
  expect(beside).toHaveLength(2 * RUNS);
  expect(new Set(beside)).toEqual(new Set([200]));
});

it('with its bucket empty it gets its rate, and is served again after the time that it was told', async () => {
  const { steady, stop } = flood();
  const empty = await steady;
  const emptyAt = performance.now();
  await delay(1500);
  await stop();
  const later = reads.filter(({ sentAt }) => sentAt >= emptyAt);
  const passed = later.filter(({ answer }) => answer.status === 200);
  const seconds = (lastAnswerAt(later) - empty.sentAt) / 1000;
  expect(passed.length).toBeLessThanOrEqual(RATE * seconds + 1);
  expect(passed.length).toBeGreaterThan(RATE * 1.5 * 0.5);

  let last = empty;
  for (let turn = 0; turn < 2 * RATE * BURST_SECONDS; turn += 1) {
    last = await read(turn);
    if (last.answer.status === 429) break;
  }
  expect(last.answer.status).toBe(429);
  await delay(Number(last.answer.headers['retry-after']) * 1000);
  expect((await read(0)).answer.status).toBe(200);
});
