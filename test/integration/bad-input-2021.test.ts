import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { DEMO_ACCOUNT } from '../../shared/config.ts';
import { inParallel } from '../../shared/parallel.ts';
import { HOSTILE_HEADERS } from '../hostile.ts';
import { type RawAnswer, type RawClient, rawClient } from '../raw-http.ts';
import {
  accountsSetting,
  type Client,
  connect,
  eventually,
  type Reply,
  startTestStack,
  type TestStack,
} from '../stack.ts';

/** What bad input gets on the routes of generation 2021-01-01, and on those of both where that is one question. */

const OTHER = {
  accountId: '22222222-2222-2222-2222-222222222222',
  key: 'b3RoZXItYWNjb3VudC1rZXktZm9yLXRlc3Rz',
};
/** One whose list has more than a page. */
const LARGE = {
  accountId: '33333333-3333-3333-3333-333333333333',
  key: 'bGFyZ2UtYWNjb3VudC1rZXktZm9yLXRlc3Rz',
};
const MORE_THAN_A_PAGE = 101;
const VERSION = '?api-version=2021-01-01';
const SUPPORTED = '2021-01-01-preview, 2021-01-01';
/** Where clients find this keeper: no header of theirs has a say in it. */
const PUBLIC_URL = 'https://keeper.example.com/arr';
const KNOWN = 'known-session';
const UNKNOWN = 'unknown-session';

let test: TestStack;
let raw: RawClient;
let client: Client;
let other: Client;
let large: Client;

beforeAll(async () => {
  test = await startTestStack(({ sessionHost }) => ({
    KEEPER_ACCOUNTS: accountsSetting([DEMO_ACCOUNT, OTHER, LARGE], sessionHost),
    SESSION_HOST_STANDARD_PLACES: '200',
    // Whatever runs is a server: these ones are cheap.
    KEEPER_PUBLIC_URL: `${PUBLIC_URL}/`,
  }));
  const { keeperUrl } = test.stack;
  raw = rawClient(Number(new URL(keeperUrl).port), 1);
  client = await connect(keeperUrl);
  other = await connect(keeperUrl, OTHER);
  large = await connect(keeperUrl, LARGE);
  const created = await put(KNOWN, `{${lease},${size},"tags":{"a":"b"}}`);
  expect(created.status).toBe(201);
  const ids = Array.from({ length: MORE_THAN_A_PAGE }, (_, index) => `large-${index}`);
  const statuses = await inParallel(ids, async (id) => {
    const path = `/accounts/${LARGE.accountId}/sessions/${id}${VERSION}`;
    // On a busy machine the table may be too late for one of so many; the same create is then asked for again.
    return eventually(`a create of ${id}`, async () => {
      const { status } = await large.send('PUT', path, { body: `{${lease},${size}}` });
      return status === 503 ? undefined : status;
    });
  });
  expect(statuses.filter((status) => status !== 201 && status !== 200)).toEqual([]);
  // What refused requests must not change is compared as it is: nothing else may change meanwhile.
  await client.untilStatus(KNOWN, 'Ready');
});
afterAll(async () => {
  raw.close();
  await test.stop();
});

const lease = '"maxLeaseTimeMinutes":240';
const size = '"size":"Standard"';
const sessions = `/accounts/${DEMO_ACCOUNT.accountId}/sessions`;
const put = (id: string, body: string): Promise<Reply> =>
  client.send('PUT', `${sessions}/${id}${VERSION}`, { body });
const patch = (id: string, body: string): Promise<Reply> =>
  client.send('PATCH', `${sessions}/${id}${VERSION}`, { body });
const get = (id: string): Promise<Reply> =>
  client.send('GET', `${sessions}/${id}${VERSION}`, { headers: { 'x-keeper-activity': 'none' } });

/** Every route of the generation, from behind `…/sessions`. */
const ROUTES: [method: string, path: string][] = [
  ['GET', ''],
  ['PUT', `/${KNOWN}`],
  ['GET', `/${KNOWN}`],
  ['PATCH', `/${KNOWN}`],
  ['POST', `/${KNOWN}/:stop`],
  ['POST', `/${KNOWN}/heartbeat`],
];

