import { z } from 'zod';
import type { Wishes } from '../session.ts';
import { timeSpanSchema } from './time-span-schema.ts';

/** The keeper's own fields: optional in the bodies of both API generations. */

const MAX_TAGS = 16;
const MAX_TAG_CHARACTERS = 256;
/** As they are stored, in JSON: one table property holds 32 Ki characters, and some take six each. */
const MAX_TAGS_CHARACTERS = 16_000;
/** No lease is longer than a day, so no idle timeout or lifetime needs to be. */
const MAX_MINUTES = 24 * 60;

const inRange = (minutes: number): boolean => minutes > 0 && minutes <= MAX_MINUTES;

const SPAN = 'must be a time span above zero and at most 24 h, such as "00:30:00", or null';
const spanMinutes = timeSpanSchema(inRange, { notOne: SPAN, notAllowed: SPAN });

const plainMinutes = z
  .number({ error: 'must be a number of minutes, or null' })
  .refine(inRange, `must be above zero and at most ${MAX_MINUTES}`);

const tag = z
  .string({ error: 'must be a string' })
  .max(MAX_TAG_CHARACTERS, `must have at most ${MAX_TAG_CHARACTERS} characters`);

/** To be added to the schema of a body, with `refuseBoth`; read the result with `wishesOf`. */
export const keeperFields = {
  keepAlive: z.boolean({ error: 'must be true or false' }).optional(),
  idleTimeout: spanMinutes.nullable().optional(),
  idleTimeoutMinutes: plainMinutes.nullable().optional(),
  maxLifetime: spanMinutes.nullable().optional(),
  maxLifetimeMinutes: plainMinutes.nullable().optional(),
  tags: z
    .record(z.string(), tag, { error: 'must be an object of strings' })
    .refine((tags) => Object.keys(tags).length <= MAX_TAGS, `must have at most ${MAX_TAGS} entries`)
    .refine(
      (tags) => JSON.stringify(tags).length <= MAX_TAGS_CHARACTERS,
      `must have at most ${MAX_TAGS_CHARACTERS} characters in all`,
    )
    .refine((tags) => !Object.hasOwn(tags, ''), 'a tag needs a name')
    .refine(
      (tags) => Object.keys(tags).every((name) => name.length <= MAX_TAG_CHARACTERS),
      `a name must have at most ${MAX_TAG_CHARACTERS} characters`,
    )
    .optional(),
};

interface KeeperFields {
  keepAlive?: boolean | undefined;
  idleTimeout?: number | null | undefined;
  idleTimeoutMinutes?: number | null | undefined;
  maxLifetime?: number | null | undefined;
  maxLifetimeMinutes?: number | null | undefined;
  tags?: Record<string, string> | undefined;
}

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
