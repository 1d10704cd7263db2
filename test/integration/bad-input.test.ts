import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DEMO_ACCOUNT } from '../../shared/config.ts';
import { accountsSetting, type Client, connect, startTestStack, type TestStack } from '../stack.ts';

/** What bad input gets: a clear 4xx that names the field, never a 5xx, never another account's row. */

const OTHER = {
  accountId: '22222222-2222-2222-2222-222222222222',
  key: 'b3RoZXItYWNjb3VudC1rZXktZm9yLXRlc3Rz',
};
const UNKNOWN = '00000000-0000-4000-8000-000000000000';

let test: TestStack;
let client: Client;
let other: Client;
let sessionId: string;

beforeAll(async () => {
  test = await startTestStack(({ sessionHost }) => ({
    KEEPER_ACCOUNTS: accountsSetting([DEMO_ACCOUNT, OTHER], sessionHost),
  }));
  client = await connect(test.stack.keeperUrl);
  other = await connect(test.stack.keeperUrl, OTHER);
  sessionId = await client.create('{"maxLeaseTime":"4:0:0"}');
});
afterAll(() => test.stop());

const errorOf = (text: string): { code: string; message: string; target?: string } =>
  (JSON.parse(text) as { error: { code: string; message: string; target?: string } }).error;

const lease = '"maxLeaseTime":"1:0:0"';
const createBodies: [name: string, body: string, status: number, named: string][] = [
  ['no JSON', '{ maxLeaseTime', 400, 'JSON'],
  ['an array', '[]', 400, 'object'],
  ['a number', '4', 400, 'object'],
  ['null', 'null', 400, 'object'],
  ['nothing', '', 400, 'maxLeaseTime'],
  ['an empty object', '{}', 400, 'maxLeaseTime'],
  ['more than 64 KiB', `{${lease},"pad":"${'x'.repeat(65_536)}"}`, 413, '65536'],
  ['too deep a nesting', `{${lease},"pad":${'['.repeat(40)}${']'.repeat(40)}}`, 400, 'nested'],
  ['very deep a nesting', `${'['.repeat(30_000)}`, 400, ''],
  ['a negative lease', '{"maxLeaseTime":"-1:0:0"}', 400, 'maxLeaseTime'],
  ['a lease of zero', '{"maxLeaseTime":"0:0:0"}', 400, 'maxLeaseTime'],
  ['a lease in words', '{"maxLeaseTime":"four hours"}', 400, 'maxLeaseTime'],
  ['a lease as a number', '{"maxLeaseTime":4}', 400, 'maxLeaseTime'],
  ['a lease of null', '{"maxLeaseTime":null}', 400, 'maxLeaseTime'],
  ['a lease over 24 h', '{"maxLeaseTime":"1.00:00:01"}', 400, 'maxLeaseTime'],
  ['an unknown size', `{${lease},"size":"huge"}`, 400, 'size'],
  ['a size that is a number', `{${lease},"size":1}`, 400, 'size'],
  ['models that are no array', `{${lease},"models":"https://a.example"}`, 400, 'models'],
  ['models that are no URLs', `{${lease},"models":["box.arrAsset"]}`, 400, 'models'],
  ['models of another protocol', `{${lease},"models":["file:///etc/passwd"]}`, 400, 'models'],
  ['keepAlive as a word', `{${lease},"keepAlive":"yes"}`, 400, 'keepAlive'],
  ['tags that are no object', `{${lease},"tags":["a"]}`, 400, 'tags'],
  ['tags that are no strings', `{${lease},"tags":{"a":1}}`, 400, 'tags'],
  [
    'seventeen tags',
    `{${lease},"tags":${JSON.stringify(Object.fromEntries(Array.from({ length: 17 }, (_, i) => [`t${i}`, ''])))}}`,
    400,
    'tags',
  ],
  ['an idle timeout of zero', `{${lease},"idleTimeout":"0:0:0"}`, 400, 'idleTimeout'],
  ['an idle timeout that is not a number', `{${lease},"idleTimeoutMinutes":NaN}`, 400, 'decimal'],
  ['a hexadecimal number', `{${lease},"idleTimeoutMinutes":0x10}`, 400, 'decimal'],
  [
    'an idle timeout given twice',
    `{${lease},"idleTimeout":"0:1:0","idleTimeoutMinutes":1}`,
    400,
    'idleTimeout',
  ],
  ['a lifetime below zero', `{${lease},"maxLifetimeMinutes":-1}`, 400, 'maxLifetimeMinutes'],
];

