import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { azuriteConnection } from '../../infra/local/stack.ts';
import { DEMO_ACCOUNT } from '../../shared/config.ts';
import { inParallel } from '../../shared/parallel.ts';
import { createStore } from '../../shared/store/store.ts';
import { openTable } from '../../shared/store/table.ts';
import { activity, requestedSession, stopped } from '../builders.ts';
import {
  accountsSetting,
  type Client,
  connect,
  eventually,
  startTestStack,
  type TestStack,
} from '../stack.ts';

/** Lists of hundreds of sessions, a page at a time, while others come and go. */

const OTHER = {
  accountId: '22222222-2222-2222-2222-222222222222',
  key: 'b3RoZXItYWNjb3VudC1rZXktZm9yLXRlc3Rz',
};
const MANY = 220;
const PAGE = 100;
const LISTINGS = 3;
/** Hundreds of processes are started and ended. */
const HOOK_MS = 240_000;
const TABLE = 'leasekeeper';
const VERSION = 'api-version=2021-01-01';

/** Characters of all kinds first, so that the orders of the table, of a language and of the clock are three. */
const newId = (index: number): string => `${'aZ-_0'.charAt(index % 5)}${randomUUID()}`;
const steady = Array.from({ length: MANY }, (_, index) => newId(index));

let test: TestStack;
let keeper: Client;
let upstream: Client;
let other: Client;

beforeAll(async () => {
  test = await startTestStack(({ sessionHost }) => ({
    KEEPER_ACCOUNTS: accountsSetting([DEMO_ACCOUNT, OTHER], sessionHost),
    KEEPER_READS_PER_SECOND: '100000',
    KEEPER_WRITES_PER_SECOND: '100000',
    // Nothing but the calls of this test changes anything.
    KEEPER_SWEEP_SCHEDULE: '0 0 0 1 1 *',
    SESSION_HOST_STANDARD_PLACES: '600',
    SESSION_HOST_STARTUP: '01:00:00',
  }));
  keeper = await connect(test.stack.keeperUrl);
  upstream = await connect(test.stack.upstreamUrl);
  other = await connect(test.stack.keeperUrl, OTHER);
  await Promise.all([
    inParallel(steady.slice(0, MANY / 2), create),
    inParallel(steady.slice(MANY / 2), create),
  ]);
  await insertFailed();
}, HOOK_MS);
afterAll(() => test?.stop(), HOOK_MS);

const pathOf = ({ accountId }: { accountId: string }, rest = ''): string =>
  `/accounts/${accountId}/sessions${rest}?${VERSION}`;

const create = async (id: string): Promise<void> => {
  const body = '{"maxLeaseTimeMinutes":60,"size":"Standard"}';
  const put = () => keeper.send('PUT', pathOf(DEMO_ACCOUNT, `/${id}`), { body });
  await eventually('a create', async () => {
    const { status, text } = await put();
    // On a busy machine the table may be slow to answer, and the same words are asked again, as any client does.
    if (status === 503) return undefined;
    if (status !== 201 && status !== 200) throw new Error(`create answered ${status}: ${text}`);
    return true;
  });
};

const stop = async (id: string): Promise<void> => {
  const { status, text } = await keeper.send('POST', pathOf(DEMO_ACCOUNT, `/${id}/:stop`));
  if (status !== 204) throw new Error(`stop answered ${status}: ${text}`);
};

/** More than a page of sessions that did not start, which no list shows, and behind them one that is starting. */
const insertFailed = async (): Promise<void> => {
  const table = openTable({ connectionString: azuriteConnection(test.settings.ports) }, TABLE);
  const store = createStore(table, randomUUID);
  const rows = Array.from({ length: PAGE + 1 }, (_, index) => `failed-${index}`);
  await inParallel([...rows, 'started'], async (sessionId) => {
    const desired = sessionId === 'started' ? ({ state: 'running' } as const) : stopped('launch');
    await store.insert(requestedSession({ accountId: OTHER.accountId, sessionId, desired }), activity(), []);
  });
};

const pageSchema = z.object({
  sessions: z.array(z.object({ id: z.string() })),
  '@nextLink': z.string().optional(),
});

const pageAt = async (client: Client, path: string): Promise<{ ids: string[]; next: URL | undefined }> => {
  const { status, text } = await client.send('GET', path);
  if (status !== 200) throw new Error(`${path} answered ${status}: ${text}`);
  const { sessions, '@nextLink': next } = pageSchema.parse(JSON.parse(text));
  // Relative ones are refused here.
  return { ids: sessions.map(({ id }) => id), next: next === undefined ? undefined : new URL(next) };
};

const pagesOf = async (
  client: Client,
  account: { accountId: string },
  origin: string,
  between: () => Promise<void> = async () => undefined,
): Promise<string[][]> => {
  const pages: string[][] = [];
  for (let path: string | undefined = pathOf(account); path !== undefined; ) {
    const { ids, next }: Awaited<ReturnType<typeof pageAt>> = await pageAt(client, path);
    pages.push(ids);
    if (next !== undefined) {
      expect(next.origin).toBe(origin);
      await between();
    }
    path = next === undefined ? undefined : next.pathname + next.search;
  }
  return pages;
};

