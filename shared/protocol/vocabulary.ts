import * as z from 'zod';
import { BadRequestError } from '../errors.ts';
import { storedJson } from '../stored-json.ts';

/** The words that both generations of the API share: sizes, models, limits, statuses and ids. */

export const SIZES = ['Standard', 'Premium'] as const;
export type Size = (typeof SIZES)[number];

/** A word in any letter case, for which JSON Schema has no other way than a pattern. */
const inAnyCase = (word: string): string =>
  [...word].map((letter) => `[${letter.toUpperCase()}${letter.toLowerCase()}]`).join('');

/** `size` in any letter case, as both generations allow. */
export const sizeSchema = z
  .string({ error: 'must be "Standard" or "Premium"' })
  .meta({
    description: 'Size of the server; the letter case does not matter.',
    pattern: `^(?:${SIZES.map(inAnyCase).join('|')})$`,
    examples: [...SIZES],
  })
  .transform((text, context) => {
    const size = SIZES.find((known) => known.toLowerCase() === text.toLowerCase());
    if (size !== undefined) return size;
    context.issues.push({ code: 'custom', input: text, message: 'must be "Standard" or "Premium"' });
    return z.NEVER;
  });

/** At most this many models: one table property holds 32 Ki characters, and their list must fit. */
const MAX_MODELS = 64;
const MAX_MODELS_CHARACTERS = 30_000;

const absoluteUrl = z.string({ error: 'must be an absolute URL' }).meta({
  format: 'uri',
  pattern: `^${inAnyCase('http')}[Ss]?:`,
  examples: ['https://assets.example/engine'],
});

/** Asset containers to load before the first frame: absolute URLs. */
export const modelsSchema = z
  .array(absoluteUrl, { error: 'must be an array of absolute URLs' })
  .max(MAX_MODELS, `must have at most ${MAX_MODELS} entries`)
  .refine((models) => models.every(isAbsoluteUrl), 'must be an array of absolute http(s) URLs')
  .refine((models) => storedJson(models).length <= MAX_MODELS_CHARACTERS, {
    error: `must have at most ${MAX_MODELS_CHARACTERS} characters in all`,
  });

function isAbsoluteUrl(text: string): boolean {
  return /^https?:$/.test(URL.parse(text)?.protocol ?? '');
}

/** How both generations describe `models`. */
export const MODELS = `Asset containers to load before the first frame: absolute http(s) URLs, at most ${MAX_MODELS_CHARACTERS} characters in all.`;

/** The most that a create may ask for; 1440 minutes are a day. */
export const MAX_CREATE_LEASE_MINUTES = 1440;
/** The most that an extension reaches: the service wants "below 1440". */
export const MAX_EXTENDED_LEASE_MINUTES = 1439;

export const STATUSES = ['Starting', 'Ready', 'Stopped', 'Expired', 'Error'] as const;
export type Status = (typeof STATUSES)[number];
/** How both generations describe the status of a session. */
export const SESSION_STATUS =
  'Where the session is in its life. Stopped, Expired and Error are terminal: it never leaves them.';

/** A session id: case-sensitive, letters, digits, `-` and `_`, at most 256. */
export const SESSION_ID = /^[A-Za-z0-9_-]{1,256}$/;
/** An account id is a GUID, in any letter case. */
export const ACCOUNT_ID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** @throws BadRequestError for an id that no session of this generation can have */
export const checkSessionId = (sessionId: string): string => {
  if (SESSION_ID.test(sessionId)) return sessionId;
  throw new BadRequestError('A session id has 1 to 256 letters, digits, - or _.', { target: 'sessionId' });
};
