import * as z from 'zod';
import type { Wishes } from '../session.ts';
import { storedJson } from '../stored-json.ts';
import { ABOVE_ZERO, timeSpanSchema } from './time-span-schema.ts';

/** The keeper's own fields: optional in the bodies of both API generations. */

const MAX_TAGS = 16;
const MAX_TAG_CHARACTERS = 256;
/** As they are stored, in JSON: one table property holds 32 Ki characters, and some take six each. */
const MAX_TAGS_CHARACTERS = 16_000;
/** No lease is longer than a day, so no idle timeout or lifetime needs to be. */
const MAX_MINUTES = 24 * 60;

const inRange = (minutes: number): boolean => minutes > 0 && minutes <= MAX_MINUTES;

const SPAN = 'must be a time span above zero and at most 24 h, such as "00:30:00", or null';
const spanMinutes = timeSpanSchema(inRange, { notOne: SPAN, notAllowed: SPAN }).meta(ABOVE_ZERO);

const plainMinutes = z
  .number({ error: 'must be a number of minutes, or null' })
  .refine(inRange, `must be above zero and at most ${MAX_MINUTES}`)
  .meta({ exclusiveMinimum: 0, maximum: MAX_MINUTES });

const tag = z
  .string({ error: 'must be a string' })
  .max(MAX_TAG_CHARACTERS, `must have at most ${MAX_TAG_CHARACTERS} characters`);

const INSTEAD = 'a fraction is good. Give one of the two.';
const IDLE =
  'Stop the session after so long without use; null: never. Left out of a create: as the account has it.';
const LIFETIME =
  'Stop the session so long after Ready, whatever happens; null: no limit. Left out of a create: as the account has it.';

/** To be added to the schema of a body, with `refuseBoth`; read the result with `wishesOf`. */
export const keeperFields = {
  keepAlive: z
    .boolean({ error: 'must be true or false' })
    .optional()
    .meta({ description: 'Extend the lease before it ends. Left out of a create: as the account has it.' }),
  idleTimeout: spanMinutes
    .nullable()
    .optional()
    .meta({ description: `${IDLE} A time span of at most ${MAX_MINUTES / 60} hours.` }),
  idleTimeoutMinutes: plainMinutes
    .nullable()
    .optional()
    .meta({ description: `The same as \`idleTimeout\`, in minutes; ${INSTEAD}` }),
  maxLifetime: spanMinutes
    .nullable()
    .optional()
    .meta({ description: `${LIFETIME} A time span of at most ${MAX_MINUTES / 60} hours.` }),
  maxLifetimeMinutes: plainMinutes
    .nullable()
    .optional()
    .meta({ description: `The same as \`maxLifetime\`, in minutes; ${INSTEAD}` }),
  tags: z
    .record(z.string(), tag, { error: 'must be an object of strings' })
    .refine((tags) => Object.keys(tags).length <= MAX_TAGS, `must have at most ${MAX_TAGS} entries`)
    .refine(
      (tags) => storedJson(tags).length <= MAX_TAGS_CHARACTERS,
      `must have at most ${MAX_TAGS_CHARACTERS} characters in all`,
    )
    .refine((tags) => !Object.hasOwn(tags, ''), 'a tag needs a name')
    .refine(
      (tags) => Object.keys(tags).every((name) => name.length <= MAX_TAG_CHARACTERS),
      `a name must have at most ${MAX_TAG_CHARACTERS} characters`,
    )
    .optional()
    .meta({
      description: `Words of your own, shown again with the session; an update replaces all of them. At most ${MAX_TAGS_CHARACTERS} characters in all, as JSON.`,
      maxProperties: MAX_TAGS,
      propertyNames: { type: 'string', minLength: 1, maxLength: MAX_TAG_CHARACTERS },
    }),
};

interface KeeperFields {
  keepAlive?: boolean | undefined;
  idleTimeout?: number | null | undefined;
  idleTimeoutMinutes?: number | null | undefined;
  maxLifetime?: number | null | undefined;
  maxLifetimeMinutes?: number | null | undefined;
  tags?: Record<string, string> | undefined;
}

/** What `refuseBoth` refuses, in the words of JSON Schema. */
export const NOT_BOTH = {
  dependentSchemas: {
    idleTimeout: { propertyNames: { not: { const: 'idleTimeoutMinutes' } } },
    maxLifetime: { propertyNames: { not: { const: 'maxLifetimeMinutes' } } },
  },
} as const;

/** A value may be given as a time span or in minutes, and not as both: which one would count? */
export const refuseBoth = (body: KeeperFields, context: z.core.$RefinementCtx): void => {
  const both = (['idleTimeout', 'maxLifetime'] as const).find(
    (name) => body[name] !== undefined && body[`${name}Minutes`] !== undefined,
  );
  if (both === undefined) return;
  const message = `is given twice, as ${both} and as ${both}Minutes`;
  context.issues.push({ code: 'custom', input: body, path: [both], message });
};

/** What a checked body wants of the keeper. */
export const wishesOf = (body: KeeperFields): Wishes => ({
  keepAlive: body.keepAlive,
  idleTimeoutMinutes: body.idleTimeout === undefined ? body.idleTimeoutMinutes : body.idleTimeout,
  maxLifetimeMinutes: body.maxLifetime === undefined ? body.maxLifetimeMinutes : body.maxLifetime,
  tags: body.tags,
});
