import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sessionV1Schema } from '../../shared/protocol/session-v1.ts';
import {
  ACCOUNT,
  cleanUpAfterEach,
  entryOf,
  type Host,
  KEY,
  newDataFolder,
  processesOf,
  readBooks,
  startHost,
  until,
  untilStatus,
} from './session-host-process.ts';

/** The first generation of the API, as the session host speaks it beside the second one. */

cleanUpAfterEach();

const STANDARD = { maxLeaseTimeMinutes: 4, size: 'Standard' };
const GUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

const untilShown = (host: Host, id: string, status: string) =>
  until(async () => {
    const { body } = await host.callV1('GET', `/${id}/properties`);
    return body.sessionStatus === status ? body : undefined;
  }, `session ${id} ${status}`);

const create = async (host: Host, body: unknown): Promise<string> => {
  const created = await host.callV1('POST', '/create', body);
  expect([created.status, created.body]).toEqual([202, { sessionId: expect.stringMatching(GUID) }]);
  return created.body.sessionId ?? '';
};

describe('a session of v1', () => {
  it('lives from its create to its stop, in both generations', async () => {
    const data = newDataFolder();
    const host = await startHost(data);
    const created = await host.send('POST', `/V1/Accounts/${ACCOUNT.toUpperCase()}/Sessions/Create/`, {
      headers: { Authorization: `Bearer ${await host.token()}` },
      body: "{ 'maxLeaseTime': '0:3:30', 'models': ['https://example.org/m'], 'size': 'premium', 'keepAlive': 1 }",
    });
    const id = created.body.sessionId ?? '';
    expect([created.status, created.body]).toEqual([202, { sessionId: expect.stringMatching(GUID) }]);
    expect(created.headers.get('Location')).toBe(`accounts/${ACCOUNT}/sessions/${id}`);
    expect(created.headers.get('Content-Type')).toBe('application/json; charset=utf-8');

    const ready = await untilShown(host, id, 'Ready');
    expect(sessionV1Schema.parse(ready)).toEqual({
      message: null,
      sessionElapsedTime: expect.stringMatching(/^00:00:\d\d$/),
      sessionHostname: '127.0.0.1',
      sessionId: id,
      sessionMaxLeaseTime: '00:04:00',
      sessionSize: 'Premium',
      sessionStatus: 'Ready',
    });
    expect(entryOf(data, id)).toMatchObject({ requestedLeaseMinutes: 4, models: ['https://example.org/m'] });

    const updated = await host.callV1('PATCH', `/${id.toUpperCase()}/`, { maxLeaseTime: '00:09:00.5' });
    expect([updated.status, updated.text, updated.headers.get('Content-Length')]).toEqual([200, '', '0']);
    expect(updated.headers.get('Content-Type')).toBeNull();
    expect((await host.call('GET', `/${id}`)).body).toMatchObject({
      status: 'Ready',
      maxLeaseTimeMinutes: 10,
    });
    expect((await host.call('PATCH', `/${id}`, { maxLeaseTimeMinutes: 60 })).status).toBe(200);
    const listed = await host.callV1('GET', '/');
    expect(listed.body.sessions).toEqual([
      { ...ready, sessionElapsedTime: expect.any(String), sessionMaxLeaseTime: '01:00:00' },
    ]);

    const stopped = await host.callV1('DELETE', `/${id}`);
    expect([stopped.status, stopped.text]).toEqual([204, '']);
    expect(await untilShown(host, id, 'Stopped')).toMatchObject({ sessionMaxLeaseTime: '01:00:00' });
    expect(processesOf(data, id)).toEqual([]);
    expect((await host.callV1('GET', '')).body).toEqual({ sessions: [] });
    expect((await host.call('GET', `/${id}`)).body.status).toBe('Stopped');

    expect((await host.callV1('DELETE', `/${id}`)).status).toBe(204);
    const late = await host.callV1('PATCH', `/${id}`, { maxLeaseTime: '2:0:0' });
    expect([late.status, late.body.error?.code]).toEqual([409, 'SessionOver']);
    const counted = await until(() => {
      const entry = entryOf(data, id);
      return entry.calls.update === 3 ? entry : undefined;
    }, 'the calls in the books');
    expect(counted).toMatchObject({ spawned: 1, calls: { create: 1, update: 3, stop: 2 } });
    expect(readBooks(data).calls).toMatchObject({ create: 1, list: 2 });
  });

  it('may be one of the other generation, whose ids have a letter case', async () => {
    const host = await startHost(newDataFolder());
    const lower = await create(host, { maxLeaseTime: '1:0:0' });
    const upper = 'ABCDEFAB-1111-1111-1111-111111111111';
    for (const id of [upper, 'Plain', 'create', lower.toUpperCase()]) {
      expect((await host.call('PUT', `/${id}`, STANDARD)).status).toBe(201);
    }
    const found = async (id: string) => {
      const { status, body } = await host.callV1('GET', `/${id}/properties`);
      return status === 200 ? body.sessionId : status;
    };
    const expected = {
      [upper]: upper,
      [upper.toLowerCase()]: 404,
      Plain: 'Plain',
      plain: 404,
      create: 'create',
      // Both exist: each is found by its very id.
      [lower.toUpperCase()]: lower.toUpperCase(),
      [lower]: lower,
    };
    for (const [id, answer] of Object.entries(expected)) expect([id, await found(id)]).toEqual([id, answer]);
    expect((await host.callV1('PATCH', '/create', { maxLeaseTime: '1:0:0' })).status).toBe(200);
    expect((await host.callV1('DELETE', '/create')).status).toBe(204);
    await untilStatus(host, 'create', 'Stopped');
  });

  it('is Stopping until its process is gone', async () => {
    const data = newDataFolder();
    const deaf =
      "process.on('SIGTERM', () => undefined); setInterval(() => undefined, 1000); console.log('up')";
    const host = await startHost(data, { SESSION_HOST_COMMAND: `node -e "${deaf}"` });
    const id = await create(host, { maxLeaseTime: '1:0:0' });
    await until(
      () => readFileSync(join(data, 'sessions', `${id}.log`), 'utf8').match(/up/)?.[0],
      'the session process',
    );
    await untilShown(host, id, 'Ready');
    await host.callV1('DELETE', `/${id}`);
    const [{ body: v1 }, { body: listed }, { body: v2021 }] = await Promise.all([
      host.callV1('GET', `/${id}/properties`),
      host.callV1('GET', ''),
      host.call('GET', `/${id}`),
    ]);
    expect([v1.sessionStatus, listed.sessions?.[0]?.sessionStatus]).toEqual(['Stopping', 'Stopping']);
    expect(v2021.status).toBe('Ready');
    await untilShown(host, id, 'Stopped');
  });

  it('tells in its message why it ended', async () => {
    const host = await startHost(newDataFolder(), { SESSION_HOST_STANDARD_PLACES: '0' });
    const id = await create(host, { maxLeaseTime: '1:0:0', size: null });
    expect(await untilShown(host, id, 'Error')).toMatchObject({
      message: expect.stringContaining('No server of size Standard is free'),
      sessionHostname: null,
    });
  });
});

