import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import {
  ACCOUNT,
  cleanUpAfterEach,
  type Host,
  KEY,
  newDataFolder,
  type Reply,
  readBooks,
  sessionsPath,
  startHost,
  until,
} from './session-host-process.ts';

/** Trouble on demand, of a real session host. */

cleanUpAfterEach();

const STANDARD = { maxLeaseTimeMinutes: 4, size: 'Standard' };
const NONE = { callGap: '00:00:00', delay: '00:00:00', failing: 0, full: false };

const everyCall: [string, (host: Host) => Promise<Reply>][] = [
  ['create of v1', (host) => host.callV1('POST', '/create', { maxLeaseTime: '1:0:0' })],
  ['update of v1', (host) => host.callV1('PATCH', '/x', { maxLeaseTime: '1:0:0' })],
  ['properties of v1', (host) => host.callV1('GET', '/x/properties')],
  ['list of v1', (host) => host.callV1('GET', '')],
  ['stop of v1', (host) => host.callV1('DELETE', '/x')],
  ['create', (host) => host.call('PUT', '/y', STANDARD)],
  ['update', (host) => host.call('PATCH', '/x', { maxLeaseTimeMinutes: 9 })],
  ['properties', (host) => host.call('GET', '/x')],
  ['list', (host) => host.call('GET', '')],
  ['stop', (host) => host.call('POST', '/x/:stop')],
  ['list without a token', (host) => host.send('GET', sessionsPath(''))],
];
const askToken = (host: Host): Promise<Reply> =>
  host.send('GET', `/accounts/${ACCOUNT}/token`, { headers: { Authorization: `Bearer ${ACCOUNT}:${KEY}` } });

describe('/trouble', () => {
  it('shows and changes what goes wrong, for whoever has a token', async () => {
    const host = await startHost(newDataFolder());
    expect((await host.trouble()).body).toEqual(NONE);
    const changed = await host.trouble({ delay: '0:0:0.2', failing: 0.5, callGap: '00:00:05' });
    expect([changed.status, changed.body]).toEqual([
      200,
      { callGap: '00:00:05', delay: '00:00:00.200', failing: 0.5, full: false },
    ]);
    expect((await host.trouble({ full: true, failing: 0 })).body).toEqual({
      ...changed.body,
      failing: 0,
      full: true,
    });
    expect((await host.trouble(NONE)).body).toEqual(NONE);
    expect(host.output().match(/^trouble: .*$/gm)).toEqual([
      'trouble: call gap 00:00:05, delay 00:00:00.200, failing 0.5, not full',
      'trouble: call gap 00:00:05, delay 00:00:00.200, failing 0, full',
      'trouble: call gap 00:00:00, delay 00:00:00, failing 0, not full',
    ]);
  });

  it('refuses what it does not understand, and changes nothing', async () => {
    const host = await startHost(newDataFolder());
    const refusals: [Record<string, unknown>, string][] = [
      [{ callGap: 5 }, 'callGap'],
      [{ delay: 'soon' }, 'delay'],
      [{ delay: '25:00:00' }, 'delay'],
      [{ failing: 2 }, 'failing'],
      [{ failing: 1, full: 'yes' }, 'full'],
      [{ failing: 1, slow: true }, 'body'],
    ];
    for (const [change, target] of refusals) {
      const { status, body } = await host.trouble(change);
      expect([change, status, body.error?.code, body.error?.target]).toEqual([
        change,
        400,
        'BadRequest',
        target,
      ]);
    }
    for (const method of ['GET', 'PATCH']) {
      expect((await host.send(method, '/trouble')).status).toBe(401);
    }
    const put = await host.send('PUT', '/trouble');
    expect([put.status, put.headers.get('Allow')]).toEqual([405, 'GET, PATCH']);
    expect((await host.trouble()).body).toEqual(NONE);
  });
});

