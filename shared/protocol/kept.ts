import { z } from 'zod';
import { keeperFields, refuseBoth } from './keeper-fields.ts';
import { keeperSchema } from './keeper-object.ts';
import { createBodySchema, sessionSchema, updateBodySchema } from './session-2021.ts';
import { createV1Schema, sessionV1Schema, updateV1Schema } from './session-v1.ts';

/** The bodies of both generations as the keeper takes and shows them: with its own fields, and its own object. */

/** An update says something: this is what it is told otherwise, of its main field. */
const isMissing = (mainField: string) => ({ path: [mainField], error: 'is missing' });
const saysSomething = (body: object): boolean => Object.values(body).some((value) => value !== undefined);

export const createKeptV1Schema = createV1Schema.extend(keeperFields).superRefine(refuseBoth);
export const updateKeptV1Schema = updateV1Schema
  .partial()
  .extend(keeperFields)
  .superRefine(refuseBoth)
  .refine(saysSomething, isMissing('maxLeaseTime'));
export const keptSessionV1Schema = sessionV1Schema.extend({ keeper: keeperSchema });
export type KeptSessionV1 = z.output<typeof keptSessionV1Schema>;
export const keptListV1Schema = z.strictObject({ sessions: z.array(keptSessionV1Schema) });

export const createKeptSchema = createBodySchema.extend(keeperFields).superRefine(refuseBoth);
export const updateKeptSchema = updateBodySchema
  .partial()
  .extend(keeperFields)
  .superRefine(refuseBoth)
  .refine(saysSomething, isMissing('maxLeaseTimeMinutes'));
export const keptSessionSchema = sessionSchema.extend({ keeper: keeperSchema });
export type KeptSession = z.output<typeof keptSessionSchema>;
export const keptListSchema = z.strictObject({
  sessions: z.array(keptSessionSchema),
  '@nextLink': z.url().optional(),
});

/** The answer to a heartbeat. */
export const heartbeatSchema = z.strictObject({
  status: sessionV1Schema.shape.sessionStatus,
  leaseEnd: z.iso.datetime().nullable(),
  idleAt: z.iso.datetime().nullable(),
});