/** The keeper looks at a session that is being stopped a second later, and whoever asks then makes it look. */
const STOPPED_MS = 1_100;

/** Creates sessions and stops them, and has the keeper see them stopped: they enter lists, and leave them. */
const createChurn = () => {
  const stopping: { id: string; since: number }[] = [];
  const churn = {
    gone: 0,
    async step(): Promise<void> {
      const id = newId(stopping.length);
      await create(id);
      await stop(id);
      stopping.push({ id, since: Date.now() });
      const [oldest] = stopping;
      if (oldest === undefined || Date.now() - oldest.since < STOPPED_MS) return;
      stopping.shift();
      const { text } = await keeper.send('GET', pathOf(DEMO_ACCOUNT, `/${oldest.id}`));
      if (text.includes('"status":"Stopped"')) churn.gone += 1;
    },
    async untilGone(count: number): Promise<void> {
      while (churn.gone < count) await churn.step();
    },
  };
  return churn;
};

const sides = {
  keeper: () => ({ client: keeper, origin: test.stack.keeperUrl }),
  'session host': () => ({ client: upstream, origin: test.stack.upstreamUrl }),
};

describe.each(['keeper', 'session host'] as const)('a list of the %s', (side) => {
  it('has every session exactly once, whatever comes and goes meanwhile', async () => {
    const { client, origin } = sides[side]();
    const churn = createChurn();
    const listing = async (): Promise<void> => {
      const pages = await pagesOf(client, DEMO_ACCOUNT, origin, churn.step);
      const ids = pages.flat();
      expect(Math.max(...pages.map((page) => page.length))).toBe(PAGE);
      expect(new Set(ids).size).toBe(ids.length);
      expect(steady.filter((id) => !ids.includes(id))).toEqual([]);
    };
    const listings = async (): Promise<void> => {
      for (let count = 0; count < LISTINGS; count += 1) await listing();
    };
    await Promise.all([listings(), churn.untilGone(LISTINGS)]);
  });

  it.each([
    ['with a changed letter in its signature', (good: string) => changed(good, good.length - 10)],
    ['with a changed letter in what it says', (good: string) => changed(good, good.indexOf('.') + 8)],
    ['without its last letter', (good: string) => good.slice(0, -1)],
    ['without its signature', (good: string) => good.slice(0, good.lastIndexOf('.') + 1)],
    ['that is empty', () => ''],
    ['that is nonsense', () => 'zzz'],
  ])('does not go on from a continuation %s', async (_, forge) => {
    const { client } = sides[side]();
    await expectRefused(client, forge(await continuationOf(client)));
  });

  it('does not go on from a continuation of another version, nor from a token', async () => {
    const { client, origin } = sides[side]();
    const good = await continuationOf(client);
    await expectRefused(client, good, 'api-version=2021-01-01-preview');
    const { accountId, key } = DEMO_ACCOUNT;
    const headers = { authorization: `Bearer ${accountId}:${key}` };
    const { text } = await client.send('GET', `/accounts/${accountId}/token`, { headers });
    await expectRefused(client, z.object({ AccessToken: z.string() }).parse(JSON.parse(text)).AccessToken);
    const again = await pageAt(client, `${pathOf(DEMO_ACCOUNT)}&continuation=${good}`);
    expect(again.next?.origin).toBe(origin);
  });
});

it('the list of generation 1 has all of them at once', async () => {
  const { text } = await keeper.send('GET', keeper.sessions);
  const { sessions } = z
    .object({ sessions: z.array(z.object({ sessionId: z.string() })) })
    .parse(JSON.parse(text));
  const ids = sessions.map(({ sessionId }) => sessionId);
  expect(new Set(ids).size).toBe(ids.length);
  expect(steady.filter((id) => !ids.includes(id))).toEqual([]);
});

it('a page may be empty, and still there is more', async () => {
  expect(await pagesOf(other, OTHER, test.stack.keeperUrl)).toEqual([[], ['started']]);
});

it("a continuation of another account's list is refused", async () => {
  await expectRefused(keeper, await continuationOf(other, OTHER));
});

const continuationOf = async (
  client: Client,
  account: { accountId: string } = DEMO_ACCOUNT,
): Promise<string> => {
  const { next } = await pageAt(client, pathOf(account));
  const continuation = next?.searchParams.get('continuation') ?? '';
  if (continuation === '') throw new Error('the list has one page only');
  return continuation;
};

const expectRefused = async (client: Client, continuation: string, version = VERSION): Promise<void> => {
  const query = `${version}&continuation=${continuation}`;
  const reply = await client.send('GET', `/accounts/${DEMO_ACCOUNT.accountId}/sessions?${query}`);
  expect(reply.status, continuation).toBe(400);
  expect(JSON.parse(reply.text)).toMatchObject({ error: { code: 'BadRequest', target: 'continuation' } });
};

const changed = (text: string, at: number): string =>
  `${text.slice(0, at)}${text[at] === 'x' ? 'y' : 'x'}${text.slice(at + 1)}`;
