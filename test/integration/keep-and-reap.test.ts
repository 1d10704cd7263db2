import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type Client,
  connect,
  eventually,
  PATIENCE_MS,
  processesOf,
  readBooks,
  startTestStack,
  type TestStack,
} from '../stack.ts';

/** The keeper's main job in about a minute: the same as `npm run soak` does for three. */

let test: TestStack;
let client: Client;

beforeAll(async () => {
  // A renew margin of half a minute and extensions of one make a lease of a minute grow before the eyes.
  test = await startTestStack({ KEEPER_RENEW_MARGIN: '00:00:30', KEEPER_EXTENSION: '00:01:00' });
  client = await connect(test.stack.keeperUrl);
});
afterAll(() => test.stop());

const runs = (sessionId: string): boolean =>
  processesOf(test.dataFolder).some((process) => process.sessionId === sessionId);
const secondsOf = (timeSpan: string): number =>
  timeSpan.split(':').reduce((seconds, part) => seconds * 60 + Number(part), 0);

describe.concurrent('with a sweep every two seconds', () => {
  it('a kept session outlives its lease, and its lease grows', async () => {
    const sessionId = await client.create('{"maxLeaseTime":"0:1:0","keepAlive":true}');
    const first = await client.untilStatus(sessionId, 'Ready');
    await delay(60_000);
    const later = await eventually('the end of its first lease', async () => {
      const shown = await client.show(sessionId);
      return secondsOf(shown.sessionElapsedTime) > 60 ? shown : undefined;
    });
    expect(later.sessionStatus).toBe('Ready');
    expect(secondsOf(later.sessionMaxLeaseTime)).toBeGreaterThan(secondsOf(first.sessionMaxLeaseTime));
    expect(secondsOf(later.sessionElapsedTime)).toBeGreaterThan(60);
    expect(runs(sessionId)).toBe(true);
    expect(readBooks(test.dataFolder).find(({ id }) => id === sessionId)).toMatchObject({
      status: 'Ready',
      spawned: 1,
    });
  });

  it('a session without keep-alive expires with its lease, and says so', async () => {
    const sessionId = await client.create('{"maxLeaseTime":"0:1:0"}');
    await client.untilStatus(sessionId, 'Ready');
    const expired = await client.untilStatus(sessionId, 'Expired', 60_000 + PATIENCE_MS);
    expect(expired.message).toMatch(/lease/i);
    expect(runs(sessionId)).toBe(false);
    const book = readBooks(test.dataFolder).find(({ id }) => id === sessionId);
    const ran = Date.parse(book?.endedAt ?? '') - Date.parse(book?.readyAt ?? '');
    expect(ran).toBeGreaterThanOrEqual(60_000);
    expect(ran).toBeLessThan(65_000);
  });

  it('an idle session is reaped within two sweeps of its timeout', async () => {
    const sessionId = await client.create('{"maxLeaseTime":"1:0:0","idleTimeout":"0:0:10"}');
    const ready = await client.untilStatus(sessionId, 'Ready');
    const { at, action, because } = ready.keeper.next;
    expect({ action, because }).toEqual({ action: 'stop', because: 'idle' });
    const stopped = await client.untilStatus(sessionId, 'Stopped');
    expect(stopped.message).toContain('idle');
    expect(stopped.keeper.ended?.because).toBe('idle');
    expect(Date.parse(stopped.keeper.ended?.at ?? '') - Date.parse(at)).toBeLessThan(2 * 2_000 + 1_500);
    expect(runs(sessionId)).toBe(false);
    const late = await client.send('POST', `${client.sessions}/${sessionId}/heartbeat`);
    expect(late.status).toBe(409);
  });

  it('a heartbeat keeps a session from being idle, and its end brings the reap', async () => {
    const sessionId = await client.create('{"maxLeaseTime":"1:0:0","idleTimeoutMinutes":0.2}');
    await client.untilStatus(sessionId, 'Ready');
    for (let beat = 0; beat < 8; beat += 1) {
      const sentAt = Date.now();
      const answer = await client.send('POST', `${client.sessions}/${sessionId}/heartbeat`);
      expect(answer.status).toBe(200);
      const said = JSON.parse(answer.text) as { status: string; idleAt: string; leaseEnd: string };
      expect(said.status).toBe('Ready');
      expect(Date.parse(said.idleAt) - sentAt).toBeGreaterThanOrEqual(12_000);
      await delay(3_000);
    }
    const stopped = await client.untilStatus(sessionId, 'Stopped');
    expect(stopped.keeper.ended?.because).toBe('idle');
  });

  it('polling the properties is use, unless the caller says that it only watches', async () => {
    const sessionId = await client.create('{"maxLeaseTime":"1:0:0","idleTimeout":"0:0:12"}');
    await client.untilStatus(sessionId, 'Ready');
    for (let poll = 0; poll < 5; poll += 1) {
      expect((await client.show(sessionId, true)).sessionStatus).toBe('Ready');
      await delay(3_000);
    }
    await client.untilStatus(sessionId, 'Stopped');
  });

  it('a session is stopped when its lifetime is over, however much it is used', async () => {
    const sessionId = await client.create('{"maxLeaseTime":"1:0:0","maxLifetime":"0:0:12","keepAlive":true}');
    await client.untilStatus(sessionId, 'Ready');
    const stopped = await client.untilStatus(sessionId, 'Stopped');
    expect(stopped.keeper.ended?.because).toBe('lifetime');
    expect(stopped.message).toContain('lifetime');
  });
});
