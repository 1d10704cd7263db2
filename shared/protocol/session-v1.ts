import * as z from 'zod';
import { BadRequestError, LeaseNotLargerError, LeaseTooLongError } from '../errors.ts';
import type { ShownSession } from './shown-session.ts';
import { formatTimeSpan } from './time-span.ts';
import { ABOVE_ZERO, timeSpanSchema } from './time-span-schema.ts';
import {
  MAX_CREATE_LEASE_MINUTES,
  MAX_EXTENDED_LEASE_MINUTES,
  MODELS,
  modelsSchema,
  SESSION_STATUS,
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
  }).meta(ABOVE_ZERO);

const createdLease = leaseTime((minutes) => minutes <= MAX_CREATE_LEASE_MINUTES, 'at most 24 hours');
/** How far an extension may reach is said together with the current value, which the keeper knows. */
const extendedLease = leaseTime(() => true, 'below 24 hours');

/** The body of `POST /v1/accounts/{accountId}/sessions/create`. */
export const createV1Schema = z.object({
  maxLeaseTime: createdLease.meta({
    description: 'The lease: total run time since Ready, as a time span above zero and of at most 24 hours.',
  }),
  models: modelsSchema
    .nullish()
    .transform((models) => models ?? [])
    .meta({ description: MODELS }),
  size: sizeSchema
    .nullish()
    .transform((size) => size ?? 'Standard')
    .meta({ description: 'Size of the server; the letter case does not matter. Absent or null: Standard.' }),
});

/** The body of `PATCH /v1/accounts/{accountId}/sessions/{sessionId}`. */
export const updateV1Schema = z.object({
  maxLeaseTime: extendedLease.meta({
    description: `The new lease: total run time since Ready, as a time span. Larger than the last total that you were granted (what is shown may be more), and at most ${formatTimeSpan(MAX_EXTENDED_LEASE_MINUTES)}.`,
  }),
});

/** The answer to a create. */
export const createdV1Schema = z.strictObject({
  sessionId: z.string().meta({ description: 'Id of the new session, a GUID.', format: 'uuid' }),
});

export type CreatedV1 = z.output<typeof createdV1Schema>;

const timeSpanText = z.string().regex(/^(\d+\.)?\d\d:\d\d:\d\d$/);

/** The properties of a session. */
export const sessionV1Schema = z.strictObject({
  message: z.string().nullable().meta({
    description: 'What there is to say about the status: why it ended, or what failed.',
  }),
  sessionElapsedTime: timeSpanText.meta({
    description: 'Run time since Ready, as `[d.]hh:mm:ss`; zero before Ready.',
    examples: ['00:12:05'],
  }),
  sessionHostname: z.string().nullable().meta({ description: 'Host of the server; null before Ready.' }),
  sessionId: z.string().meta({ description: 'Id of the session; case-sensitive.' }),
  sessionMaxLeaseTime: timeSpanText.meta({
    description: 'The lease: total run time since Ready, as `[d.]hh:mm:ss`. The keeper may have extended it.',
    examples: ['04:00:00'],
  }),
  sessionSize: z.enum(SIZES).meta({ description: 'Size of the server.' }),
  sessionStatus: z.enum([...STATUSES, 'Stopping']).meta({ description: SESSION_STATUS }),
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
