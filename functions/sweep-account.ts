import type { StorageQueueHandler } from '@azure/functions';
import { sweepFor } from '../shared/sweep-message.ts';
import type { Services } from './http/endpoint.ts';
import { inInvocation } from './invocation-log.ts';

/** The queue: one sweep of one account. */
export const sweepAccount =
  ({ keepers, telemetry }: Services): StorageQueueHandler =>
  (message, context) =>
    inInvocation(context, () => sweepFor(message, keepers, telemetry));
