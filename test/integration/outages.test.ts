import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { azuriteConnection } from '../../infra/local/stack.ts';
import { DEMO_ACCOUNT } from '../../shared/config.ts';
import {
  accountsSetting,
  type Client,
  connect,
  eventually,
  PATIENCE_MS,
  processesOf,
  READY_AT_ONCE,
  readBooks,
  startTestStack,
  type TestStack,
} from '../stack.ts';
import { startTcpProxy, type TcpProxy } from '../tcp-proxy.ts';

/** Neighbours that are down, hang, or lose their answers: the keeper between two doors that the test can close. */

let test: TestStack;
let client: Client;
let upstream: TcpProxy;
let table: TcpProxy;

/** Of the account that is shut out from the beginning, because that takes long: its own door, and its one session. */
const SHUT_OUT = { accountId: randomUUID(), key: Buffer.from(randomUUID()).toString('base64') };
let shutDoor: TcpProxy;
let shutOut: { client: Client; sessionId: string };

/** Ready sessions; a test that needs one takes it from here. */
const ready: string[] = [];
const takeReady = (): string => {
  const sessionId = ready.pop();
  if (sessionId === undefined) throw new Error('a test needs more Ready sessions than were made');
  return sessionId;
};

const LAUNCH_TIMEOUT_SECONDS = 12;

beforeAll(async () => {
  const proxies: Promise<TcpProxy>[] = [];
  test = await startTestStack(async ({ sessionHost, ...ports }) => {
    proxies.push(startTcpProxy(sessionHost), startTcpProxy(sessionHost), startTcpProxy(ports.table));
    [upstream, shutDoor, table] = (await Promise.all(proxies.slice(-3))) as [TcpProxy, TcpProxy, TcpProxy];
    await shutDoor.set('refusing');
    return {
      ...READY_AT_ONCE,
      KEEPER_ACCOUNTS: accountsSetting(
        [DEMO_ACCOUNT, { ...SHUT_OUT, upstreamPort: shutDoor.port }],
        upstream.port,
      ),
      KEEPER_LAUNCH_TIMEOUT: `00:00:${LAUNCH_TIMEOUT_SECONDS}`,
      AzureWebJobsStorage: azuriteConnection({ ...ports, sessionHost, table: table.port }),
    };
  });
  client = await connect(test.stack.keeperUrl);
  const shutClient = await connect(test.stack.keeperUrl, SHUT_OUT);
  shutOut = { client: shutClient, sessionId: await shutClient.create('{"maxLeaseTime":"1:0:0"}') };
  // Made all at once, because a start takes its time.
  ready.push(...(await Promise.all(Array.from({ length: 7 }, create))));
  await Promise.all(ready.map((sessionId) => client.untilStatus(sessionId, 'Ready')));
});
afterAll(async () => {
  await test.stop();
  await Promise.all([upstream.close(), shutDoor.close(), table.close()]);
});

afterEach(async () => {
  await Promise.all([upstream.set('open'), table.set('open')]);
});

const timed = async <Value>(work: Promise<Value>): Promise<{ value: Value; ms: number }> => {
  const start = performance.now();
  return { value: await work, ms: performance.now() - start };
};
const create = (): Promise<string> => client.create('{"maxLeaseTime":"1:0:0"}');
const spawnedOf = (sessionId: string): number =>
  readBooks(test.dataFolder).find(({ id }) => id === sessionId)?.spawned ?? 0;
const runs = (sessionId: string): number =>
  processesOf(test.dataFolder).filter((process) => process.sessionId === sessionId).length;

