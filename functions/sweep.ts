import type { TimerHandler } from '@azure/functions';
import type { SweepMessage } from '../shared/sweep-message.ts';
import { sweepQueue } from './http/endpoint.ts';
import { inInvocation } from './invocation-log.ts';

/** The timer: asks for one sweep of each account, so that no account waits for another. */
export const sweep =
  (accountIds: readonly string[]): TimerHandler =>
  (_timer, context) =>
    inInvocation(context, () => {
      context.extraOutputs.set(
        sweepQueue,
        accountIds.map((accountId): SweepMessage => ({ accountId })),
      );
    });
