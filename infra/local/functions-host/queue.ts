import type { DequeuedMessageItem, QueueClient } from '@azure/storage-queue';
import type { Datum } from './core-types.ts';
import type { QueueSettings } from './host-json.ts';
import type { Run } from './invoke.ts';
import type { HostLog } from './log.ts';
import { holdLease } from './queue-lease.ts';
import type { Outage } from './queue-outage.ts';
import { decodeMessage, storageErrorCode, withQueue } from './queue-service.ts';

const FIRST_PAUSE_MILLISECONDS = 100;

/** How long a message stays with a host that died. Azure takes ten minutes, which nobody waits for at a desk. */
const LEASE_SECONDS = 30;

export interface QueueListenerOptions {
  readonly functionName: string;
  readonly queue: QueueClient;
  readonly poisonQueue: QueueClient;
  readonly settings: QueueSettings;
  readonly run: Run;
  readonly outage: Outage;
  readonly log: HostLog;
  readonly leaseSeconds?: number;
}

export interface QueueListener {
  start(): void;
  /** Fetches no more messages; settles once those that are being worked on are done. */
  stop(): Promise<void>;
}

const triggerMetadataOf = (message: DequeuedMessageItem): Readonly<Record<string, Datum>> => {
  const values = {
    Id: message.messageId,
    PopReceipt: message.popReceipt,
    DequeueCount: message.dequeueCount,
    InsertionTime: message.insertedOn,
    ExpirationTime: message.expiresOn,
    NextVisibleTime: message.nextVisibleOn,
  };
  return Object.fromEntries(
    Object.entries(values).map(([key, value]) => [key, { json: JSON.stringify(value) }]),
  );
};

const pause = (milliseconds: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    signal.addEventListener('abort', done);
  });

/**
 * Delivers the messages of a queue to a function, at least once each, as Azure's queue trigger does: up to
 * `batchSize + newBatchThreshold` at a time, again after `visibilityTimeout` when it failed, and to the poison queue
 * after `maxDequeueCount` failures. A queue service that is down is asked again and again.
 */
export const createQueueListener = (options: QueueListenerOptions): QueueListener => {
  const { functionName, queue, poisonQueue, settings, run, outage, log } = options;
  const { leaseSeconds = LEASE_SECONDS } = options;
  const stopping = new AbortController();
  const inFlight = new Set<Promise<void>>();
  let polling = Promise.resolve();

  /** A call about one message that failed: the service is down, or somebody else has the message by now. */
  const onMessageFailure = (id: string) => (error: unknown) => {
    const code = storageErrorCode(error);
    if (code === 'MessageNotFound' || code === 'PopReceiptMismatch')
      log.warn(
        `${functionName} lost its hold on message ${id} of "${queue.name}"; it may be delivered twice`,
      );
    else outage.failed(error);
  };

  const moveToPoison = async (message: DequeuedMessageItem, receipt: string, why: string): Promise<void> => {
    await withQueue(poisonQueue, () => poisonQueue.sendMessage(message.messageText));
    await queue.deleteMessage(message.messageId, receipt);
    log.error(`message ${message.messageId} of "${queue.name}" went to "${poisonQueue.name}": ${why}`);
  };

  const work = async (message: DequeuedMessageItem, text: string): Promise<boolean> => {
    try {
      await run({ string: text }, triggerMetadataOf(message)).response;
      return true;
    } catch (error) {
      log.error(`${functionName} failed on message ${message.messageId} of "${queue.name}"`, error);
      return false;
    }
  };

  const deliver = async (message: DequeuedMessageItem): Promise<void> => {
    const { messageId, popReceipt, dequeueCount } = message;
    const text = decodeMessage(message.messageText, settings.messageEncoding);
    if (text === undefined)
      return moveToPoison(message, popReceipt, `it is not ${settings.messageEncoding} of UTF-8 text`);
    // Only a host that died in each of the deliveries leaves a message behind with more than the maximum.
    if (dequeueCount > settings.maxDequeueCount)
      return moveToPoison(message, popReceipt, `${dequeueCount - 1} deliveries never came to an end`);
    const lease = holdLease(queue, message, leaseSeconds, onMessageFailure(messageId));
    const succeeded = await work(message, text);
    const receipt = await lease.end();
    if (succeeded) await queue.deleteMessage(messageId, receipt);
    else if (dequeueCount >= settings.maxDequeueCount)
      await moveToPoison(message, receipt, `${dequeueCount} deliveries failed`);
    else await queue.updateMessage(messageId, receipt, undefined, settings.visibilityTimeoutSeconds);
  };

  const giveBack = async ({ messageId, popReceipt }: DequeuedMessageItem): Promise<void> => {
    await queue.updateMessage(messageId, popReceipt, undefined, 0);
  };

  const fetchMessages = async (): Promise<readonly DequeuedMessageItem[]> => {
    const request = { numberOfMessages: settings.batchSize, visibilityTimeout: leaseSeconds };
    try {
      const { receivedMessageItems } = await withQueue(queue, () => queue.receiveMessages(request));
      outage.over();
      return receivedMessageItems;
    } catch (error) {
      outage.failed(error);
      return [];
    }
  };

  const poll = async (): Promise<void> => {
    let pauseMilliseconds = FIRST_PAUSE_MILLISECONDS;
    while (!stopping.signal.aborted) {
      const messages = await fetchMessages();
      // Not aborted on stop, but handed back: an aborted request may have hidden messages all the same.
      const handle = stopping.signal.aborted ? giveBack : deliver;
      for (const message of messages) {
        const handled: Promise<void> = handle(message)
          .catch(onMessageFailure(message.messageId))
          .finally(() => inFlight.delete(handled));
        inFlight.add(handled);
      }
      if (messages.length > 0) {
        pauseMilliseconds = FIRST_PAUSE_MILLISECONDS;
        while (inFlight.size > settings.newBatchThreshold) await Promise.race(inFlight);
      } else {
        await pause(pauseMilliseconds, stopping.signal);
        pauseMilliseconds = Math.min(pauseMilliseconds * 2, settings.maxPollingIntervalMilliseconds);
      }
    }
  };

  return {
    start() {
      polling = poll();
    },
    async stop() {
      stopping.abort();
      await polling;
      await Promise.all(inFlight);
    },
  };
};