const errorSchema = z.strictObject({
  code: z.string(),
  message: z.string(),
  target: z.string().optional(),
  details: z.array(z.strictObject({ code: z.string(), message: z.string(), target: z.string() })).optional(),
});

/** The error of an answer, once it has been seen to be one with all its headers. */
const refusal = ({ status, headers, text }: Reply): z.output<typeof errorSchema> & { status: number } => {
  expect(headers.get('ms-cv')).toMatch(/^[A-Za-z0-9+/]{22}\.0$/);
  expect(headers.get('x-content-type-options')).toBe('nosniff');
  expect(headers.get('content-type')).toBe('application/json; charset=utf-8');
  expect(headers.get('api-supported-versions')).toBe(SUPPORTED);
  const { error } = z.strictObject({ error: errorSchema }).parse(JSON.parse(text));
  return { status, ...error };
};

const shown = async (): Promise<Record<string, unknown>> => {
  const { keeper, elapsedTimeMinutes, ...rest } = JSON.parse((await get(KNOWN)).text) as Record<
    string,
    object
  >;
  const { lastActivityAt, next, ...wishes } = keeper as Record<string, unknown>;
  return { ...rest, ...wishes };
};

/** What is wrong with a create and with an update alike. */
const badFields: [name: string, fields: string, status: number, named: string][] = [
  ['a lease above a day', '"maxLeaseTimeMinutes":1441', 400, 'maxLeaseTimeMinutes'],
  ['a lease beyond all numbers', '"maxLeaseTimeMinutes":1e999', 400, 'maxLeaseTimeMinutes'],
  ['a lease with a fraction', '"maxLeaseTimeMinutes":300.5', 400, 'maxLeaseTimeMinutes'],
  ['a lease as text', '"maxLeaseTimeMinutes":"300"', 400, 'maxLeaseTimeMinutes'],
  ['a lease as a time span', '"maxLeaseTimeMinutes":"5:0:0"', 400, 'maxLeaseTimeMinutes'],
  ['a lease of null', '"maxLeaseTimeMinutes":null', 400, 'maxLeaseTimeMinutes'],
  ['a lease of true', '"maxLeaseTimeMinutes":true', 400, 'maxLeaseTimeMinutes'],
  ['a lease in a list', '"maxLeaseTimeMinutes":[300]', 400, 'maxLeaseTimeMinutes'],
  ['a lease that is not a number', '"maxLeaseTimeMinutes":NaN', 400, 'decimal'],
  ['a hexadecimal lease', '"maxLeaseTimeMinutes":0x12c', 400, 'decimal'],
  ['more than 64 KiB', `"keepAlive":true,"pad":"${'x'.repeat(65_536)}"`, 413, '65536'],
  ['too deep a nesting', `"keepAlive":true,"pad":${'['.repeat(40)}${']'.repeat(40)}`, 400, 'nested'],
  ['keepAlive as a word', '"keepAlive":"yes"', 400, 'keepAlive'],
  ['tags that are no object', '"tags":["a"]', 400, 'tags'],
  ['tags that are no strings', '"tags":{"a":1}', 400, 'tags'],
  ['a tag without a name', '"tags":{"":"x"}', 400, 'tags'],
  ['a tag that is too long', `"tags":{"a":"${'x'.repeat(257)}"}`, 400, 'tags'],
  [
    'seventeen tags',
    `"tags":${JSON.stringify(Object.fromEntries(Array.from({ length: 17 }, (_, i) => [`t${i}`, ''])))}`,
    400,
    'tags',
  ],
  ['an idle timeout of zero', '"idleTimeoutMinutes":0', 400, 'idleTimeoutMinutes'],
  ['an idle timeout above a day', '"idleTimeout":"24:00:01"', 400, 'idleTimeout'],
  ['an idle timeout given twice', '"idleTimeout":"0:1:0","idleTimeoutMinutes":1', 400, 'idleTimeout'],
  ['a lifetime below zero', '"maxLifetimeMinutes":-1', 400, 'maxLifetimeMinutes'],
];

