import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import type { Outcome } from '../../shared/outcome.ts';
import { send } from '../../shared/upstream/send.ts';
import { freePort } from '../azurite.ts';
import {
  type Answer,
  type Call,
  calls,
  clock,
  ID,
  KEY,
  properties,
  serve,
  soon,
  TOKEN,
  upstreamAt,
} from './upstream-fixture.ts';

const all: Call[] = ['create', 'observe', 'extend', 'stop'];
const ok = { status: 200, body: properties() };
const unsent = { type: 'unsent', because: expect.stringMatching(/./) };
const inconclusive = { type: 'inconclusive', because: expect.stringMatching(/./), retryAfterMs: null };
const deadUrl = async (): Promise<string> => `http://127.0.0.1:${await freePort()}`;

describe('the token', () => {
  it('is asked for with the key, once, by all who need it at the same time, and kept', async () => {
    const server = await serve(() => ok);
    const upstream = upstreamAt(server.url);
    await Promise.all([1, 2, 3, 4].map(() => upstream.observe(ID, soon())));
    await upstream.stop(ID, soon());
    expect(server.tokensAsked).toMatchObject([
      { method: 'GET', authorization: expect.stringContaining(`:${KEY}`) },
    ]);
    expect(server.asked).toHaveLength(5);
  });

  it('is renewed once when it is not taken, and the call is repeated with the new one', async () => {
    let issued = 0;
    const server = await serve(
      ({ authorization }) => (authorization === 'Bearer second' ? ok : { status: 401 }),
      () => ({ status: 200, body: { AccessToken: ['first', 'second'][issued++] } }),
    );
    const upstream = upstreamAt(server.url);
    expect(await upstream.observe(ID, soon())).toMatchObject({ type: 'found' });
    expect(await upstream.observe(ID, soon())).toMatchObject({ type: 'found' });
    expect(issued).toBe(2);
    expect(server.asked).toHaveLength(3);
  });

  it.each(all)('that is never taken makes %s inconclusive after one renewal', async (call) => {
    const server = await serve(() => ({ status: 401 }));
    expect(await calls[call](upstreamAt(server.url))).toEqual(inconclusive);
    expect([server.asked.length, server.tokensAsked.length]).toEqual([2, 2]);
  });

  it.each([
    { name: 'a wrong key', answer: { status: 401, body: '' } },
    { name: 'a failure', answer: { status: 500 } },
    { name: 'no JSON', answer: { status: 200, body: 'token' } },
    { name: 'no token in it', answer: { status: 200, body: { Token: TOKEN } } },
  ])(
    'that cannot be had because of $name leaves every call unsent, and is asked for again',
    async ({ answer }) => {
      const server = await serve(
        () => ok,
        () => answer,
      );
      const upstream = upstreamAt(server.url);
      for (const call of all) expect(await calls[call](upstream)).toEqual(unsent);
      expect(server.asked).toEqual([]);
      expect(server.tokensAsked).toHaveLength(all.length);
    },
  );

  it('that is slow keeps nobody longer than until its own deadline, whoever asked first', async () => {
    const server = await serve(
      () => ok,
      () => undefined,
    );
    const upstream = upstreamAt(server.url);
    const startedAt = clock.now();
    const patient = upstream.observe(ID, { until: startedAt + 1_500 });
    expect((await upstream.observe(ID, { until: startedAt + 200 })).type).not.toBe('found');
    expect(clock.now() - startedAt).toBeLessThan(1_000);
    expect((await patient).type).not.toBe('found');
  });

  it('that is slow for one who gives up early is still had by one who waits', async () => {
    const slow = Promise.withResolvers<Answer>();
    const server = await serve(
      () => ok,
      () => slow.promise,
    );
    const upstream = upstreamAt(server.url);
    const hasty = upstream.observe(ID, { until: clock.now() + 100 });
    const patient = upstream.observe(ID, soon());
    expect((await hasty).type).not.toBe('found');
    slow.resolve({ status: 200, body: { AccessToken: TOKEN } });
    expect((await patient).type).toBe('found');
  });
});