describe('the wire of v1', () => {
  it('refuses what it does not understand, and says what that is', async () => {
    const data = newDataFolder();
    const host = await startHost(data, { SESSION_HOST_STARTUP: '00:01:00' });
    await host.call('PUT', '/x', STANDARD);
    const unknown = '11111111-2222-3333-4444-555555555555';
    const refusals: [string, string, unknown, number, string, string?][] = [
      ['POST', '/create', undefined, 400, 'BadRequest', 'maxLeaseTime'],
      ['POST', '/create', { maxLeaseTime: 60 }, 400, 'BadRequest', 'maxLeaseTime'],
      ['POST', '/create', { maxLeaseTime: '0:0:0' }, 400, 'BadRequest', 'maxLeaseTime'],
      ['POST', '/create', { maxLeaseTime: '24:00:01' }, 400, 'BadRequest', 'maxLeaseTime'],
      ['POST', '/create', { maxLeaseTime: '1:0:0', size: 'huge' }, 400, 'BadRequest', 'size'],
      ['POST', '/create', { maxLeaseTime: '1:0:0', models: ['m'] }, 400, 'BadRequest', 'models'],
      ['POST', '/create', [1], 400, 'BadRequest'],
      ['POST', '/create', 'x'.repeat(70_000), 413, 'PayloadTooLarge'],
      ['PATCH', '/x', {}, 400, 'BadRequest', 'maxLeaseTime'],
      ['PATCH', '/x', { maxLeaseTime: '0:4:0' }, 400, 'BadRequest', 'maxLeaseTime'],
      ['PATCH', '/x', { maxLeaseTime: '0:3:30' }, 400, 'BadRequest', 'maxLeaseTime'],
      ['PATCH', '/x', { maxLeaseTime: '23:59:00.1' }, 400, 'BadRequest', 'maxLeaseTime'],
      ['PATCH', '/x', { maxLeaseTime: '1.00:00:00' }, 400, 'BadRequest', 'maxLeaseTime'],
      ['PATCH', `/${unknown}`, { maxLeaseTime: '1:0:0' }, 404, 'SessionNotFound'],
      ['GET', `/${unknown}/properties`, undefined, 404, 'SessionNotFound'],
      ['DELETE', `/${unknown}`, undefined, 404, 'SessionNotFound'],
      ['GET', '/bad.id/properties', undefined, 404, 'SessionNotFound'],
      ['PATCH', '/bad.id', { maxLeaseTime: '1:0:0' }, 404, 'SessionNotFound'],
      ['DELETE', `/${'x'.repeat(257)}`, undefined, 404, 'SessionNotFound'],
      ['GET', '//properties', undefined, 404, 'SessionNotFound'],
      ['POST', '/x/heartbeat', undefined, 404, 'NotFound'],
      ['GET', '/x', undefined, 405, 'MethodNotAllowed'],
      ['PUT', '/x', STANDARD, 405, 'MethodNotAllowed'],
      ['POST', '', {}, 405, 'MethodNotAllowed'],
      ['DELETE', '/x/properties', undefined, 405, 'MethodNotAllowed'],
    ];
    for (const [method, path, body, status, code, target] of refusals) {
      const reply = await host.callV1(method, path, body);
      const label = `${method} ${path.slice(0, 20)} ${JSON.stringify(body)?.slice(0, 60)}`;
      const { error } = reply.body;
      expect([label, reply.status, error?.code, error?.target]).toEqual([label, status, code, target]);
    }
    const equal = await host.callV1('PATCH', '/x', { maxLeaseTime: '0:4:0' });
    expect(equal.body.error?.message).toContain('00:04:00');
    expect((await host.callV1('GET', '/x')).headers.get('Allow')).toBe('PATCH, DELETE');
    expect((await host.callV1('GET', '/create')).headers.get('Allow')).toBe('POST, PATCH, DELETE');
    expect(readBooks(data).sessions.map(({ id }) => id)).toEqual(['x']);
    expect((await host.callV1('PATCH', '/x', { maxLeaseTime: '23:58:01' })).status).toBe(200);
    expect((await host.callV1('GET', '/x/properties')).body).toMatchObject({
      sessionMaxLeaseTime: '23:59:00',
      sessionStatus: 'Starting',
    });
  });

  it('asks for a token of the account, and for patience', async () => {
    const data = newDataFolder();
    const host = await startHost(data, { SESSION_HOST_CALL_GAP: '00:01:00' });
    const path = `/v1/accounts/${ACCOUNT}/sessions`;
    const unauthorized = await host.send('GET', path, { headers: { Authorization: `Bearer ${KEY}` } });
    expect([unauthorized.status, unauthorized.headers.get('WWW-Authenticate')]).toEqual([401, 'Bearer']);
    const headers = { Authorization: `Bearer ${await host.token()}` };
    const forbidden = await host.send('GET', path.replaceAll('1', '2').replace('v2', 'v1'), { headers });
    expect([forbidden.status, forbidden.body.error?.code]).toEqual([403, 'Forbidden']);
    expect((await host.callV1('GET', '')).status).toBe(200);
    // The account has made a call; in which generation does not matter.
    for (const call of [host.callV1, host.call]) {
      const throttled = await call('GET', '');
      expect([throttled.status, throttled.body.error?.code]).toEqual([429, 'TooManyRequests']);
      expect(throttled.headers.get('Retry-After')).toMatch(/^[1-5]?\d$|^60$/);
    }
    const refused = await host.callV1('POST', '/create', { maxLeaseTime: '1:0:0' });
    expect(refused.status).toBe(429);
    await until(() => (readBooks(data).calls.throttled === 3 ? true : undefined), 'the throttled calls');
    expect(readBooks(data).sessions).toEqual([]);
  });
});