describe('while the upstream', () => {
  it.each(['refusing', 'silent', 'deaf'] as const)(
    'is %s, a create is accepted in time, Starting, and becomes one Ready session afterwards',
    async (door) => {
      await upstream.set(door);
      const { value: sessionId, ms } = await timed(create());
      expect(ms).toBeLessThan(3_500);
      expect((await client.show(sessionId)).sessionStatus).toBe('Starting');
      await upstream.set('open');
      await client.untilStatus(sessionId, 'Ready');
      expect(spawnedOf(sessionId)).toBe(1);
      expect(runs(sessionId)).toBe(1);
      await client.send('DELETE', `${client.sessions}/${sessionId}`);
    },
  );

  it.each(['refusing', 'silent', 'deaf'] as const)(
    'is %s, a stop is accepted with 204, and is repeated until it is confirmed',
    async (door) => {
      const sessionId = takeReady();
      await upstream.set(door);
      const { value: stopped, ms } = await timed(client.send('DELETE', `${client.sessions}/${sessionId}`));
      expect(stopped.status).toBe(204);
      expect(ms).toBeLessThan(3_500);
      expect((await client.show(sessionId)).sessionStatus).toBe('Stopping');
      await upstream.set('open');
      await client.untilStatus(sessionId, 'Stopped');
      expect(runs(sessionId)).toBe(0);
    },
  );

  it('is down, an extension is 503 and not forgotten; the same again is no error', async () => {
    const sessionId = takeReady();
    await upstream.set('refusing');
    const patch = () =>
      client.send('PATCH', `${client.sessions}/${sessionId}`, { body: '{"maxLeaseTime":"3:0:0"}' });
    const refused = await patch();
    expect(refused.status).toBe(503);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await client.show(sessionId)).sessionMaxLeaseTime).toBe('01:00:00');
    expect((await patch()).status).toBe(503);
    await upstream.set('open');
    await eventually('the extension', async () =>
      (await client.show(sessionId)).sessionMaxLeaseTime === '03:00:00' ? true : undefined,
    );
    // The same words again: now they are answered yes, and from then on they are no longer more than the client has.
    expect((await patch()).status).toBe(200);
    expect((await patch()).status).toBe(400);
    await client.send('DELETE', `${client.sessions}/${sessionId}`);
  });

  it('is down for longer than the launch timeout, the session is an Error with a message, and stays one', async () => {
    const { client: other, sessionId } = shutOut;
    // Nothing was ever sent: that is waited for three times as long.
    const patienceMs = 3 * LAUNCH_TIMEOUT_SECONDS * 1_000 + PATIENCE_MS;
    const failed = await other.untilStatus(sessionId, 'Error', patienceMs);
    expect(failed.message).toContain('did not start');
    await shutDoor.set('open');
    await eventually('the end of the record', async () =>
      (await other.show(sessionId)).keeper.ended === undefined ? undefined : true,
    );
    expect((await other.show(sessionId)).sessionStatus).toBe('Error');
    expect(spawnedOf(sessionId)).toBe(0);
  });

  it('is down, health says so and is well itself', async () => {
    await upstream.set('refusing');
    const said = await eventually('the news', async () => {
      const answer = await fetch(`${test.stack.keeperUrl}/health`);
      const body = (await answer.json()) as { upstream: string };
      return body.upstream === 'down' ? { status: answer.status, body } : undefined;
    });
    expect(said).toMatchObject({ status: 200, body: { status: 'ok', table: 'up' } });
    await upstream.set('open');
  });
});

describe('while the table', () => {
  it.each(['refusing', 'silent', 'deaf'] as const)(
    'is %s, every route is 503 with Retry-After within 3 s, and works again afterwards',
    async (door) => {
      const sessionId = takeReady();
      await table.set(door);
      for (const [method, path, body] of [
        ['POST', '/create', '{"maxLeaseTime":"1:0:0"}'],
        ['GET', '', undefined],
        ['GET', `/${sessionId}/properties`, undefined],
        ['PATCH', `/${sessionId}`, '{"keepAlive":true}'],
        ['DELETE', `/${sessionId}`, undefined],
        ['POST', `/${sessionId}/heartbeat`, undefined],
      ] as const) {
        const options = body === undefined ? {} : { body };
        const { value: reply, ms } = await timed(client.send(method, `${client.sessions}${path}`, options));
        expect({ path: `${method} ${path}`, status: reply.status }).toEqual({
          path: `${method} ${path}`,
          status: 503,
        });
        expect(Number(reply.headers.get('retry-after'))).toBeGreaterThan(0);
        expect(ms).toBeLessThan(3_000);
      }
      await table.set('open');
      // Of what was asked for meanwhile nothing has half happened: what is recorded is whole, and can be stopped.
      const listed = await client.send('GET', client.sessions);
      expect(listed.status).toBe(200);
      for (const { sessionId: id } of (JSON.parse(listed.text) as { sessions: { sessionId: string }[] })
        .sessions) {
        await client.show(id);
        if (!ready.includes(id))
          expect((await client.send('DELETE', `${client.sessions}/${id}`)).status).toBe(204);
      }
      await client.untilStatus(sessionId, 'Stopped');
      expect(runs(sessionId)).toBe(0);
    },
  );

  it('is down, health is 503', async () => {
    await table.set('refusing');
    await eventually('the news', async () =>
      (await fetch(`${test.stack.keeperUrl}/health`)).status === 503 ? true : undefined,
    );
    await table.set('open');
  });
});