const badBodies: [name: string, body: string, named: string][] = [
  ['no JSON', '{ maxLeaseTimeMinutes', 'JSON'],
  ['half of it', `{${lease},"size"`, 'JSON'],
  ['an array', '[]', 'object'],
  ['a number', '4', 'object'],
  ['null', 'null', 'object'],
  ['very deep a nesting', '['.repeat(30_000), ''],
  ['a byte order mark and nothing', '\uFEFF', 'maxLeaseTimeMinutes'],
  ['nothing', '', 'maxLeaseTimeMinutes'],
  ['an empty object', '{}', 'maxLeaseTimeMinutes'],
  ['an unknown field only', '{"lease":300}', 'maxLeaseTimeMinutes'],
  ['the time span of the first generation only', '{"maxLeaseTime":"5:0:0"}', 'maxLeaseTimeMinutes'],
];

describe('a create with', () => {
  const refused = async (body: string, status: number, named: string): Promise<void> => {
    const { status: answered, message, target } = refusal(await put('refused', body));
    expect(answered).toBe(status);
    expect(`${target} ${message}`).toContain(named);
    expect((await get('refused')).status).toBe(404);
  };

  it.each(badFields)('%s is refused and makes no session', (_, fields, status, named) =>
    refused(`{${lease},${size},${fields}}`, status, named),
  );
  it.each(badBodies)('%s is refused and makes no session', (_, body, named) => refused(body, 400, named));
  it.each<[name: string, fields: string, named: string]>([
    ['no lease', size, 'maxLeaseTimeMinutes'],
    ['no size', lease, 'size'],
    ['a size of null', `${lease},"size":null`, 'size'],
    ['an unknown size', `${lease},"size":"huge"`, 'size'],
    ['a size that is a number', `${lease},"size":1`, 'size'],
    ['models that are no array', `${lease},${size},"models":"https://a.example"`, 'models'],
    ['models that are no URLs', `${lease},${size},"models":["box.arrAsset"]`, 'models'],
    ['models of another protocol', `${lease},${size},"models":["file:///etc/passwd"]`, 'models'],
  ])('%s is refused and makes no session', (_, fields, named) => refused(`{${fields}}`, 400, named));

  it('a negative lease is told so in the words of the service', async () => {
    const answer = refusal(await put('refused', `{"maxLeaseTimeMinutes":-1,${size}}`));
    expect(answer).toEqual({
      status: 400,
      code: 'BadRequest',
      message: 'The maxLeaseTimeMinutes value cannot be negative.',
      target: 'maxLeaseTimeMinutes',
    });
  });

  it('several faults is told all of them, one for each field', async () => {
    const body = '{"maxLeaseTimeMinutes":-1.5,"size":"huge","keepAlive":1,"tags":[],"models":["x"]}';
    const { status, target, message, details = [] } = refusal(await put('refused', body));
    expect(status).toBe(400);
    expect(details[0]).toEqual({ code: 'BadRequest', target, message });
    expect(details.map((detail) => detail.target).sort()).toEqual([
      'keepAlive',
      'maxLeaseTimeMinutes',
      'models',
      'size',
      'tags',
    ]);
  });

  it("fields that are not the client's to set changes nothing of them", async () => {
    const foreign = `"accountId":"${OTHER.accountId}","partitionKey":"x","etag":"*","id":"another","dueAt":0`;
    const created = await put('with-foreign-fields', `{${lease},${size},${foreign}}`);
    expect(created.status).toBe(201);
    expect(JSON.parse(created.text)).toMatchObject({ id: 'with-foreign-fields', status: 'Starting' });
    expect((await get('another')).status).toBe(404);
    const path = `/accounts/${OTHER.accountId}/sessions/with-foreign-fields${VERSION}`;
    expect((await other.send('GET', path)).status).toBe(404);
    // They are no part of its words: the same create without them is its repetition.
    expect((await put('with-foreign-fields', `{${lease},${size}}`)).status).toBe(200);
  });

  it.each([
    ['a line separator in a tag', '"tags":{"a":"\\u2028\\u2029"}'],
    ['a null character in a tag', '"tags":{"a":"\\u0000"}'],
    ['half a character in a tag', '"tags":{"a":"\\ud800"}'],
    ['tags named as the parts of an object', '"tags":{"constructor":"x","toString":"y"}'],
    ['a line separator in a model', '"models":["https://a.example/\\u2028"]'],
  ])('%s is good, and so is its repetition', async (name, fields) => {
    const id = name.replaceAll(' ', '-');
    const body = `{${lease},${size},${fields}}`;
    const answers = [await put(id, body), await put(id, body)];
    expect(answers.map(({ status }) => status)).toEqual([201, 200]);
    const { tags } = JSON.parse(`{${fields}}`) as { tags?: object };
    expect(JSON.parse(answers[1]?.text ?? '')).toMatchObject({ id, keeper: { tags: tags ?? {} } });
  });

  it('a lease of minus zero is one of zero, and so is its repetition', async () => {
    const body = `{"maxLeaseTimeMinutes":-0,${size}}`;
    const answers = [await put('minus-zero', body), await put('minus-zero', body)];
    expect(answers.map(({ status }) => status)).toEqual([201, 200]);
  });
});