describe('a create with', () => {
  it.each(createBodies)('%s is refused and makes no session', async (_, body, status, named) => {
    const before = await client.send('GET', client.sessions);
    const refused = await client.send('POST', `${client.sessions}/create`, { body });
    expect(refused.status).toBe(status);
    const { message, target } = errorOf(refused.text);
    expect(`${target} ${message}`).toContain(named);
    expect(refused.headers.get('ms-cv')).not.toBeNull();
    const ids = (text: string) =>
      (JSON.parse(text) as { sessions: { sessionId: string }[] }).sessions.map((s) => s.sessionId);
    expect(ids((await client.send('GET', client.sessions)).text)).toEqual(ids(before.text));
  });

  it("fields that are not the client's to set changes nothing of them", async () => {
    const body = `{${lease},"accountId":"${OTHER.accountId}","partitionKey":"x","etag":"*","sessionId":"mine","dueAt":0}`;
    const id = await client.create(body);
    expect(id).not.toBe('mine');
    expect((await other.send('GET', `${other.sessions}/${id}/properties`)).status).toBe(404);
    expect((await client.send('DELETE', `${client.sessions}/${id}`)).status).toBe(204);
  });
});

describe('an update with', () => {
  it.each([
    ['no field at all', '{}', 'maxLeaseTime'],
    ['an unknown field only', '{"lease":"5:0:0"}', 'maxLeaseTime'],
    ['the same lease', '{"maxLeaseTime":"4:0:0"}', '04:00:00'],
    ['a smaller lease', '{"maxLeaseTime":"0:30:0"}', '04:00:00'],
    ['a day', '{"maxLeaseTime":"24:00:00"}', '04:00:00'],
    ['more than a day', '{"maxLeaseTime":"2.00:00:00"}', '04:00:00'],
    ['a lease in words', '{"maxLeaseTime":"long"}', 'maxLeaseTime'],
    ['a wrong keepAlive', '{"keepAlive":1}', 'keepAlive'],
  ])('%s is refused', async (_, body, named) => {
    const refused = await client.send('PATCH', `${client.sessions}/${sessionId}`, { body });
    expect(refused.status).toBe(400);
    expect(refused.text).toContain(named);
  });
});

describe('a path with', () => {
  const hostile = [
    '%2F',
    '%5C',
    '%23',
    '%3F',
    '%25',
    '%00',
    '%0a',
    '..%2f..',
    'x'.repeat(257),
    'a%20b',
    "a'b",
    '%ZZ',
    'ü',
    '*',
    'null',
  ];

  it.each(hostile)('the session id %j is a 4xx on every route', async (id) => {
    for (const [method, path] of [
      ['GET', `${client.sessions}/${id}/properties`],
      ['PATCH', `${client.sessions}/${id}`],
      ['DELETE', `${client.sessions}/${id}`],
      ['POST', `${client.sessions}/${id}/heartbeat`],
    ] as const) {
      const body = method === 'PATCH' ? { body: '{"keepAlive":true}' } : {};
      const { status } = await client.send(method, path, body);
      expect([400, 404]).toContain(status);
    }
  });

  it.each(['%2F', '%5C', 'x', '1'.repeat(300), '11111111-1111-1111-1111-11111111111g', '%27 or 1 eq 1'])(
    'the account %j is a 4xx',
    async (account) => {
      const listed = await client.send('GET', `/v1/accounts/${account}/sessions`);
      expect([400, 404]).toContain(listed.status);
      const token = await client.send('GET', `/accounts/${account}/token`);
      expect([400, 404]).toContain(token.status);
    },
  );

  it('an unknown session is 404 with an error body', async () => {
    for (const [method, path] of [
      ['GET', `${UNKNOWN}/properties`],
      ['PATCH', UNKNOWN],
      ['DELETE', UNKNOWN],
      ['POST', `${UNKNOWN}/heartbeat`],
    ] as const) {
      const body = method === 'PATCH' ? { body: '{"keepAlive":true}' } : {};
      const reply = await client.send(method, `${client.sessions}/${path}`, body);
      expect(reply.status).toBe(404);
      expect(errorOf(reply.text).code).toBe('SessionNotFound');
    }
  });

  it('an unknown route is 404 with an error body', async () => {
    const reply = await client.send('GET', '/v1/nowhere');
    expect(reply.status).toBe(404);
    expect(errorOf(reply.text).code).toBe('NotFound');
  });
});

