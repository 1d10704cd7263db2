import type { DequeuedMessageItem, QueueClient } from '@azure/storage-queue';

/** The hold on a message that was received: nobody else gets it while this lasts. */
export interface Lease {
  /** Stops renewing, and answers with the receipt that the next call about the message must show. */
  end(): Promise<string>;
}

/**
 * Keeps a received message invisible to others for as long as it is worked on, by renewing at a third of the time, so
 * that two renewals may fail. A process that dies gives it back by doing nothing.
 *
 * `onFailure` hears of each renewal that failed; the message may then be delivered a second time.
 */
export const holdLease = (
  queue: QueueClient,
  message: DequeuedMessageItem,
  leaseSeconds: number,
  onFailure: (error: unknown) => void,
): Lease => {
  let receipt = message.popReceipt;
  // Every renewal changes the receipt, so they must not overlap each other, nor the call that ends it all.
  let renewals = Promise.resolve();
  const renew = async (): Promise<void> => {
    try {
      const renewed = await queue.updateMessage(message.messageId, receipt, undefined, leaseSeconds);
      receipt = renewed.popReceipt ?? receipt;
    } catch (error) {
      onFailure(error);
    }
  };
  const timer = setInterval(
    () => {
      renewals = renewals.then(renew);
    },
    (leaseSeconds * 1000) / 3,
  );
  return {
    async end() {
      clearInterval(timer);
      await renewals;
      return receipt;
    },
  };
};
