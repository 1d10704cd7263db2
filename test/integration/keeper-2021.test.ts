import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type Client,
  connect,
  eventually,
  processesOf,
  type Reply,
  readBooks,
  startTestStack,
  type TestStack,
} from '../stack.ts';

/** What the second generation promises beyond single exchanges: one session, whatever is repeated, in both generations. */

let test: TestStack;
let client: Client;

beforeAll(async () => {
  test = await startTestStack();
  client = await connect(test.stack.keeperUrl);
});
afterAll(() => test.stop());

const VERSION = 'api-version=2021-01-01';
const pathOf = (id: string, action = ''): string =>
  `${client.sessions.replace('/v1', '')}/${id}${action}?${VERSION}`;
const put = (id: string, body: object): Promise<Reply> =>
  client.send('PUT', pathOf(id), { body: JSON.stringify(body) });
const get = async (id: string): Promise<{ status: string; maxLeaseTimeMinutes: number }> =>
  JSON.parse((await client.send('GET', pathOf(id))).text) as { status: string; maxLeaseTimeMinutes: number };
const statuses = (replies: Reply[]): number[] => replies.map(({ status }) => status).sort();
const spawnedOf = (id: string): number =>
  readBooks(test.dataFolder).find((entry) => entry.id === id)?.spawned ?? 0;
const WORDS = { maxLeaseTimeMinutes: 30, size: 'standard' };

describe.concurrent('a create', () => {
  it('that is sent twenty times at once makes one session: one 201, and 200 for the others', async () => {
    const id = randomUUID();
    const replies = await Promise.all(Array.from({ length: 20 }, () => put(id, WORDS)));
    expect(statuses(replies)).toEqual([...Array.from({ length: 19 }, () => 200), 201]);
    await client.untilStatus(id, 'Ready');
    expect(spawnedOf(id)).toBe(1);
    expect(processesOf(test.dataFolder).filter(({ sessionId }) => sessionId === id)).toHaveLength(1);
    await client.send('POST', pathOf(id, '/:stop'), { body: '' });
  });

  it('with other words at the same time is 409 for all but those of the first', async () => {
    const id = randomUUID();
    const leases = [10, 20, 30, 40];
    const replies = await Promise.all(
      leases.map((maxLeaseTimeMinutes) => put(id, { ...WORDS, maxLeaseTimeMinutes })),
    );
    expect(statuses(replies)).toEqual([201, 409, 409, 409]);
    const winner = leases[replies.findIndex(({ status }) => status === 201)];
    expect((await get(id)).maxLeaseTimeMinutes).toBe(winner);
    await client.send('POST', pathOf(id, '/:stop'), { body: '' });
  });

  it('is the same one after an extension, and after the end; its id is never used again', async () => {
    const id = `used-${randomUUID()}`;
    expect((await put(id, WORDS)).status).toBe(201);
    const longer = { body: '{"maxLeaseTimeMinutes":60,"keepAlive":true}' };
    expect((await client.send('PATCH', pathOf(id), longer)).status).toBe(200);
    expect((await put(id, WORDS)).status).toBe(200);
    expect((await put(id, { ...WORDS, maxLeaseTimeMinutes: 60 })).status).toBe(409);
    await client.send('POST', pathOf(id, '/:stop'), { body: '' });
    await client.untilStatus(id, 'Stopped');
    const again = await put(id, WORDS);
    expect(again.status).toBe(200);
    expect(JSON.parse(again.text)).toMatchObject({ id, status: 'Stopped', maxLeaseTimeMinutes: 60 });
    expect((await put(id, { ...WORDS, size: 'premium' })).status).toBe(409);
    expect(spawnedOf(id)).toBeLessThanOrEqual(1);
  });

  it('for no minute at all is a session that expires as soon as it is Ready', async () => {
    const id = randomUUID();
    expect((await put(id, { ...WORDS, maxLeaseTimeMinutes: 0 })).status).toBe(201);
    const over = await client.untilStatus(id, 'Expired');
    expect(over.sessionMaxLeaseTime).toBe('00:00:00');
    expect(await get(id)).toMatchObject({ status: 'Expired', maxLeaseTimeMinutes: 0 });
  });

  it('that the upstream has no place for is an Error, with the name that the upstream has for it', async () => {
    const id = randomUUID();
    const all = Array.from({ length: 16 }, (_, index) => `full-${index}`);
    const premium = { ...WORDS, size: 'Premium' };
    await Promise.all(all.map((one) => put(one, premium)));
    expect((await put(id, premium)).status).toBe(201);
    // At once, but for an upstream that takes more than the two seconds that a caller waits for it.
    await client.untilStatus(id, 'Error');
    const body = JSON.parse((await client.send('GET', pathOf(id))).text) as object;
    expect(body).toMatchObject({ status: 'Error', error: { code: 'NoCapacity' } });
    expect(JSON.stringify(body)).toContain('may still find one');
    expect((await client.show(id)).message).toContain('No server of size Premium is free');
    await Promise.all(all.map((one) => client.send('POST', pathOf(one, '/:stop'), { body: '' })));
  });
});

describe.concurrent('a session of one generation', () => {
  it('is the same in the other', async () => {
    const made = await client.create('{"maxLeaseTime":"0:20:0","tags":{"team":"blue"}}');
    expect(await get(made)).toMatchObject({ id: made, status: 'Starting', maxLeaseTimeMinutes: 20 });
    const ready = await client.untilStatus(made, 'Ready');
    const shown = await get(made);
    expect(shown).toMatchObject({
      status: 'Ready',
      hostname: ready.sessionHostname,
      handshakePort: ready.keeper.ports.handshake,
      keeper: { tags: { team: 'blue' } },
    });
    await client.send('PATCH', pathOf(made), { body: '{"maxLeaseTimeMinutes":25}' });
    expect((await client.show(made)).sessionMaxLeaseTime).toBe('00:25:00');
    await client.send('DELETE', `${client.sessions}/${made}`);
    expect((await client.show(made)).sessionStatus).toMatch(/Stopping|Stopped/);
    await eventually('Stopped', async () => ((await get(made)).status === 'Stopped' ? true : undefined));
  });

  it('is in use when it is changed, unless its client says that it is none', async () => {
    const id = randomUUID();
    await put(id, { ...WORDS, idleTimeoutMinutes: 10 });
    const quietly = { 'x-keeper-activity': 'none' };
    const usedAt = async (): Promise<string> => {
      const { text } = await client.send('GET', pathOf(id), { headers: quietly });
      return (JSON.parse(text) as { keeper: { lastActivityAt: string } }).keeper.lastActivityAt;
    };
    const made = await usedAt();
    await client.send('PATCH', pathOf(id), { body: '{"maxLeaseTimeMinutes":31}', headers: quietly });
    expect(await usedAt()).toBe(made);
    await client.send('PATCH', pathOf(id), { body: '{"maxLeaseTimeMinutes":32}' });
    expect(Date.parse(await usedAt())).toBeGreaterThan(Date.parse(made));
  });

  it('with a GUID in capitals is found by v1 in its own letters, and not in others', async () => {
    const id = randomUUID().toUpperCase();
    await put(id, WORDS);
    expect((await client.show(id)).sessionId).toBe(id);
    const lower = await client.send('GET', `${client.sessions}/${id.toLowerCase()}/properties`);
    expect(lower.status).toBe(404);
    expect((await client.send('POST', `${client.sessions}/${id}/heartbeat`)).status).toBe(200);
    expect((await client.send('DELETE', `${client.sessions}/${id}`)).status).toBe(204);
  });
});
