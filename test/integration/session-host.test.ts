import { describe, expect, it } from 'vitest';
import { REAL_SERVER } from '../cheap-server.ts';
import {
  cleanUpAfterEach,
  entryOf,
  environmentOf,
  newDataFolder,
  processesOf,
  readBooks,
  startHost,
  until,
  untilStatus,
} from './session-host-process.ts';

cleanUpAfterEach();

const STANDARD = { maxLeaseTimeMinutes: 4, size: 'standard' };

describe('a session', () => {
  it('lives from its create to its stop, as one process', async () => {
    const data = newDataFolder();
    const host = await startHost(data, REAL_SERVER);
    const models = ['https://example.org/models/one', 'https://example.org/models/two'];

    const created = await host.call('PUT', '/My_session-1', { ...STANDARD, models });
    expect(created.status).toBe(201);
    expect(created.body).toEqual({
      id: 'My_session-1',
      creationTime: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}\+00:00$/),
      elapsedTimeMinutes: 0,
      maxLeaseTimeMinutes: 4,
      size: 'Standard',
      status: 'Starting',
    });

    const ready = await untilStatus(host, 'My_session-1', 'Ready');
    expect(ready.body).toEqual({
      ...created.body,
      status: 'Ready',
      arrInspectorPort: expect.any(Number),
      handshakePort: expect.any(Number),
      hostname: '127.0.0.1',
      teraflops: expect.any(Number),
    });
    const { hostname, handshakePort, arrInspectorPort } = ready.body;
    for (const port of [handshakePort, arrInspectorPort]) {
      expect(port).toBeGreaterThanOrEqual(49_152);
      expect(port).toBeLessThanOrEqual(65_534);
    }
    const server = await until(
      () =>
        fetch(`http://${hostname}:${handshakePort}`).then(
          (reply) => reply.json(),
          () => undefined,
        ),
      'an answer of the session process',
    );
    const { process: booked } = entryOf(data, 'My_session-1');
    expect(server).toEqual({ sessionId: 'My_session-1', size: 'Standard', models, pid: booked?.pid });

    const extended = await host.call('PATCH', '/My_session-1', { maxLeaseTimeMinutes: 10 });
    expect(extended.status).toBe(200);
    expect(extended.body).toEqual({ ...ready.body, maxLeaseTimeMinutes: 10 });
    const list = await host.call('GET', '');
    expect(list.body).toEqual({ sessions: [extended.body] });

    const stopped = await host.call('POST', '/My_session-1/:stop');
    expect([stopped.status, stopped.text]).toEqual([204, '']);
    expect((await host.call('PATCH', '/My_session-1', { maxLeaseTimeMinutes: 20 })).status).toBe(422);
    const over = await untilStatus(host, 'My_session-1', 'Stopped');
    expect(over.body).toEqual({ ...created.body, maxLeaseTimeMinutes: 10, status: 'Stopped' });
    expect(processesOf(data, 'My_session-1')).toEqual([]);
    expect((await host.call('GET', '')).body).toEqual({ sessions: [] });

    expect((await host.call('POST', '/My_session-1/:stop')).status).toBe(204);
    const late = await host.call('PATCH', '/My_session-1', { maxLeaseTimeMinutes: 20 });
    expect([late.status, late.body.error?.code]).toEqual([422, 'SessionNotRunning']);
    const again = await host.call('PUT', '/My_session-1', { ...STANDARD, models });
    expect([again.status, again.body]).toEqual([200, over.body]);

    const counted = await until(() => {
      const entry = entryOf(data, 'My_session-1');
      return entry.calls.create === 2 ? entry : undefined;
    }, 'the calls in the books');
    expect(counted).toMatchObject({
      status: 'Stopped',
      spawned: 1,
      requestedLeaseMinutes: 4,
      maxLeaseMinutes: 10,
      extensions: [{ fromMinutes: 4, toMinutes: 10 }],
      calls: { create: 2, update: 3, stop: 2 },
    });
    expect(counted.endedAt).toBeGreaterThan(counted.readyAt ?? Number.POSITIVE_INFINITY);
    expect(readBooks(data).calls).toMatchObject({ token: 1, list: 2, throttled: 0 });
    for (const state of ['Starting', 'Ready', 'Stopped']) {
      expect(host.output()).toContain(
        `session My_session-1 ${state} pid ${booked?.pid} port ${handshakePort}`,
      );
    }
  });

  it('is created once, however often and in whatever way it is asked for', async () => {
    const data = newDataFolder();
    const host = await startHost(data);
    const replies = await Promise.all([1, 2, 3, 4].map(() => host.call('PUT', '/same', STANDARD)));
    expect(replies.map((reply) => reply.status).sort()).toEqual([200, 200, 200, 201]);
    await untilStatus(host, 'same', 'Ready');
    await host.call('PATCH', '/same', { maxLeaseTimeMinutes: 9 });
    const repeated = await host.call('PUT', '/same', { ...STANDARD, size: 'STANDARD' });
    expect([repeated.status, repeated.body.status, repeated.body.maxLeaseTimeMinutes]).toEqual([
      200,
      'Ready',
      9,
    ]);
    for (const other of [
      { size: 'Premium' },
      { maxLeaseTimeMinutes: 9 },
      { models: ['https://example.org/x'] },
    ]) {
      const reply = await host.call('PUT', '/same', { ...STANDARD, ...other });
      expect([reply.status, reply.body.error?.code]).toEqual([409, 'SessionExists']);
    }
    if (process.platform === 'linux') expect(processesOf(data, 'same')).toHaveLength(1);
    expect(entryOf(data, 'same').spawned).toBe(1);
    expect((await host.call('GET', '/SAME')).status).toBe(404);
  });

  it('gets its own environment and nothing secret', async () => {
    const data = newDataFolder();
    const host = await startHost(data);
    await host.call('PUT', '/bare', STANDARD);
    if (process.platform !== 'linux') return;
    const environment = environmentOf(entryOf(data, 'bare').process?.pid ?? 0)
      .split('\0')
      .filter(Boolean);
    expect(environment.map((line) => line.split('=')[0]).sort()).toEqual(
      [
        ...(process.env.HOME ? ['HOME'] : []),
        'LEASE_KEEPER_DATA',
        'LEASE_KEEPER_MODELS',
        'LEASE_KEEPER_PORT',
        'LEASE_KEEPER_SESSION',
        'LEASE_KEEPER_SIZE',
        'PATH',
      ].sort(),
    );
  });

  it('ends at the end of its lease, without anybody asking', async () => {
    const data = newDataFolder();
    const host = await startHost(data);
    await host.call('PUT', '/short', { ...STANDARD, maxLeaseTimeMinutes: 0 });
    const expired = await untilStatus(host, 'short', 'Expired');
    expect(expired.body.error).toBeUndefined();
    expect(readBooks(data).sessions[0]?.error).toEqual({
      code: 'LeaseExpired',
      message: 'The lease of 0 minutes is over.',
    });
    expect(processesOf(data, 'short')).toEqual([]);
    expect(entryOf(data, 'short').readyAt).not.toBeNull();
  });

  it('is an Error when there is no place, while the other size may still have one', async () => {
    const data = newDataFolder();
    const host = await startHost(data, { SESSION_HOST_STANDARD_PLACES: '1' });
    await host.call('PUT', '/first', STANDARD);
    const refused = await host.call('PUT', '/second', STANDARD);
    expect([refused.status, refused.body.status, refused.body.error?.code]).toEqual([
      201,
      'Error',
      'NoCapacity',
    ]);
    expect(processesOf(data, 'second')).toEqual([]);
    expect(entryOf(data, 'second').spawned).toBe(0);
    expect((await host.call('PUT', '/third', { ...STANDARD, size: 'Premium' })).body.status).toBe('Starting');
    await host.call('POST', '/first/:stop');
    await untilStatus(host, 'first', 'Stopped');
    expect((await host.call('PUT', '/fourth', STANDARD)).body.status).toBe('Starting');
  });
});