describe('an update with', () => {
  const refused = async (body: string, status: number, named: string): Promise<void> => {
    const before = await shown();
    const { status: answered, message, target } = refusal(await patch(KNOWN, body));
    expect(answered).toBe(status);
    expect(`${target} ${message}`).toContain(named);
    expect(await shown()).toEqual(before);
  };

  it.each(badFields)('%s is refused and changes nothing', (_, fields, status, named) =>
    refused(`{"keepAlive":true,${fields}}`, status, named),
  );
  it.each(badBodies)('%s is refused and changes nothing', (_, body, named) => refused(body, 400, named));
  it.each([
    ['the same lease', 240, '240'],
    ['a smaller lease', 30, '240'],
    ['a lease of zero', 0, '240'],
    ['a whole day', 1440, '1440'],
  ])('%s is refused with 422 and changes nothing', (_, minutes, named) =>
    refused(`{"maxLeaseTimeMinutes":${minutes}}`, 422, named),
  );

  it('a negative lease is told so in the words of the service', async () => {
    const { status, message } = refusal(await patch(KNOWN, '{"maxLeaseTimeMinutes":-1}'));
    expect({ status, message }).toEqual({
      status: 400,
      message: 'The maxLeaseTimeMinutes value cannot be negative.',
    });
  });

  it('several faults is told all of them, one for each field', async () => {
    const body = '{"maxLeaseTimeMinutes":1440.5,"keepAlive":1,"tags":{"a":1,"b":2}}';
    const { status, details = [] } = refusal(await patch(KNOWN, body));
    expect(status).toBe(400);
    const targets = details.map(({ target }) => target);
    expect(targets).toEqual([...new Set(targets)]);
    expect(targets.sort()).toEqual(['keepAlive', 'maxLeaseTimeMinutes', 'tags.a', 'tags.b']);
  });

  it("fields that are not the client's to set changes nothing of them", async () => {
    const before = await shown();
    const foreign = `"accountId":"${OTHER.accountId}","partitionKey":"x","etag":"*","id":"another","dueAt":0,"size":"Premium"`;
    const changed = await patch(KNOWN, `{"idleTimeoutMinutes":45,${foreign}}`);
    expect(changed.status).toBe(200);
    expect(await shown()).toEqual({ ...before, idleTimeoutMinutes: 45 });
  });
});