describe('a caller', () => {
  const unsigned = (payload: object): string =>
    `${Buffer.from('{"alg":"none"}').toString('base64url')}.${Buffer.from(JSON.stringify(payload)).toString('base64url')}.`;

  it.each([
    ['without a token', ''],
    ['with a key in place of a token', `Bearer ${DEMO_ACCOUNT.accountId}:${DEMO_ACCOUNT.key}`],
    [
      'with alg none',
      `Bearer ${unsigned({ sub: DEMO_ACCOUNT.accountId, iss: 'lease-keeper', exp: 9_999_999_999 })}`,
    ],
    ['with nonsense', 'Bearer x.y.z'],
    ['with another scheme', 'Basic eDp5'],
  ])('%s gets 401 on every route', async (_, authorization) => {
    for (const [method, path] of [
      ['POST', '/create'],
      ['GET', ''],
      ['GET', `/${sessionId}/properties`],
      ['PATCH', `/${sessionId}`],
      ['DELETE', `/${sessionId}`],
      ['POST', `/${sessionId}/heartbeat`],
    ] as const) {
      const reply = await client.send(method, `${client.sessions}${path}`, { headers: { authorization } });
      expect(reply.status).toBe(401);
      expect(reply.headers.get('www-authenticate')).toMatch(/^Bearer/);
      expect(errorOf(reply.text).code).toBe('Unauthorized');
    }
  });

  it.each([
    ['a wrong key', `Bearer ${DEMO_ACCOUNT.accountId}:${'x'.repeat(52)}`],
    ["another account's key", `Bearer ${DEMO_ACCOUNT.accountId}:${OTHER.key}`],
    ['no header', ''],
  ])('with %s gets no token: 401 without a body', async (_, authorization) => {
    const reply = await client.send('GET', `/accounts/${DEMO_ACCOUNT.accountId}/token`, {
      headers: { authorization },
    });
    expect(reply).toMatchObject({ status: 401, text: '' });
  });

  it('with a token of another account gets 403, and learns nothing', async () => {
    const answers = await Promise.all(
      [sessionId, UNKNOWN].map((id) => other.send('GET', `${client.sessions}/${id}/properties`)),
    );
    expect(answers.map(({ status }) => status)).toEqual([403, 403]);
    expect(answers[0]?.text).toBe(answers[1]?.text);
    expect((await other.send('DELETE', `${client.sessions}/${sessionId}`)).status).toBe(403);
    expect((await other.send('GET', client.sessions)).status).toBe(403);
    expect((await client.show(sessionId)).sessionStatus).not.toBe('Stopping');
    expect((await other.send('GET', other.sessions)).text).toBe('{"sessions":[]}');
  });

  it('is not heard through headers that other servers obey', async () => {
    const headers = {
      'x-http-method-override': 'DELETE',
      'x-forwarded-host': 'evil.example',
      'x-original-url': '/health',
    };
    const reply = await client.send('GET', `${client.sessions}/${sessionId}/properties`, { headers });
    expect(reply.status).toBe(200);
    expect(['Starting', 'Ready']).toContain((await client.show(sessionId)).sessionStatus);
  });
});

it('never logged a key or a token', () => {
  const log = test.lines.join('\n');
  expect(log).not.toContain(DEMO_ACCOUNT.key);
  expect(log).not.toContain(OTHER.key);
  expect(log).not.toMatch(/eyJ[\w-]+\./);
});
