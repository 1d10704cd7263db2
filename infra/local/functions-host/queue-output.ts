import type { QueueClient } from '@azure/storage-queue';
import type { HostedFunction } from './bindings.ts';
import type { Datum, InvocationResponse } from './core-types.ts';
import type { QueueSettings } from './host-json.ts';
import { encodeMessage, openQueue, storageErrorReason, withQueue } from './queue-service.ts';

/** Sends what a function has put into its queue outputs. Fails if any of it could not be sent. */
export type SendOutputs = (response: InvocationResponse) => Promise<void>;

/** The messages that an output value stands for: an array is one for each element, as in Azure. */
export const messagesOf = (datum: Datum): readonly (string | Uint8Array)[] => {
  if (typeof datum.string === 'string') return [datum.string];
  if (datum.bytes instanceof Uint8Array) return [datum.bytes];
  if (typeof datum.json === 'string') {
    const value: unknown = JSON.parse(datum.json);
    const values: readonly unknown[] = Array.isArray(value) ? value : [value];
    return values.map((one) => (typeof one === 'string' ? one : JSON.stringify(one)));
  }
  const number = datum.int ?? datum.double;
  if (typeof number === 'number') return [String(number)];
  throw new TypeError(`a queue cannot take an output of the kind ${Object.keys(datum).join(', ')}`);
};

/** Opens the output queues of a function; queues are created when they are first written to. */
export const createOutputSender = (
  fn: HostedFunction,
  settings: QueueSettings,
  env: NodeJS.ProcessEnv,
): SendOutputs => {
  const queues = new Map<string, QueueClient>(
    fn.outputs.map((output) => [output.bindingName, openQueue(output, env)]),
  );
  const send = async (queue: QueueClient, datum: Datum): Promise<void> => {
    for (const message of messagesOf(datum)) {
      const text = encodeMessage(message, settings.messageEncoding);
      try {
        await withQueue(queue, () => queue.sendMessage(text));
      } catch (error) {
        const reason = storageErrorReason(error);
        throw new Error(`the output to the queue "${queue.name}" could not be sent: ${reason}`, {
          cause: error,
        });
      }
    }
  };
  return async (response) => {
    const values = [...(response.outputData ?? []), { name: '$return', data: response.returnValue }];
    for (const { name, data } of values) {
      const queue = queues.get(name);
      if (queue !== undefined && data !== null && data !== undefined) await send(queue, data);
    }
  };
};