describe('a path with', () => {
  it.each([
    '%2F',
    '%5C',
    '%23',
    '%3F',
    '%25',
    '%00',
    '%0a',
    '..%2f..',
    '%2e%2e%2fhealth',
    'x'.repeat(257),
    'a%20b',
    "a'b",
    'a.b',
    'a:b',
    '%ZZ',
    'ü',
    '%F0%9F%98%80',
    '*',
    ':stop',
  ])('the session id %j is a 4xx on every route', async (id) => {
    for (const [method, path] of ROUTES.slice(1)) {
      const body = method === 'PUT' || method === 'PATCH' ? { body: `{${lease},${size}}` } : {};
      const { status } = await client.send(method, `${sessions}${path.replace(KNOWN, id)}${VERSION}`, body);
      expect([method, [400, 404].includes(status)]).toEqual([method, true]);
    }
  });

  it.each(['%2F', '%5C', 'x', '1'.repeat(300), '11111111-1111-1111-1111-11111111111g', '%27 or 1 eq 1'])(
    'the account %j is a 4xx on every route',
    async (account) => {
      for (const [method, path] of ROUTES) {
        const body = method === 'PUT' || method === 'PATCH' ? { body: `{${lease},${size}}` } : {};
        const reply = await client.send(method, `/accounts/${account}/sessions${path}${VERSION}`, body);
        expect([400, 404]).toContain(reply.status);
      }
    },
  );

  it('an unknown session is 404 with an error body, as is a known one in other letters', async () => {
    for (const id of [UNKNOWN, KNOWN.toUpperCase()]) {
      for (const [method, path] of ROUTES.slice(2)) {
        const body = method === 'PATCH' ? { body: '{"keepAlive":true}' } : {};
        const reply = await client.send(method, `${sessions}${path.replace(KNOWN, id)}${VERSION}`, body);
        expect(refusal(reply)).toMatchObject({ status: 404, code: 'SessionNotFound' });
      }
    }
  });
});

describe('an api-version that is', () => {
  it.each([
    ['missing', ''],
    ['empty', '?api-version='],
    ['without a value', '?api-version'],
    ['unknown', '?api-version=2022-01-01'],
    ['that of the token service', '?api-version=2019-02-28-preview'],
    ['supported, with a null character', '?api-version=2021-01-01%00'],
    ['supported, with a blank', '?api-version=2021-01-01%20'],
    ['two different ones', '?api-version=2021-01-01&api-version=2021-01-01-preview'],
    ['a supported and an unknown one', '?api-version=2021-01-01&api-version=1'],
    ['in a list', '?api-version[]=2021-01-01'],
  ])('%s is refused on every route, with those that are supported', async (_, query) => {
    for (const [method, path] of ROUTES) {
      const body = method === 'PUT' || method === 'PATCH' ? { body: `{${lease},${size}}` } : {};
      const reply = await client.send(method, `${sessions}${path}${query}`, body);
      const { status, code, message, target } = refusal(reply);
      expect({ status, code, target }).toEqual({
        status: 400,
        code: 'UnsupportedApiVersion',
        target: 'api-version',
      });
      expect(message).toContain(SUPPORTED);
    }
  });

  it.each([
    ['supported', '?api-version=2021-01-01-preview'],
    ['supported, and said twice', '?api-version=2021-01-01&api-version=2021-01-01'],
    ['named in other letters', '?API-Version=2021-01-01'],
    ['among others', '?a=b&api-version=2021-01-01&%&__proto__=x'],
  ])('%s is good', async (_, query) => {
    expect((await client.send('GET', `${sessions}/${KNOWN}${query}`)).status).toBe(200);
  });
});