describe('an upstream in trouble', () => {
  it.each(all)('that refuses connections leaves %s unsent', async (call) => {
    const tokens = await serve(() => ok);
    expect(await calls[call](upstreamAt(await deadUrl(), tokens.url))).toEqual(unsent);
    expect(await calls[call](upstreamAt(await deadUrl()))).toEqual(unsent);
  });

  it.each(all)('that breaks off before an answer makes %s inconclusive', async (call) => {
    const server = await serve((_, response) => {
      response.socket?.resetAndDestroy();
      return undefined;
    });
    expect(await calls[call](upstreamAt(server.url))).toEqual(inconclusive);
    expect(server.asked).toHaveLength(1);
  });

  it.each(all)('that breaks off in the middle of an answer makes %s inconclusive', async (call) => {
    const server = await serve((_, response) => {
      response.writeHead(200, { 'Content-Length': '5000' });
      response.write('{"id":', () => response.socket?.resetAndDestroy());
      return undefined;
    });
    expect(await calls[call](upstreamAt(server.url))).toEqual(inconclusive);
    expect(server.asked).toHaveLength(1);
  });

  it.each([
    { name: 'never answers', isBegun: false },
    { name: 'never ends its answer', isBegun: true },
  ])('that $name is given up at its deadline', async ({ isBegun }) => {
    const server = await serve((_, response) => {
      if (isBegun) response.writeHead(200).write('{');
      return undefined;
    });
    const upstream = upstreamAt(server.url);
    await upstream.ping(clock.now() + 300);
    const startedAt = clock.now();
    expect(await upstream.extend(ID, 90, { startBy: startedAt + 200, until: startedAt + 300 })).toEqual(
      inconclusive,
    );
    expect(clock.now() - startedAt).toBeLessThan(2_000);
    expect(await upstream.list({ until: clock.now() + 300 })).toEqual(inconclusive);
  });

  it('is not asked to change anything once it is too late to begin', async () => {
    const server = await serve(() => ok);
    const upstream = upstreamAt(server.url);
    const late = { startBy: clock.now() - 1, until: clock.now() + 5_000 };
    const wanted = { maxLeaseTimeMinutes: 60, size: 'Standard', models: [] };
    expect(await upstream.create(ID, wanted, late)).toEqual(unsent);
    expect(await upstream.extend(ID, 90, late)).toEqual(unsent);
    expect(await upstream.stop(ID, late)).toEqual(unsent);
    expect(server.asked).toEqual([]);
  });

  it('answers a ping with anything below 500, or is down', async () => {
    for (const [status, isUp] of [
      [200, true],
      [401, true],
      [404, true],
      [503, false],
    ] as const) {
      const server = await serve(() => ({ status }));
      expect(await upstreamAt(server.url).ping(soon().until)).toBe(isUp);
    }
    expect(await upstreamAt(await deadUrl()).ping(soon().until)).toBe(false);
  });
});

describe('the key and the token', () => {
  const tellsSecrets = (value: unknown): boolean => {
    const chain: unknown[] = [];
    for (let one = value; one !== undefined && one !== null && chain.length < 10; ) {
      chain.push(one);
      one = one instanceof Error ? one.cause : undefined;
    }
    const texts = chain.flatMap((one) => [
      String(one),
      one instanceof Error ? (one.stack ?? '') : JSON.stringify(one),
    ]);
    return [KEY, TOKEN].some((secret) => texts.some((text) => text.includes(secret)));
  };

  it('are in no outcome', async () => {
    const answers = [200, 201, 204, 302, 400, 401, 404, 409, 422, 429, 500].flatMap((status) => [
      { status },
      { status, body: '{' },
    ]);
    const outcomes: Outcome[] = [];
    for (const answer of answers) {
      const server = await serve(() => answer);
      for (const call of all) outcomes.push(await calls[call](upstreamAt(server.url)));
    }
    const noToken = await serve(
      () => ok,
      () => ({ status: 200, body: `not JSON: ${TOKEN}` }),
    );
    for (const url of [await deadUrl(), noToken.url]) {
      for (const call of all) outcomes.push(await calls[call](upstreamAt(url)));
    }
    expect(outcomes.filter(tellsSecrets)).toEqual([]);
    expect(outcomes).toHaveLength((answers.length + 2) * all.length);
  });

  it('are in no error of an exchange, nor in what a log would print of it', async () => {
    const server = await serve((_, response) => {
      response.socket?.resetAndDestroy();
      return undefined;
    });
    const headers = { authorization: `Bearer ${TOKEN}` };
    for (const url of [await deadUrl(), server.url, 'http://host.invalid']) {
      const signal = clock.abortAt(soon().until);
      const error = await send({ method: 'GET', url, headers, signal }).catch((caught: unknown) => caught);
      expect(error).toBeInstanceOf(Error);
      expect(tellsSecrets(error)).toBe(false);
      expect(JSON.stringify(error instanceof Error ? [error, error.cause] : error)).not.toContain(TOKEN);
      expect(inspect(error, { depth: 8 })).not.toContain(TOKEN);
    }
  });
});
