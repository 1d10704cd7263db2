import { QueueClient } from '@azure/storage-queue';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { QueueSettings } from '../../infra/local/functions-host/host-json.ts';
import type { Run } from '../../infra/local/functions-host/invoke.ts';
import { createQueueListener } from '../../infra/local/functions-host/queue.ts';
import { createOutage } from '../../infra/local/functions-host/queue-outage.ts';
import { messagesOf } from '../../infra/local/functions-host/queue-output.ts';
import { type AzuriteQueue, startAzuriteQueue } from './azurite-queue.ts';

const SETTINGS: QueueSettings = {
  maxPollingIntervalMilliseconds: 200,
  visibilityTimeoutSeconds: 1,
  batchSize: 4,
  newBatchThreshold: 2,
  maxDequeueCount: 2,
  messageEncoding: 'base64',
};

let azurite: AzuriteQueue;

beforeAll(async () => {
  azurite = await startAzuriteQueue();
});

afterAll(() => azurite.stop());

const base64 = (text: string): string => Buffer.from(text).toString('base64');

/** A listener of this process on a queue of its own, with a lease of two seconds. */
const listen = async (queueName: string, work: (text: unknown) => Promise<void>) => {
  const queue = new QueueClient(azurite.connectionString, queueName);
  const poisonQueue = new QueueClient(azurite.connectionString, `${queueName}-poison`);
  await queue.create();
  const log = { app: vi.fn(), warn: vi.fn(), error: vi.fn() };
  const run: Run = (input) => {
    const response = work(input.string).then(() => ({}));
    return { response, ended: response.then(() => undefined) };
  };
  const outage = createOutage('AzureWebJobsStorage', log);
  const options = { functionName: 'work', queue, poisonQueue, settings: SETTINGS, run, outage, log };
  return { queue, poisonQueue, log, listener: createQueueListener({ ...options, leaseSeconds: 2 }) };
};

const isEmpty = async (queue: QueueClient): Promise<boolean> =>
  (await queue.getProperties()).approximateMessagesCount === 0;

describe('a message', () => {
  test('is held for as long as its function runs, however long that is', async () => {
    const gate = Promise.withResolvers<void>();
    const { queue, log, listener } = await listen('held', () => gate.promise);
    const rival = new QueueClient(azurite.connectionString, 'held');
    const stolen: string[] = [];
    let renewals = 0;
    const renew = queue.updateMessage.bind(queue);
    vi.spyOn(queue, 'updateMessage').mockImplementation(async (...request) => {
      const renewed = await renew(...request);
      const { receivedMessageItems } = await rival.receiveMessages();
      stolen.push(...receivedMessageItems.map(({ messageId }) => messageId));
      renewals += 1;
      // Twice the lease: without renewals somebody else would have had it by now.
      if (renewals === 6) gate.resolve();
      return renewed;
    });
    await queue.sendMessage(base64('takes its time'));
    listener.start();
    await gate.promise;
    await listener.stop();
    expect(stolen).toEqual([]);
    expect(await isEmpty(queue)).toBe(true);
    expect(log.warn).not.toHaveBeenCalled();
  });

  test('whose hold was lost is reported, and does not end the listener', async () => {
    const done = Promise.withResolvers<void>();
    const { queue, log, listener } = await listen('lost', async (text) => {
      if (text === 'last') done.resolve();
      else await queue.clearMessages();
    });
    log.warn.mockImplementationOnce(() => void queue.sendMessage(base64('last')));
    await queue.sendMessage(base64('first'));
    listener.start();
    await done.promise;
    await listener.stop();
    expect(log.warn.mock.calls).toEqual([
      [expect.stringMatching(/^work lost its hold on message .* of "lost"/)],
    ]);
    expect(await isEmpty(queue)).toBe(true);
  });

  test.each([
    ['is not base64', 'not base64!'],
    ['is not text', Buffer.from([0xff, 0xfe]).toString('base64')],
  ])('that %s goes to the poison queue as it is, without a run', async (title, wire) => {
    const buried = Promise.withResolvers<unknown>();
    const work = vi.fn(async () => undefined);
    const { queue, poisonQueue, log, listener } = await listen(title.replaceAll(' ', '-'), work);
    log.error.mockImplementationOnce(buried.resolve);
    await queue.sendMessage(wire);
    listener.start();
    expect(await buried.promise).toMatch(/went to ".*-poison": it is not base64 of UTF-8 text/);
    await listener.stop();
    const { receivedMessageItems } = await poisonQueue.receiveMessages();
    expect(receivedMessageItems.map(({ messageText }) => messageText)).toEqual([wire]);
    expect(await isEmpty(queue)).toBe(true);
    expect(work).not.toHaveBeenCalled();
  });

  test('that kept killing the host goes to the poison queue', async () => {
    const buried = Promise.withResolvers<unknown>();
    const { queue, log, listener } = await listen('killer', () => Promise.reject(new Error('not to be run')));
    log.error.mockImplementationOnce(buried.resolve);
    await queue.sendMessage(base64('boom'));
    for (let delivery = 1; delivery <= SETTINGS.maxDequeueCount; delivery += 1) {
      const [message] = (await queue.receiveMessages()).receivedMessageItems;
      if (message !== undefined)
        await queue.updateMessage(message.messageId, message.popReceipt, undefined, 0);
    }
    listener.start();
    expect(await buried.promise).toContain('went to "killer-poison": 2 deliveries never came to an end');
    await listener.stop();
  });
});

describe('an output', () => {
  test.each([
    [{ string: '["kept", "as it is"]' }, ['["kept", "as it is"]']],
    [{ json: '["a",{"b":1},2]' }, ['a', '{"b":1}', '2']],
    [{ json: '{"a":["b"]}' }, ['{"a":["b"]}']],
    [{ int: 7 }, ['7']],
    [{ bytes: new Uint8Array([1, 2]) }, [new Uint8Array([1, 2])]],
  ])('%j is the messages %j', (datum, messages) => {
    expect(messagesOf(datum)).toEqual(messages);
  });

  test('of another kind is refused', () => {
    expect(() => messagesOf({ http: {} })).toThrow('a queue cannot take an output of the kind http');
  });
});