describe('a caller', () => {
  const segment = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const claims = { sub: DEMO_ACCOUNT.accountId, iss: 'lease-keeper', exp: 9_999_999_999 };

  it.each([
    ['without a token', ''],
    ['with a key in place of a token', `Bearer ${DEMO_ACCOUNT.accountId}:${DEMO_ACCOUNT.key}`],
    ['with alg none', `Bearer ${segment({ alg: 'none' })}.${segment(claims)}.`],
    ['with a signature of its own', `Bearer ${segment({ alg: 'HS256' })}.${segment(claims)}.AAAA`],
    ['with nonsense', 'Bearer x.y.z'],
    ['with another scheme', 'Basic eDp5'],
  ])('%s gets 401 on every route', async (_, authorization) => {
    for (const [method, path] of ROUTES) {
      const reply = await client.send(method, `${sessions}${path}${VERSION}`, { headers: { authorization } });
      expect(refusal(reply)).toMatchObject({ status: 401, code: 'Unauthorized' });
      expect(reply.headers.get('www-authenticate')).toMatch(/^Bearer/);
    }
  });

  it.each([
    ...ROUTES.map(([method, path]) => [method, `${sessions}${path}${VERSION}`] as const),
    ['POST', `/v1${sessions}/create`] as const,
    ['GET', `/v1${sessions}`] as const,
    ['GET', `/v1${sessions}/${KNOWN}/properties`] as const,
    ['PATCH', `/v1${sessions}/${KNOWN}`] as const,
    ['DELETE', `/v1${sessions}/${KNOWN}`] as const,
    ['POST', `/v1${sessions}/${KNOWN}/heartbeat`] as const,
  ])('with a token of another account gets 403 from %s %s, and learns nothing', async (method, path) => {
    const before = await shown();
    const paths = [path, path.replace(KNOWN, UNKNOWN), path.replace(KNOWN, 'no%20id')];
    const bodies = method === 'GET' ? [undefined] : [`{${lease},${size}}`, '{"keepAlive":true}', '{'];
    const answers = await Promise.all(
      paths.flatMap((one) =>
        bodies.map((body) => other.send(method, one, body === undefined ? {} : { body })),
      ),
    );
    expect(new Set(answers.map(({ status, text }) => `${status} ${text}`))).toEqual(
      new Set(['403 {"error":{"code":"Forbidden","message":"The token is for another account."}}']),
    );
    expect(await shown()).toEqual(before);
    const own = await other.send('GET', `/accounts/${OTHER.accountId}/sessions${VERSION}`);
    expect(own.text).toBe('{"sessions":[]}');
  });
});

describe('a header', () => {
  const token = async (): Promise<string> => {
    const authorization = `Bearer ${DEMO_ACCOUNT.accountId}:${DEMO_ACCOUNT.key}`;
    const path = `/accounts/${DEMO_ACCOUNT.accountId}/token`;
    const { text } = await client.send('GET', path, { headers: { authorization } });
    return `Bearer ${(JSON.parse(text) as { AccessToken: string }).AccessToken}`;
  };
  const sendRaw = async (
    method: string,
    target: string,
    headers: readonly (readonly [name: string, value: string])[],
  ): Promise<RawAnswer> => {
    const always = [
      ['Host', new URL(test.stack.keeperUrl).host],
      ['Content-Length', '0'],
    ] as const;
    return raw.send({ method, target, headers: [...always, ...headers], body: undefined });
  };
  // Node's server answers an expectation that it does not know with 417 by itself.
  const headers = HOSTILE_HEADERS.filter(([, value]) => value !== '200-ok');

  it('that other servers obey, or stumble over, changes nothing, once or twice', async () => {
    const authorization = await token();
    const before = await shown();
    for (const [name, value] of headers) {
      for (const times of [1, 2]) {
        const given = Array.from({ length: times }, () => [name, value] as const);
        const all = [['Authorization', authorization] as const, ...given];
        const answer = await sendRaw('GET', `${sessions}/${KNOWN}${VERSION}`, all);
        expect([name, answer.status]).toEqual([name, 200]);
        expect(JSON.parse(answer.text)).toMatchObject({ id: KNOWN, status: before.status });
        expect(answer.headers['content-type']).toBe('application/json; charset=utf-8');
      }
    }
    expect(await shown()).toEqual(before);
  });

  it.each(['X-HTTP-Method-Override', 'X-HTTP-Method', 'X-Method-Override'])(
    '%s makes no other call of one',
    async (name) => {
      const authorization = await token();
      for (const method of ['DELETE', 'PATCH', 'PUT', 'POST']) {
        const all = [['Authorization', authorization] as const, [name, method] as const];
        const stop = await sendRaw('GET', `${sessions}/${KNOWN}/:stop${VERSION}`, all);
        expect(stop.status).toBe(404);
        const stopV1 = await sendRaw('GET', `/v1${sessions}/${KNOWN}`, all);
        expect(stopV1.status).toBe(404);
        const beat = await sendRaw('POST', `${sessions}/${KNOWN}/heartbeat${VERSION}`, all);
        expect(beat.status).toBe(200);
      }
      expect(await shown()).toMatchObject({ id: KNOWN, status: expect.stringMatching(/Starting|Ready/) });
    },
  );

  it('Authorization that comes twice is no token, be they good', async () => {
    const authorization = await token();
    const twice = [
      ['Authorization', authorization],
      ['Authorization', authorization],
    ] as const;
    expect((await sendRaw('GET', `${sessions}/${KNOWN}${VERSION}`, twice)).status).toBe(401);
  });
});

