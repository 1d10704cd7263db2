import { describe, expect, it } from 'vitest';
import {
  ACCOUNT,
  cleanUpAfterEach,
  KEY,
  newDataFolder,
  readBooks,
  sessionsPath,
  startHost,
  until,
} from './session-host-process.ts';

cleanUpAfterEach();

const STANDARD = { maxLeaseTimeMinutes: 4, size: 'standard' };

describe('the wire', () => {
  it('carries the documented headers', async () => {
    const host = await startHost(newDataFolder());
    const created = await host.call('PUT', '/x', STANDARD);
    const found = await host.call('GET', '/x');
    const stopped = await host.call('POST', '/x/:stop');
    const missing = await host.call('GET', '/y');
    const ofNoVersion = [
      await host.callV1('GET', ''),
      await host.callV1('PATCH', '/y', { maxLeaseTime: '1:0:0' }),
      await host.send('GET', `/accounts/${ACCOUNT}/token`),
      await host.send('GET', '/health'),
      await host.send('GET', '/nothing'),
      await host.trouble(),
    ];
    expect(ofNoVersion.map(({ status }) => status)).toEqual([200, 404, 401, 200, 404, 200]);
    for (const { headers } of ofNoVersion) expect(headers.get('api-supported-versions')).toBeNull();
    const ofVersion = [
      created,
      found,
      stopped,
      missing,
      await host.send('GET', `/accounts/${ACCOUNT}/sessions`),
      await host.send('GET', sessionsPath('')),
      await host.send('PUT', sessionsPath('')),
    ];
    expect(ofVersion.map(({ status }) => status)).toEqual([201, 200, 204, 404, 400, 401, 405]);
    for (const { headers } of ofVersion) {
      expect(headers.get('api-supported-versions')).toBe('2021-01-01-preview, 2021-01-01');
    }
    for (const { headers } of [...ofVersion, ...ofNoVersion]) {
      expect(headers.get('MS-CV')).toMatch(/^[A-Za-z0-9+/]{22}\.0$/);
      expect(headers.get('X-Content-Type-Options')).toBe('nosniff');
    }
    for (const { headers } of [created, found, missing]) {
      expect(headers.get('Content-Type')).toBe('application/json; charset=utf-8');
    }
    expect(stopped.headers.get('Content-Type')).toBeNull();
    expect(stopped.headers.get('Content-Length')).toBeNull();
    expect(found.headers.get('Cache-Control')).toBe('no-store, no-cache');
    expect(found.headers.get('Pragma')).toBe('no-cache');
    expect(created.headers.get('Cache-Control')).toBeNull();
    expect(new Set([created, found, missing].map(({ headers }) => headers.get('MS-CV'))).size).toBe(3);
    expect(missing.body).toEqual({
      error: { code: 'SessionNotFound', message: 'There is no session of this id.' },
    });
  });

  it('gives tokens for the right key alone, and takes them for their account alone', async () => {
    const host = await startHost(newDataFolder());
    expect((await host.send('GET', '/health')).body).toEqual({ status: 'ok' });
    const good = await host.send('GET', `/Accounts/${ACCOUNT}/token/?api-version=2019-02-28-preview`, {
      headers: { Authorization: `Bearer ${ACCOUNT}:${KEY}`, 'X-MRC-CV': 'x.0' },
    });
    expect([good.status, good.body]).toEqual([
      200,
      { AccessToken: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/) },
    ]);
    const token = good.body.AccessToken ?? '';
    for (const authorization of [`Bearer ${ACCOUNT}:wrong`, `Bearer ${KEY}`, '']) {
      const bad = await host.send('GET', `/accounts/${ACCOUNT}/token`, {
        headers: { Authorization: authorization },
      });
      expect([bad.status, bad.text, bad.headers.get('Content-Length')]).toEqual([401, '', '0']);
    }
    const list = (account: string, bearer: string, version = 'api-version=2021-01-01-preview') =>
      host.send('GET', `/Accounts/${account}/Sessions/?${version}`, {
        headers: { Authorization: `Bearer ${bearer}` },
      });
    expect((await list(ACCOUNT.toUpperCase(), token)).status).toBe(200);
    const unauthorized = await list(ACCOUNT, 'x');
    expect([unauthorized.status, unauthorized.headers.get('WWW-Authenticate')]).toEqual([401, 'Bearer']);
    const other = '22222222-2222-2222-2222-222222222222';
    expect((await list(other, token)).body.error?.code).toBe('Forbidden');
    for (const version of [
      '',
      'api-version=2020-01-01',
      'api-version=2021-01-01&api-version=2021-01-01-preview',
    ]) {
      const reply = await list(ACCOUNT, token, version);
      expect([reply.status, reply.body.error?.code]).toEqual([400, 'UnsupportedApiVersion']);
      expect(reply.body.error?.message).toContain('2021-01-01-preview, 2021-01-01');
    }
  });

  it('refuses what it does not understand, and says what that is', async () => {
    const data = newDataFolder();
    const host = await startHost(data, { SESSION_HOST_STARTUP: '00:01:00' });
    await host.call('PUT', '/x', STANDARD);
    const refusals: [string, string, unknown, number, string, string?][] = [
      ['PUT', '/bad.id', STANDARD, 400, 'BadRequest', 'sessionId'],
      ['GET', `/${'x'.repeat(257)}`, undefined, 400, 'BadRequest', 'sessionId'],
      ['PUT', '/y', undefined, 400, 'BadRequest', 'maxLeaseTimeMinutes'],
      ['PUT', '/y', { size: 'Standard' }, 400, 'BadRequest', 'maxLeaseTimeMinutes'],
      [
        'PUT',
        '/y',
        { maxLeaseTimeMinutes: 1441, size: 'Standard' },
        400,
        'BadRequest',
        'maxLeaseTimeMinutes',
      ],
      ['PUT', '/y', { maxLeaseTimeMinutes: -1, size: 'Standard' }, 400, 'BadRequest', 'maxLeaseTimeMinutes'],
      ['PUT', '/y', { maxLeaseTimeMinutes: '4', size: 'Standard' }, 400, 'BadRequest', 'maxLeaseTimeMinutes'],
      ['PUT', '/y', { maxLeaseTimeMinutes: 4 }, 400, 'BadRequest', 'size'],
      ['PUT', '/y', { maxLeaseTimeMinutes: 4, size: 'Huge' }, 400, 'BadRequest', 'size'],
      ['PUT', '/y', { ...STANDARD, models: ['relative'] }, 400, 'BadRequest', 'models'],
      ['PUT', '/y', [1], 400, 'BadRequest'],
      ['PUT', '/y', 'x'.repeat(70_000), 413, 'PayloadTooLarge'],
      ['PATCH', '/x', {}, 400, 'BadRequest', 'maxLeaseTimeMinutes'],
      ['PATCH', '/x', { maxLeaseTimeMinutes: 4.5 }, 400, 'BadRequest', 'maxLeaseTimeMinutes'],
      ['PATCH', '/x', { maxLeaseTimeMinutes: 4 }, 422, 'InvalidLease', 'maxLeaseTimeMinutes'],
      ['PATCH', '/x', { maxLeaseTimeMinutes: 1440 }, 422, 'InvalidLease', 'maxLeaseTimeMinutes'],
      ['PATCH', '/x', { maxLeaseTimeMinutes: 1441 }, 400, 'BadRequest', 'maxLeaseTimeMinutes'],
      ['PATCH', '/y', { maxLeaseTimeMinutes: 5 }, 404, 'SessionNotFound'],
      ['POST', '/y/:stop', undefined, 404, 'SessionNotFound'],
      ['POST', '/x/:start', undefined, 404, 'NotFound'],
      ['GET', '?continuation=zzz', undefined, 400, 'BadRequest', 'continuation'],
      ['DELETE', '/x', undefined, 405, 'MethodNotAllowed'],
      ['POST', '', {}, 405, 'MethodNotAllowed'],
    ];
    for (const [method, path, body, status, code, target] of refusals) {
      const reply = await host.call(method, path, body);
      const label = `${method} ${path.slice(0, 20)} ${JSON.stringify(body)?.slice(0, 60)}`;
      expect([label, reply.status, reply.body.error?.code, reply.body.error?.target]).toEqual([
        label,
        status,
        code,
        target,
      ]);
    }
    const allowed = await host.call('DELETE', '/x');
    expect(allowed.headers.get('Allow')).toBe('PUT, GET, PATCH');
    const broken = await host.send('PATCH', `/accounts/${ACCOUNT}/sessions/x?api-version=2021-01-01`, {
      headers: { Authorization: `Bearer ${await host.token()}` },
      body: '{"maxLease',
    });
    expect([broken.status, broken.body.error?.code]).toEqual([400, 'BadRequest']);
    expect(readBooks(data).sessions.map(({ id }) => id)).toEqual(['x']);
    const extended = await host.call('PATCH', '/x', { maxLeaseTimeMinutes: 1439 });
    expect([extended.status, extended.body.status, extended.body.maxLeaseTimeMinutes]).toEqual([
      200,
      'Starting',
      1439,
    ]);
  });

  it('throttles calls that come too close together, tokens excepted', async () => {
    const data = newDataFolder();
    const host = await startHost(data, { SESSION_HOST_CALL_GAP: '00:01:00' });
    expect((await host.call('GET', '')).status).toBe(200);
    const throttled = await host.call('PUT', '/x', STANDARD);
    expect([throttled.status, throttled.body.error?.code]).toEqual([429, 'TooManyRequests']);
    expect(throttled.headers.get('Retry-After')).toMatch(/^[1-5]?\d$|^60$/);
    const headers = { Authorization: `Bearer ${ACCOUNT}:${KEY}` };
    expect((await host.send('GET', `/accounts/${ACCOUNT}/token`, { headers })).status).toBe(200);
    const books = await until(() => {
      const content = readBooks(data);
      return content.calls.throttled === 1 ? content : undefined;
    }, 'the throttled call in the books');
    expect(books.sessions).toEqual([]);
  });

  it('lists a hundred sessions a page, of the longest names too, over a restart; in v1 all at once', async () => {
    const data = newDataFolder();
    const settings = { SESSION_HOST_STANDARD_PLACES: '101' };
    const host = await startHost(data, settings);
    const ids = Array.from({ length: 101 }, (_, index) => `${index}_`.padEnd(256, 'x'));
    await Promise.all(ids.map((id) => host.call('PUT', `/${id}`, STANDARD)));
    const whole = await host.callV1('GET', '');
    expect(whole.body.sessions?.map(({ sessionId }) => sessionId).sort()).toEqual(ids.toSorted());
    const first = await host.call('GET', '');
    expect(first.body.sessions).toHaveLength(100);
    const next = new URL(first.body['@nextLink'] ?? '');
    expect(next.origin).toBe(host.url);
    expect([...next.searchParams.keys()]).toEqual(['api-version', 'continuation']);
    expect(next.searchParams.get('api-version')).toBe('2021-01-01');
    host.child.kill('SIGKILL');
    await host.exited;

    const after = await startHost(data, settings);
    const follow = async ({ pathname, searchParams }: URL) =>
      after.send('GET', `${pathname}?${searchParams}`, {
        headers: { Authorization: `Bearer ${await after.token()}` },
      });
    const second = await follow(next);
    expect(second.body['@nextLink']).toBeUndefined();
    const listed = [first, second].flatMap(({ body }) => body.sessions ?? []);
    expect(listed.map(({ id }) => id).sort()).toEqual(ids.toSorted());
    next.searchParams.set('api-version', '2021-01-01-preview');
    const elsewhere = await follow(next);
    expect([elsewhere.status, elsewhere.body.error?.target]).toEqual([400, 'continuation']);
  });
});
