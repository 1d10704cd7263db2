import { GUIDE, SUMMARY, TAGS, TITLE } from './guide.ts';
import { HEADERS } from './headers.ts';
import { type Access, namedExamples, type OperationSpec } from './operation.ts';
import { OPERATIONS_2021 } from './operations-2021.ts';
import { operationsOfService } from './operations-service.ts';
import { OPERATIONS_V1 } from './operations-v1.ts';
import { PARAMETERS } from './parameters.ts';
import { responsesOf, sharedResponses } from './responses.ts';
import { componentSchemas, schemaRef } from './schemas.ts';
import type { OpenApiDocument, Operation, PathItem, SecurityScheme } from './types.ts';

/**
 * The API of the keeper in OpenAPI 3.1, made of the tables of its calls, its errors and its headers, and of the schemas
 * that check the requests and type the answers. The same for the same version.
 */
export const openApiDocument = ({ version }: { version: string }): OpenApiDocument => {
  const [tokens, ...service] = operationsOfService(version);
  const specs = [...(tokens === undefined ? [] : [tokens]), ...OPERATIONS_V1, ...OPERATIONS_2021, ...service];
  return {
    openapi: '3.1.0',
    info: {
      title: TITLE,
      version,
      summary: SUMMARY,
      description: GUIDE,
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/', description: 'The keeper that this document comes from.' }],
    tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
    paths: pathsOf(specs),
    components: {
      securitySchemes: SECURITY,
      parameters: PARAMETERS,
      headers: HEADERS,
      responses: sharedResponses(specs),
      schemas: componentSchemas(),
    },
  };
};

const SECURITY: Record<Exclude<Access, 'everybody'>, SecurityScheme> = {
  token: {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description: 'A token of the account in the path: `Authorization: Bearer TOKEN`.',
  },
  accountKey: {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'accountId:accountKey',
    description: 'Id and key of the account in the path: `Authorization: Bearer ACCOUNT_ID:ACCOUNT_KEY`.',
  },
};

const pathsOf = (specs: readonly OperationSpec[]): Record<string, PathItem> => {
  const paths: Record<string, PathItem> = {};
  for (const spec of specs) paths[spec.path] = { ...paths[spec.path], [spec.method]: operationOf(spec) };
  return paths;
};

const operationOf = (spec: OperationSpec): Operation => ({
  operationId: spec.operationId,
  tags: [spec.tag],
  summary: spec.summary,
  description: spec.description,
  security: spec.access === 'everybody' ? [] : [{ [spec.access]: [] }],
  parameters: (spec.parameters ?? []).map((name) => ({ $ref: `#/components/parameters/${name}` })),
  ...(spec.body === undefined ? {} : { requestBody: requestBodyOf(spec.body) }),
  responses: responsesOf(spec),
});

const requestBodyOf = ({ schema, examples }: NonNullable<OperationSpec['body']>) => ({
  description: 'An object in JSON or JSON5.',
  required: true,
  content: { 'application/json': { schema: schemaRef(schema), examples: namedExamples(examples) } },
});
