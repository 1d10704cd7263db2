import * as z from 'zod';
import type { Instant } from '../lease.ts';
import { type SessionView, shownSession } from '../view.ts';
import { keeperFields, NOT_BOTH, refuseBoth } from './keeper-fields.ts';
import { keeperObject, keeperSchema } from './keeper-object.ts';
import { createBodySchema, sessionSchema, updateBodySchema, writeSession } from './session-2021.ts';
import { createV1Schema, sessionV1Schema, updateV1Schema, writeSessionV1 } from './session-v1.ts';

/** The bodies of both generations as the keeper takes and shows them: with its own fields, and its own object. */

const CHANGES =
  'What is to be changed: at least one of these fields. What is absent stays as it is, and unknown fields are ignored.';

/** An update says something: this is what it is told otherwise, of its main field. */
const isMissing = (mainField: string) => ({ path: [mainField], error: 'is missing' });
const saysSomething = (body: object): boolean => Object.values(body).some((value) => value !== undefined);
/** The same in the words of JSON Schema: not all names are others than these. Generators of clients pass over it. */
const withOneOf = (shape: object) => ({ not: { propertyNames: { not: { enum: Object.keys(shape) } } } });

export const createKeptV1Schema = createV1Schema
  .extend(keeperFields)
  .superRefine(refuseBoth)
  .meta({ description: 'What a new session is to be. Unknown fields are ignored.', ...NOT_BOTH });
const changesV1 = updateV1Schema.partial().extend(keeperFields);
export const updateKeptV1Schema = changesV1
  .superRefine(refuseBoth)
  .refine(saysSomething, isMissing('maxLeaseTime'))
  .meta({ description: CHANGES, ...NOT_BOTH, ...withOneOf(changesV1.shape) });
export const keptSessionV1Schema = sessionV1Schema
  .extend({ keeper: keeperSchema })
  .meta({ description: 'A session, as the generation v1 shows it.' });
export type KeptSessionV1 = z.output<typeof keptSessionV1Schema>;
export const keptListV1Schema = z.strictObject({
  sessions: z.array(keptSessionV1Schema).meta({
    description:
      'Those that are not over, in the order of their ids. One that did not start is among them, as an Error, until its stop is confirmed.',
  }),
});

export const createKeptSchema = createBodySchema
  .extend(keeperFields)
  .superRefine(refuseBoth)
  .meta({ description: 'What a new session is to be. Unknown fields are ignored.', ...NOT_BOTH });
const changes = updateBodySchema.partial().extend(keeperFields);
export const updateKeptSchema = changes
  .superRefine(refuseBoth)
  .refine(saysSomething, isMissing('maxLeaseTimeMinutes'))
  .meta({ description: CHANGES, ...NOT_BOTH, ...withOneOf(changes.shape) });
export const keptSessionSchema = sessionSchema
  .extend({ keeper: keeperSchema })
  .meta({ description: 'A session, as the generation 2021-01-01 shows it. What is not known is absent.' });
export type KeptSession = z.output<typeof keptSessionSchema>;
export const keptListSchema = z.strictObject({
  sessions: z.array(keptSessionSchema).meta({
    description:
      'Those that are Starting or Ready, in the order of their ids. A page may have none, and a next one.',
  }),
  '@nextLink': z.url().optional().meta({ description: 'Where the list goes on; absent at its end.' }),
});

/** The answer to a heartbeat. */
export const heartbeatSchema = z.strictObject({
  status: sessionV1Schema.shape.sessionStatus,
  leaseEnd: z.iso.datetime().nullable().meta({
    description: 'When the lease ends at the earliest; null before Ready.',
  }),
  idleAt: z.iso.datetime().nullable().meta({
    description: 'When the session is stopped unless it is used again; null where that is not ahead.',
  }),
});
export type HeartbeatBody = z.output<typeof heartbeatSchema>;

export const writeKeptV1 = (view: SessionView, now: Instant): KeptSessionV1 => ({
  ...writeSessionV1(shownSession(view.session, now)),
  keeper: keeperObject(view),
});

export const writeKept = (view: SessionView, now: Instant): KeptSession => ({
  ...writeSession(shownSession(view.session, now)),
  keeper: keeperObject(view),
});
