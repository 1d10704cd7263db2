import { z } from 'zod';

/**
 * A session as the API generation `2021-01-01` shows it. Both sides use this file: the session host writes
 * these bodies, the keeper's upstream client reads them.
 */

export const API_VERSION = '2021-01-01';
export const SUPPORTED_API_VERSIONS = ['2021-01-01-preview', '2021-01-01'] as const;

export const SIZES = ['Standard', 'Premium'] as const;
export type Size = (typeof SIZES)[number];

/** `size` in any letter case, as both generations allow. */
export const sizeSchema = z
  .string({ error: 'must be "Standard" or "Premium"' })
  .transform((text, context) => {
    const size = SIZES.find((known) => known.toLowerCase() === text.toLowerCase());
    if (size !== undefined) return size;
    context.issues.push({ code: 'custom', input: text, message: 'must be "Standard" or "Premium"' });
    return z.NEVER;
  });

/** At most this many models: one table property holds 32 Ki characters, and their list must fit. */
const MAX_MODELS = 64;
const MAX_MODELS_CHARACTERS = 30_000;

/** Asset containers to load before the first frame: absolute URLs. */
export const modelsSchema = z
  .array(z.string({ error: 'must be an absolute URL' }), { error: 'must be an array of absolute URLs' })
  .max(MAX_MODELS, `must have at most ${MAX_MODELS} entries`)
  .refine((models) => models.every(isAbsoluteUrl), 'must be an array of absolute http(s) URLs')
  .refine((models) => JSON.stringify(models).length <= MAX_MODELS_CHARACTERS, {
    error: `must have at most ${MAX_MODELS_CHARACTERS} characters in all`,
  });

function isAbsoluteUrl(text: string): boolean {
  return /^https?:$/.test(URL.parse(text)?.protocol ?? '');
}

/** The most that a create may ask for; 1440 minutes are a day. */
export const MAX_CREATE_LEASE_MINUTES = 1440;
/** The most that an extension reaches: the service wants "below 1440". */
export const MAX_EXTENDED_LEASE_MINUTES = 1439;

const wholeMinutes = z
  .number({ error: 'must be a whole number of minutes' })
  .refine(Number.isInteger, 'must be a whole number of minutes')
  .refine((minutes) => minutes >= 0, 'The maxLeaseTimeMinutes value cannot be negative.');

/** The body of `PUT …/sessions/{sessionId}`. `models` is not the service's: the session host hands it to the process. */
export const createBodySchema = z.object({
  maxLeaseTimeMinutes: wholeMinutes.max(
    MAX_CREATE_LEASE_MINUTES,
    `must be at most ${MAX_CREATE_LEASE_MINUTES}`,
  ),
  size: sizeSchema,
  models: modelsSchema.default([]),
});
export type CreateBody = z.input<typeof createBodySchema>;

/** The body of `PATCH …/sessions/{sessionId}`; whether the value is large enough is the session's to say (422). */
export const updateBodySchema = z.object({ maxLeaseTimeMinutes: wholeMinutes });

export const STATUSES = ['Starting', 'Ready', 'Stopped', 'Expired', 'Error'] as const;
export type Status = (typeof STATUSES)[number];

/**
 * The properties of a session. Readers accept what an older edition of the service sent for what it did not know
 * yet (`0` and `null`), and ignore unknown fields; an unknown status is no answer at all.
 */
export const propertiesSchema = z.object({
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
export type Properties = z.input<typeof propertiesSchema>;

/** A page of `GET …/sessions`. */
export const listSchema = z.object({
  sessions: z.array(propertiesSchema),
  '@nextLink': z.string().nullish(),
});

/** `creationTime`: ISO 8601 with seven digits of fraction and `+00:00`. */
export const formatCreationTime = (at: Date): string => at.toISOString().replace('Z', '0000+00:00');

/** A session id: case-sensitive, letters, digits, `-` and `_`, at most 256. */
export const SESSION_ID = /^[A-Za-z0-9_-]{1,256}$/;
/** An account id is a GUID, in any letter case. */
export const ACCOUNT_ID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
