import { randomBytes } from 'node:crypto';
import type { StorageQueueHandler } from '@azure/functions';
import { correlationVector } from '../shared/protocol/correlation-vector.ts';
import { sweepFor } from '../shared/sweep-message.ts';
import type { Services } from './http/endpoint.ts';
import { inInvocation } from './invocation-log.ts';
import { invocationStep } from './telemetry/traced.ts';

/** The queue: one sweep of one account. */
export const sweepAccount =
  ({ keepers, telemetry, tracing }: Services): StorageQueueHandler =>
  (message, context) =>
    inInvocation(context, () =>
      tracing.step(invocationStep(context, { 'MS-CV': correlationVector(randomBytes) }), () =>
        sweepFor(message, keepers, telemetry),
      ),
    );