describe('a host that fails', () => {
  it('answers 500 to every session call, before it has an effect', async () => {
    const data = newDataFolder();
    const host = await startHost(data, { SESSION_HOST_FAILING: '1', SESSION_HOST_STARTUP: '00:01:00' });
    expect((await host.call('PUT', '/x', STANDARD)).status).toBe(500);
    await host.trouble({ failing: 0 });
    await host.call('PUT', '/x', STANDARD);
    await host.trouble({ failing: 1 });
    const before = await until(() => {
      const books = readBooks(data);
      return books.calls.create === 1 ? books : undefined;
    }, 'the create in the books');
    for (const [name, call] of everyCall) {
      const { status, body } = await call(host);
      const error = { code: 'InternalServerError', message: expect.any(String) };
      expect([name, status, body]).toEqual([name, 500, { error }]);
    }
    expect((await host.call('GET', '')).headers.get('api-supported-versions')).not.toBeNull();
    expect((await host.send('GET', '/health')).status).toBe(200);
    expect((await askToken(host)).status).toBe(200);

    await host.trouble({ failing: 0 });
    expect((await host.callV1('GET', '/x/properties')).body).toMatchObject({
      sessionStatus: 'Starting',
      sessionMaxLeaseTime: '00:04:00',
    });
    const after = await until(() => {
      const books = readBooks(data);
      return books.calls.get === 1 ? books : undefined;
    }, 'the first good call in the books');
    expect(after.calls).toEqual({ ...before.calls, get: 1, token: before.calls.token + 1 });
    expect(after.sessions.map(({ id }) => id)).toEqual(['x']);
    expect(host.output()).not.toContain('Error');
  });
});

describe('a slow host', () => {
  it('lets everything wait, whatever it answers', async () => {
    const delayMs = 300;
    const host = await startHost(newDataFolder(), { SESSION_HOST_DELAY: '00:00:00.3' });
    const timed = async (call: (host: Host) => Promise<Reply>): Promise<number> => {
      const from = performance.now();
      await call(host);
      return performance.now() - from;
    };
    await host.token();
    const calls: typeof everyCall = [...everyCall, ['token', askToken]];
    const times = await Promise.all(calls.map(async ([name, call]) => ({ name, ms: await timed(call) })));
    // A timer may be a millisecond early.
    expect(times.filter(({ ms }) => ms < delayMs - 5)).toEqual([]);
  });

  it('lets neither /health nor /trouble wait, and can be stopped', async () => {
    const host = await startHost(newDataFolder());
    await host.token();
    await host.trouble({ delay: '01:00:00' });
    const held = Promise.allSettled([host.call('GET', ''), host.callV1('GET', ''), askToken(host)]);
    expect((await host.send('GET', '/health')).status).toBe(200);
    expect((await host.trouble()).body).toEqual({ ...NONE, delay: '01:00:00' });
    host.child.kill('SIGTERM');
    expect(await host.exited).toBe(0);
    expect((await held).map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
  });

  it('carries out what it was asked, although its client has gone', async () => {
    const host = await startHost(newDataFolder());
    const body = JSON.stringify(STANDARD);
    const request = [
      `PUT ${sessionsPath('/late')} HTTP/1.1`,
      'Host: 127.0.0.1',
      `Authorization: Bearer ${await host.token()}`,
      `Content-Length: ${body.length}`,
      '',
      body,
    ];
    await host.trouble({ delay: '00:00:00.2' });
    connect(Number(new URL(host.url).port), '127.0.0.1')
      .resume()
      .end(request.join('\r\n'));
    const found = await until(async () => {
      const reply = await host.call('GET', '/late');
      return reply.status === 200 ? reply : undefined;
    }, 'the session');
    expect(found.body.maxLeaseTimeMinutes).toBe(4);
  });
});

describe('a host that is full', () => {
  it('has no server of any size, until it has again', async () => {
    const host = await startHost(newDataFolder(), { SESSION_HOST_FULL: 'true' });
    const error = { code: 'NoCapacity', message: 'No server of any size is free.' };
    for (const size of ['Standard', 'Premium']) {
      const { status, body } = await host.call('PUT', `/${size}`, { ...STANDARD, size });
      expect([status, body.status, body.error]).toEqual([201, 'Error', error]);
    }
    const { status, body } = await host.callV1('POST', '/create', { maxLeaseTime: '1:0:0' });
    expect(status).toBe(202);
    expect((await host.callV1('GET', `/${body.sessionId}/properties`)).body).toMatchObject({
      sessionStatus: 'Error',
      message: error.message,
    });
    await host.trouble({ full: false });
    expect((await host.call('PUT', '/other', STANDARD)).body.status).toBe('Starting');
    expect((await host.call('GET', '/Standard')).body.status).toBe('Error');
  });
});

describe('a host that throttles', () => {
  it('begins and ends with it while it runs', async () => {
    const host = await startHost(newDataFolder());
    expect((await host.call('GET', '')).status).toBe(200);
    await host.trouble({ callGap: '01:00:00' });
    for (const call of [host.call, host.callV1]) expect((await call('GET', '')).status).toBe(429);
    expect((await host.send('GET', sessionsPath(''))).status).toBe(401);
    expect((await askToken(host)).status).toBe(200);
    await host.trouble({ callGap: '00:00:00' });
    expect((await host.call('GET', '')).status).toBe(200);
  });
});