describe('the list of a large account', () => {
  const path = `/accounts/${LARGE.accountId}/sessions`;
  const listSchema = z.object({
    sessions: z.array(z.object({ id: z.string() })),
    '@nextLink': z.string().optional(),
  });
  const list = async (
    target: string,
    headers: Record<string, string> = {},
  ): Promise<z.output<typeof listSchema>> => {
    const reply = await large.send('GET', target, { headers });
    expect(reply.status).toBe(200);
    return listSchema.parse(JSON.parse(reply.text));
  };
  const continuation = async (version = '2021-01-01'): Promise<string> => {
    const { '@nextLink': next = '' } = await list(`${path}?api-version=${version}`);
    return new URL(next).searchParams.get('continuation') ?? '';
  };

  it('goes on at the address that the keeper is known by, whatever a header says of others', async () => {
    const first = await list(`${path}${VERSION}`, {
      'x-forwarded-host': 'evil.example',
      'x-forwarded-proto': 'https',
      'x-forwarded-port': '444',
      'x-forwarded-prefix': '/evil',
      'x-original-host': 'evil.example',
      'x-original-url': '/evil',
      forwarded: 'host=evil.example;proto=https',
    });
    const next = first['@nextLink'] ?? '';
    expect(next.startsWith(`${PUBLIC_URL}${path}?`)).toBe(true);
    const second = await list(next.slice(PUBLIC_URL.length));
    const ids = [...first.sessions, ...second.sessions].map(({ id }) => id);
    expect(new Set(ids).size).toBe(MORE_THAN_A_PAGE);
    expect(ids).toHaveLength(MORE_THAN_A_PAGE);
    expect(second['@nextLink']).toBeUndefined();
  });

  it('takes no continuation but its own', async () => {
    const good = await continuation();
    const ofAnotherVersion = await continuation('2021-01-01-preview');
    const [header = '', payload = '', signature = ''] = good.split('.');
    const forged = Buffer.from(JSON.stringify({ after: 'a', aud: `${LARGE.accountId} 2021-01-01` }));
    const bad = [
      '',
      'x',
      'x.y.z',
      ofAnotherVersion,
      `${header}.${payload}.`,
      `${header}.${payload}.${signature}x`,
      `${header}.${forged.toString('base64url')}.${signature}`,
      `${good}&continuation=${good}`,
      'a'.repeat(6000),
    ];
    for (const one of bad) {
      const reply = await large.send('GET', `${path}${VERSION}&continuation=${one}`);
      expect(refusal(reply)).toMatchObject({ status: 400, code: 'BadRequest', target: 'continuation' });
    }
    // Another account gets nowhere with it either.
    const reply = await client.send('GET', `${sessions}${VERSION}&continuation=${good}`);
    expect(refusal(reply)).toMatchObject({ status: 400, target: 'continuation' });
  });

  it('takes no token for a continuation, and no continuation for a token', async () => {
    const authorization = `Bearer ${LARGE.accountId}:${LARGE.key}`;
    const issued = await large.send('GET', `/accounts/${LARGE.accountId}/token`, {
      headers: { authorization },
    });
    const { AccessToken } = JSON.parse(issued.text) as { AccessToken: string };
    const listed = await large.send('GET', `${path}${VERSION}&continuation=${AccessToken}`);
    expect(refusal(listed)).toMatchObject({ status: 400, target: 'continuation' });
    const headers = { authorization: `Bearer ${await continuation()}` };
    expect(refusal(await large.send('GET', `${path}${VERSION}`, { headers }))).toMatchObject({ status: 401 });
  });
});

it('never logged a key or a token', () => {
  const log = test.lines.join('\n');
  for (const { key } of [DEMO_ACCOUNT, OTHER, LARGE]) expect(log).not.toContain(key);
  expect(log).not.toMatch(/eyJ[\w-]+\./);
});
