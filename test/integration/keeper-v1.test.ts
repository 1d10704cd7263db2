import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DEMO_ACCOUNT } from '../../shared/config.ts';
import { keptSessionV1Schema } from '../../shared/protocol/kept.ts';
import { REAL_SERVER } from '../cheap-server.ts';
import {
  type Client,
  connect,
  eventually,
  processesOf,
  readBooks,
  startTestStack,
  type TestStack,
} from '../stack.ts';

/** The documented request sequence, through the compiled app on real parts. */

let test: TestStack;
let client: Client;

beforeAll(async () => {
  test = await startTestStack(REAL_SERVER);
  client = await connect(test.stack.keeperUrl);
});
afterAll(() => test.stop());

const GUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const VECTOR = /^[A-Za-z0-9+/]{22}\.0$/;

describe('the documented sequence', () => {
  it('goes from token to stop as the documentation shows it', async () => {
    const { accountId } = DEMO_ACCOUNT;
    const created = await client.send('POST', `${client.sessions}/create`, {
      headers: { 'content-type': 'application/json' },
      body: "{ 'maxLeaseTime': '4:0:0', 'models': [], 'size': 'standard' }",
    });
    expect(created.status).toBe(202);
    const { sessionId } = JSON.parse(created.text) as { sessionId: string };
    expect(sessionId).toMatch(GUID);
    expect(JSON.parse(created.text)).toEqual({ sessionId });
    expect(created.headers.get('location')).toBe(`accounts/${accountId}/sessions/${sessionId}`);
    expect(created.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(created.headers.get('ms-cv')).toMatch(VECTOR);
    expect(created.headers.get('x-content-type-options')).toBe('nosniff');

    const updated = await client.send('PATCH', `${client.sessions}/${sessionId}`, {
      body: "{ 'maxLeaseTime': '5:0:0' }",
    });
    expect(updated).toMatchObject({ status: 200, text: '' });
    expect(updated.headers.get('content-length')).toBe('0');
    expect(updated.headers.get('ms-cv')).toMatch(VECTOR);
    expect(updated.headers.get('ms-cv')).not.toBe(created.headers.get('ms-cv'));

    const listed = await client.send('GET', client.sessions);
    expect(listed.status).toBe(200);
    expect(listed.headers.get('cache-control')).toContain('no-store');
    const { sessions } = JSON.parse(listed.text) as { sessions: { sessionId: string }[] };
    expect(sessions.map((session) => session.sessionId)).toContain(sessionId);

    const ready = await client.untilStatus(sessionId, 'Ready');
    expect(ready).toMatchObject({
      message: null,
      sessionHostname: '127.0.0.1',
      sessionId,
      sessionMaxLeaseTime: '05:00:00',
      sessionSize: 'Standard',
    });
    expect(ready.keeper.ports.handshake).toBeGreaterThanOrEqual(49_152);

    const stopped = await client.send('DELETE', `${client.sessions}/${sessionId}`, {
      headers: { 'content-type': 'application/json' },
    });
    expect(stopped).toMatchObject({ status: 204, text: '' });
    const over = await client.untilStatus(sessionId, 'Stopped');
    expect(over.message).toBeNull();
    const again = await client.send('DELETE', `${client.sessions}/${sessionId}`);
    expect(again.status).toBe(204);
    expect(processesOf(test.dataFolder).filter((one) => one.sessionId === sessionId)).toEqual([]);
  });

  it('runs one real process that knows its session and its models', async () => {
    const models = ['https://example.org/container?sv=1', 'http://example.org/other'];
    const sessionId = await client.create(
      JSON.stringify({ maxLeaseTime: '01:00:00', models, size: 'PREMIUM' }),
    );
    const { sessionSize, keeper } = await client.untilStatus(sessionId, 'Ready');
    expect(sessionSize).toBe('Premium');
    // Ready is by the clock; a busy machine may take longer to start a process.
    const said = await eventually('an answer of the server', () =>
      fetch(`http://127.0.0.1:${keeper.ports.handshake}/`).catch(() => undefined),
    );
    expect(await said.json()).toMatchObject({ sessionId, models });
    expect(readBooks(test.dataFolder).find(({ id }) => id === sessionId)).toMatchObject({
      spawned: 1,
      models,
    });
    expect(processesOf(test.dataFolder).filter((one) => one.sessionId === sessionId)).toHaveLength(1);
    await client.send('DELETE', `${client.sessions}/${sessionId}`);
  });

  it.each([
    ['a trailing slash', (path: string) => `${path}/`],
    [
      'capitals',
      (path: string) => path.replace('/v1/accounts', '/V1/Accounts').replace('sessions', 'Sessions'),
    ],
    ['a query', (path: string) => `${path}?api-version=whatever`],
  ])('does not mind %s in the path', async (_, write) => {
    const created = await client.send('POST', write(`${client.sessions}/create`), {
      body: '{"maxLeaseTime":"0:10:0"}',
    });
    expect(created.status).toBe(202);
    const { sessionId } = JSON.parse(created.text) as { sessionId: string };
    expect((await client.send('GET', write(client.sessions))).status).toBe(200);
    const path = write(`${client.sessions}/${sessionId.toUpperCase()}/properties`);
    expect((await client.send('GET', path)).status).toBe(200);
    expect((await client.send('DELETE', write(`${client.sessions}/${sessionId}`))).status).toBe(204);
  });
});

describe('an update', () => {
  it('refuses what is not larger than the lease that the client has, and grants what is covered without a call', async () => {
    const sessionId = await client.create('{"maxLeaseTime":"0:5:0","keepAlive":true}');
    await eventually('the extension', async () =>
      (await client.show(sessionId)).sessionMaxLeaseTime > '01:00:00' ? true : undefined,
    );
    const patch = (lease: string) =>
      client.send('PATCH', `${client.sessions}/${sessionId}`, {
        body: JSON.stringify({ maxLeaseTime: lease }),
      });
    const calls = () =>
      test.lines.filter((line) => line.includes(sessionId) && line.includes('"action":"extend"')).length;
    const before = calls();
    const equal = await patch('0:5:0');
    expect(equal.status).toBe(400);
    expect(equal.text).toContain('00:05:00');
    expect(JSON.parse(equal.text)).toMatchObject({ error: { code: 'BadRequest', target: 'maxLeaseTime' } });
    expect((await patch('0:30:0')).status).toBe(200);
    expect((await patch('0:30:0')).status).toBe(400);
    expect(calls()).toBe(before);
    expect((await patch('2:0:0')).status).toBe(200);
    expect((await client.show(sessionId)).sessionMaxLeaseTime).toBe('02:00:00');
    expect((await patch('1.00:00:00')).status).toBe(400);
    expect((await patch('23:59:30')).status).toBe(400);
    expect((await patch('23:59:00')).status).toBe(200);
    const wishes = await client.send('PATCH', `${client.sessions}/${sessionId}`, {
      body: '{"keepAlive":false,"idleTimeoutMinutes":null,"maxLifetime":"8:0:0","tags":{"team":"red"}}',
    });
    expect(wishes.status).toBe(200);
    expect((await client.show(sessionId)).keeper).toMatchObject({
      keepAlive: false,
      idleTimeoutMinutes: null,
      maxLifetimeMinutes: 480,
      tags: { team: 'red' },
    });
    await client.send('DELETE', `${client.sessions}/${sessionId}`);
    const late = await client.send('PATCH', `${client.sessions}/${sessionId}`, {
      body: '{"keepAlive":true}',
    });
    expect(late.status).toBe(409);
  });
});

describe('a change', () => {
  it('is a sign of use, unless its client says that it is none', async () => {
    const sessionId = await client.create('{"maxLeaseTime":"0:20:0","idleTimeout":"0:10:0"}');
    const quietly = { 'x-keeper-activity': 'none' };
    const path = `${client.sessions}/${sessionId}`;
    const usedAt = async (): Promise<string> => {
      const { text } = await client.send('GET', `${path}/properties`, { headers: quietly });
      return keptSessionV1Schema.parse(JSON.parse(text)).keeper.lastActivityAt;
    };
    const made = await usedAt();
    await client.send('PATCH', path, { body: '{"tags":{"by":"monitor"}}', headers: quietly });
    expect(await usedAt()).toBe(made);
    await client.send('PATCH', path, { body: '{"tags":{"by":"user"}}' });
    expect(Date.parse(await usedAt())).toBeGreaterThan(Date.parse(made));
  });
});

describe('health', () => {
  it('tells what answers, without a token', async () => {
    const answer = await fetch(`${test.stack.keeperUrl}/health`);
    expect(answer.status).toBe(200);
    expect(await answer.json()).toEqual({
      status: 'ok',
      version: expect.any(String),
      table: 'up',
      upstream: 'up',
    });
  });
});
