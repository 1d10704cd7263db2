import { QueueClient, RestError } from '@azure/storage-queue';
import type { QueueAddress } from './bindings.ts';
import type { QueueSettings } from './host-json.ts';
import { StartupError } from './startup-error.ts';

/** Short, because somebody waits for the answer: the callers repeat by themselves, or say that it failed. */
const CLIENT_OPTIONS = { retryOptions: { maxTries: 2, retryDelayInMs: 100, tryTimeoutInMs: 5000 } };

/** The error code of the queue service, such as `QueueNotFound`, or of the connection to it, such as `ECONNREFUSED`. */
export const storageErrorCode = (error: unknown): string | undefined =>
  error instanceof RestError ? error.code : undefined;

/** One line that says why the queue service did not do as it was asked. */
export const storageErrorReason = (error: unknown): string => {
  const message = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
  return storageErrorCode(error) ?? message;
};

/**
 * Opens a queue; says nothing yet about whether it exists or can be reached.
 * Throws a StartupError if the setting that the binding names is missing or is no connection string.
 */
export const openQueue = (address: QueueAddress, env: NodeJS.ProcessEnv): QueueClient => {
  const connectionString = env[address.connection];
  if (connectionString === undefined || connectionString === '')
    throw new StartupError(`${address.connection} is not set; the queue "${address.queueName}" needs it`);
  try {
    return new QueueClient(connectionString, address.queueName, CLIENT_OPTIONS);
  } catch (error) {
    // The SDK's message may quote the connection string, which holds a key.
    throw new StartupError(`${address.connection} is not a connection string of a storage account`, {
      cause: error,
    });
  }
};

/** Does something with a queue, and creates the queue first where there is none. */
export const withQueue = async <T>(queue: QueueClient, use: () => Promise<T>): Promise<T> => {
  try {
    return await use();
  } catch (error) {
    if (storageErrorCode(error) !== 'QueueNotFound') throw error;
    await queue.createIfNotExists();
    return use();
  }
};

export const encodeMessage = (
  content: string | Uint8Array,
  encoding: QueueSettings['messageEncoding'],
): string => Buffer.from(content).toString(encoding === 'base64' ? 'base64' : 'utf8');

/** The text of a message from the wire, or undefined if it is not what the encoding says. */
export const decodeMessage = (
  wire: string,
  encoding: QueueSettings['messageEncoding'],
): string | undefined => {
  if (encoding === 'none') return wire;
  const text = Buffer.from(wire, 'base64').toString('utf8');
  // Both decoders put up with anything; only what survives the way back was well-formed.
  return Buffer.from(text, 'utf8').toString('base64') === wire ? text : undefined;
};
