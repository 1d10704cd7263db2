import type { StorageQueueHandler } from '@azure/functions';
import { z } from 'zod';
import { faultOf } from '../shared/telemetry.ts';
import type { Services } from './http/endpoint.ts';
import { inInvocation } from './invocation-log.ts';

const messageSchema = z.object({ accountId: z.string() });

/** The queue: one sweep of one account. Messages may come late, twice or both at once; a sweep does not mind. */
export const sweepAccount =
  ({ keepers, telemetry }: Services): StorageQueueHandler =>
  (message, context) =>
    inInvocation(context, async () => {
      const parsed = messageSchema.safeParse(message);
      const keeper = parsed.success ? keepers.get(parsed.data.accountId) : undefined;
      if (keeper === undefined) {
        // Repeating it would not help: the message is not ours, or its account is no longer configured.
        const error = parsed.success ? 'the account is not configured' : 'the message is not readable';
        telemetry.report(faultOf('sweep message', error));
        return;
      }
      await keeper.sweep();
    });
