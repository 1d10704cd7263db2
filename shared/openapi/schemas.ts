import * as z from 'zod';
import { errorBodySchema } from '../protocol/error-body.ts';
import { keeperSchema } from '../protocol/keeper-object.ts';
import {
  createKeptSchema,
  createKeptV1Schema,
  heartbeatSchema,
  keptListSchema,
  keptListV1Schema,
  keptSessionSchema,
  keptSessionV1Schema,
  updateKeptSchema,
  updateKeptV1Schema,
} from '../protocol/kept.ts';
import { healthSchema, tokenSchema } from '../protocol/service-bodies.ts';
import { createdV1Schema } from '../protocol/session-v1.ts';
import type { JsonSchema, Reference } from './types.ts';

/** The schemas that check the requests and type the answers, as the JSON Schemas of the description. */

const REQUESTS = {
  CreateSessionV1: createKeptV1Schema,
  UpdateSessionV1: updateKeptV1Schema,
  CreateSession: createKeptSchema,
  UpdateSession: updateKeptSchema,
};

const ANSWERS = {
  SessionV1: keptSessionV1Schema,
  SessionListV1: keptListV1Schema,
  SessionCreatedV1: createdV1Schema,
  Session: keptSessionSchema,
  SessionList: keptListSchema,
  Keeper: keeperSchema,
  Heartbeat: heartbeatSchema,
  Token: tokenSchema,
  Health: healthSchema,
  OpenApi: z
    .looseObject({ openapi: z.string(), info: z.looseObject({}), paths: z.looseObject({}) })
    .meta({ description: 'An OpenAPI 3.1 document.' }),
  HtmlPage: z.string().meta({ description: 'A page in HTML.' }),
  ErrorBody: errorBodySchema.meta({
    description: 'What is wrong: the body of every error, but where none is said.',
  }),
};

export type SchemaName = keyof typeof REQUESTS | keyof typeof ANSWERS;

const uriOf = (name: string): string => `#/components/schemas/${name}`;
export const schemaRef = (name: SchemaName): Reference => ({ $ref: uriOf(name) });

export const componentSchemas = (): Record<string, JsonSchema> => ({
  ...converted(REQUESTS, 'input'),
  ...converted(ANSWERS, 'output'),
});

const converted = (schemas: Readonly<Record<string, z.ZodType>>, io: 'input' | 'output') => {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(schemas)) registry.add(schema, { id });
  const { schemas: made } = z.toJSONSchema(registry, { io, uri: uriOf, override: clear });
  return Object.fromEntries(Object.entries(made).map(([name, schema]) => [name, component(schema)]));
};

/** Takes out what says nothing: integers as far as JavaScript counts, a format's pattern, string keys, free fields. */
const clear = ({ zodSchema, jsonSchema }: Parameters<Override>[0]): void => {
  const { def } = zodSchema._zod;
  if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
  if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
  if ('format' in def && def.format === 'datetime') delete jsonSchema.pattern;
  if (JSON.stringify(jsonSchema.additionalProperties) === '{}') delete jsonSchema.additionalProperties;
  if (JSON.stringify(jsonSchema.propertyNames) === '{"type":"string"}') delete jsonSchema.propertyNames;
};
type Override = NonNullable<z.core.ToJSONSchemaParams['override']>;

/** As a component, which has its name and its dialect from the document; what a reader looks for comes first. */
const component = ({ $schema, $id, ...schema }: Record<string, unknown>): JsonSchema => inOrder(schema);

const inOrder = (value: unknown): JsonSchema =>
  JSON.parse(JSON.stringify(value), (_, part: unknown) => {
    if (typeof part !== 'object' || part === null || Array.isArray(part)) return part;
    const { type, description, ...rest } = part as Record<string, unknown>;
    return {
      ...(type === undefined ? {} : { type }),
      ...(description === undefined ? {} : { description }),
      ...rest,
    };
  });
