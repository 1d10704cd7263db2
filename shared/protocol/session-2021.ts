import * as z from 'zod';
import {
  ExtensionRefusedError,
  InvalidLeaseError,
  LeaseNotLargerError,
  LeaseTooLongError,
  SessionNotRunningError,
  SessionOverError,
} from '../errors.ts';
import type { Instant } from '../lease.ts';
import type { ShownSession } from './shown-session.ts';
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

/**
 * A session as the API generation `2021-01-01` shows it. Both sides use this file: the session host writes
 * these bodies, the keeper's upstream client reads them.
 */

const wholeMinutes = z
  .number({ error: 'must be a whole number of minutes' })
  .refine(Number.isInteger, 'must be a whole number of minutes')
  .min(0, 'The maxLeaseTimeMinutes value cannot be negative.')
  .max(MAX_CREATE_LEASE_MINUTES, `must be at most ${MAX_CREATE_LEASE_MINUTES}`)
  // JSON has a minus zero, which is another number to those who compare words.
  .overwrite((minutes) => minutes + 0)
  .meta({ type: 'integer', examples: [240] });

/** The body of `PUT …/sessions/{sessionId}`. `models` is not the service's: the session host hands it to the process. */
export const createBodySchema = z.object({
  maxLeaseTimeMinutes: wholeMinutes.meta({
    description: 'The lease: total run time since Ready, in whole minutes.',
  }),
  size: sizeSchema,
  models: modelsSchema
    .nullish()
    .transform((models) => models ?? [])
    .meta({ description: MODELS }),
});
export type CreateBody = z.input<typeof createBodySchema>;

/** The body of `PATCH …/sessions/{sessionId}`; whether the value is large enough is the session's to say (422). */
export const updateBodySchema = z.object({
  maxLeaseTimeMinutes: wholeMinutes.meta({
    description: `The new lease: total run time since Ready. Larger than the last total that you were granted (what is shown may be more), and at most ${MAX_EXTENDED_LEASE_MINUTES}: else 422.`,
  }),
});

/**
 * The properties of a session, as they are read. An older edition of the service sent `0` and `null` for what it did
 * not know yet; unknown fields are ignored; an unknown status is no answer at all.
 */
export const readSessionSchema = z.object({
  id: z.string(),
  creationTime: z.string().nullish(),
  elapsedTimeMinutes: z.number().min(0).nullish(),
  maxLeaseTimeMinutes: z.number().min(0),
  size: z.string().nullish(),
  status: z.enum(STATUSES),
  hostname: z.string().nullish(),
  arrInspectorPort: z.number().int().nullish(),
  handshakePort: z.number().int().nullish(),
  teraflops: z.number().nullish(),
  error: z.object({ code: z.string().nullish(), message: z.string().nullish() }).nullish(),
});
export type ReadSession = z.output<typeof readSessionSchema>;

/** A page of `GET …/sessions`, as it is read; each entry by itself, with `readEntry`. */
export const readListSchema = z.object({
  sessions: z.array(z.unknown()),
  '@nextLink': z.string().nullish(),
});

/** An entry of the list; of one that cannot be read, its id, where at least that is told. */
export type ReadEntry =
  | { type: 'session'; session: ReadSession }
  | { type: 'unreadable'; id: string | undefined };

export const readEntry = (entry: unknown): ReadEntry => {
  const { success, data } = readSessionSchema.safeParse(entry);
  return success
    ? { type: 'session', session: data }
    : { type: 'unreadable', id: readSessionSchema.pick({ id: true }).safeParse(entry).data?.id };
};

/** The properties of a session, as they are written: what is not known yet is absent. */
export const sessionSchema = z.strictObject({
  id: z.string().meta({ description: 'Id of the session; case-sensitive.' }),
  creationTime: z
    .string()
    .regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}\+00:00$/)
    .meta({
      description: 'When the session was created: seven digits of fraction, and `+00:00`.',
      format: 'date-time',
    }),
  elapsedTimeMinutes: z.int().min(0).meta({ description: 'Run time since Ready, rounded down.' }),
  maxLeaseTimeMinutes: z.int().min(0).max(MAX_CREATE_LEASE_MINUTES).meta({
    description: 'The lease: total run time since Ready. The keeper may have extended it.',
  }),
  size: z.enum(SIZES).meta({ description: 'Size of the server.' }),
  status: z.enum(STATUSES).meta({ description: SESSION_STATUS }),
  arrInspectorPort: z.int().optional().meta({ description: 'Port of the inspector, while Ready.' }),
  handshakePort: z.int().optional().meta({ description: 'Port that a client connects to, while Ready.' }),
  hostname: z.string().optional().meta({ description: 'Host of the server, while Ready.' }),
  teraflops: z.number().optional().meta({ description: 'Computing power of the server, while Ready.' }),
  error: z
    .strictObject({
      code: z.string().meta({ description: 'A word for machines.' }),
      message: z.string().meta({ description: 'What happened, for people.' }),
    })
    .optional()
    .meta({ description: 'Why the status is Error.' }),
});
export type Session2021 = z.output<typeof sessionSchema>;

/** Those that a list shows: a session that has ended, or did not start, is asked for by its id. */
export const isListed = ({ status }: Pick<ShownSession, 'status'>): boolean =>
  status === 'Starting' || status === 'Ready';

/** How many sessions one page of the list has at most. */
export const PAGE_SIZE = 100;

export const writeSession = (session: ShownSession): Session2021 => ({
  id: session.sessionId,
  creationTime: formatCreationTime(session.createdAt),
  elapsedTimeMinutes: Math.floor(session.elapsedMinutes),
  maxLeaseTimeMinutes: session.leaseMinutes,
  size: session.size,
  status: session.status,
  ...(session.status === 'Ready' ? serverOf(session) : {}),
  ...(session.errorCode === null
    ? {}
    : { error: { code: session.errorCode, message: session.message ?? session.errorCode } }),
});

const serverOf = ({ ports, hostname, teraflops }: ShownSession) => ({
  ...(ports.inspector === null ? {} : { arrInspectorPort: ports.inspector }),
  ...(ports.handshake === null ? {} : { handshakePort: ports.handshake }),
  ...(hostname === null ? {} : { hostname }),
  ...(teraflops === null ? {} : { teraflops }),
});

/** ISO 8601 with seven digits of fraction and `+00:00`. */
const formatCreationTime = (at: Instant): string => new Date(at).toISOString().replace('Z', '0000+00:00');

/** What is wrong with the lease of an update, in the words of this generation: 422, with its field and in minutes. */
export const leaseError2021 = (error: unknown): unknown => {
  const details = { target: 'maxLeaseTimeMinutes', cause: error };
  if (error instanceof LeaseNotLargerError) {
    const message = `The maxLeaseTimeMinutes value must be larger than the current one, ${error.currentMinutes}.`;
    return new InvalidLeaseError(message, details);
  }
  if (error instanceof LeaseTooLongError) {
    const message = `The maxLeaseTimeMinutes value must be below ${MAX_CREATE_LEASE_MINUTES}; the current one is ${error.currentMinutes}.`;
    return new InvalidLeaseError(message, details);
  }
  if (error instanceof ExtensionRefusedError) return new InvalidLeaseError(error.message, details);
  if (error instanceof SessionOverError) return new SessionNotRunningError(error.message, { cause: error });
  return error;
};
