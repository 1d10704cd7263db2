import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Client, connect, processesOf, readBooks, startTestStack, type TestStack } from '../stack.ts';

/** Three minutes with the default policy, and a sweep every two seconds. */

let test: TestStack;
let client: Client;

beforeAll(async () => {
  test = await startTestStack({ SESSION_HOST_STARTUP: '00:00:02' });
  client = await connect(test.stack.keeperUrl);
});
afterAll(() => test.stop());

const runs = (sessionId: string): boolean =>
  processesOf(test.dataFolder).some((process) => process.sessionId === sessionId);
const bookOf = (sessionId: string) => readBooks(test.dataFolder).find(({ id }) => id === sessionId);

describe.concurrent('for three minutes', () => {
  it('a kept session of one minute stays Ready, and its lease has grown', async () => {
    const sessionId = await client.create('{"maxLeaseTime":"0:1:0","keepAlive":true}');
    const leases = [(await client.show(sessionId)).sessionMaxLeaseTime];
    const end = Date.now() + 180_000;
    await client.untilStatus(sessionId, 'Ready');
    while (Date.now() < end) {
      const { sessionStatus, sessionMaxLeaseTime } = await client.show(sessionId);
      expect(sessionStatus).toBe('Ready');
      expect(runs(sessionId)).toBe(true);
      leases.push(sessionMaxLeaseTime);
      await delay(5_000);
    }
    expect(leases.toSorted()).toEqual(leases);
    expect(leases.at(-1)).not.toBe(leases[0]);
    expect(bookOf(sessionId)).toMatchObject({ status: 'Ready', spawned: 1 });
  });

  it('one without keep-alive is Expired just after its minute, with a message', async () => {
    const sessionId = await client.create('{"maxLeaseTime":"0:1:0"}');
    await client.untilStatus(sessionId, 'Ready');
    const { message } = await client.untilStatus(sessionId, 'Expired', 75_000);
    expect(message).toMatch(/lease/i);
    expect(runs(sessionId)).toBe(false);
  });

  it('one with an idle timeout of ten seconds is Stopped as idle; with a heartbeat every five it lives', async () => {
    const body = '{"maxLeaseTime":"1:0:0","idleTimeout":"0:0:10"}';
    const [left, used] = await Promise.all([client.create(body), client.create(body)]);
    const beats = async (): Promise<void> => {
      for (let beat = 0; beat < 30; beat += 1) {
        const { status } = await client.send('POST', `${client.sessions}/${used}/heartbeat`);
        expect(status).toBe(200);
        await delay(5_000);
      }
    };
    const reaped = async (): Promise<void> => {
      await client.untilStatus(left, 'Ready');
      const { message, keeper } = await client.untilStatus(left, 'Stopped', 20_000);
      expect(message).toContain('idle');
      expect(keeper.ended?.because).toBe('idle');
      expect(runs(left)).toBe(false);
    };
    await Promise.all([beats(), reaped()]);
    expect((await client.show(used)).sessionStatus).toBe('Ready');
    expect(runs(used)).toBe(true);
  });
});
