import { z } from 'zod';
import { BadRequestError, LeaseNotLargerError, LeaseTooLongError } from '../errors.ts';
import type { ShownSession } from './shown-session.ts';
import { formatTimeSpan } from './time-span.ts';
import { timeSpanSchema } from './time-span-schema.ts';
import {
  MAX_CREATE_LEASE_MINUTES,
  MAX_EXTENDED_LEASE_MINUTES,
  modelsSchema,
  SIZES,
  STATUSES,
  sizeSchema,
} from './vocabulary.ts';

/** The first generation of the API, `v1`: lease times are time spans, and properties are named `session…`. */

/** The minutes of a `maxLeaseTime`; fractions stay, because they are the client's words. */
const leaseTime = (isAllowed: (minutes: number) => boolean, limit: string) =>
  timeSpanSchema((minutes) => minutes > 0 && isAllowed(minutes), {
    missing: 'is missing',
    notOne: 'must be a time span such as "04:00:00", written as a string, above zero',
    notAllowed: `must be above zero and ${limit}`,
  });

const createdLease = leaseTime((minutes) => minutes <= MAX_CREATE_LEASE_MINUTES, 'at most 24 hours');
/** How far an extension may reach is said together with the current value, which the keeper knows. */
const extendedLease = leaseTime(() => true, 'below 24 hours');

/** The body of `POST /v1/accounts/{accountId}/sessions/create`. */
export const createV1Schema = z.object({
  maxLeaseTime: createdLease,
  models: modelsSchema.nullish().transform((models) => models ?? []),
  size: sizeSchema.nullish().transform((size) => size ?? 'Standard'),
});

/** The body of `PATCH /v1/accounts/{accountId}/sessions/{sessionId}`. */
export const updateV1Schema = z.object({ maxLeaseTime: extendedLease });

/** The answer to a create. */
export const createdV1Schema = z.strictObject({ sessionId: z.string() });

const timeSpanText = z.string().regex(/^(\d+\.)?\d\d:\d\d:\d\d$/);

/** The properties of a session. */
export const sessionV1Schema = z.strictObject({
  message: z.string().nullable(),
  sessionElapsedTime: timeSpanText,
  sessionHostname: z.string().nullable(),
  sessionId: z.string(),
  sessionMaxLeaseTime: timeSpanText,
  sessionSize: z.enum(SIZES),
  sessionStatus: z.enum([...STATUSES, 'Stopping']),
});
export type SessionV1 = z.output<typeof sessionV1Schema>;

export const writeSessionV1 = (session: ShownSession): SessionV1 => ({
  message: session.message,
  sessionElapsedTime: formatTimeSpan(session.elapsedMinutes),
  sessionHostname: session.hostname,
  sessionId: session.sessionId,
  sessionMaxLeaseTime: formatTimeSpan(session.leaseMinutes),
  sessionSize: session.size,
  sessionStatus: session.isStopping ? 'Stopping' : session.status,
});

/** What is wrong with the lease of an update, with the field and the time spans of this generation. */
export const leaseErrorV1 = (error: unknown): unknown => {
  const details = { target: 'maxLeaseTime', cause: error };
  if (error instanceof LeaseNotLargerError) {
    const current = formatTimeSpan(error.currentMinutes);
    const message = `maxLeaseTime: must be larger than the current value, ${current}: it is the total since the start`;
    return new BadRequestError(message, details);
  }
  if (error instanceof LeaseTooLongError) {
    const current = formatTimeSpan(error.currentMinutes);
    const most = formatTimeSpan(MAX_EXTENDED_LEASE_MINUTES);
    return new BadRequestError(
      `maxLeaseTime: must be at most ${most}; the current value is ${current}`,
      details,
    );
  }
  return error;
};
