import { describe, expect, it } from 'vitest';
import { openApiDocument } from '../../shared/openapi/document.ts';
import type {
  Header,
  MediaType,
  Operation,
  Parameter,
  Reference,
  Response,
} from '../../shared/openapi/types.ts';
import { SUPPORTED_API_VERSIONS } from '../../shared/protocol/api-version.ts';
import { ACCOUNT_ID, MAX_CREATE_LEASE_MINUTES } from '../../shared/protocol/vocabulary.ts';
import { checkValues, resolve } from '../openapi.ts';

const document = openApiDocument({ version: '1.2.3' });
const checkValue = checkValues(document);

const calls = Object.entries(document.paths).flatMap(([path, item]) =>
  Object.entries(item).map(([method, operation]) => ({
    call: `${method.toUpperCase()} ${path}`,
    path,
    operation: operation as Operation,
  })),
);
const named = (name: string): Operation => {
  const found = calls.find(({ operation }) => operation.operationId === name);
  if (found === undefined) throw new RangeError(`there is no ${name}`);
  return found.operation;
};
const resolved = (response: Response | Reference | undefined): Response => {
  if (response === undefined) throw new RangeError('there is no such response');
  return '$ref' in response ? (resolve(document, response) as Response) : response;
};
const statusesOf = (name: string): number[] => Object.keys(named(name).responses).map(Number);
const parametersOf = ({ parameters }: Operation): Parameter[] =>
  parameters.map((reference) => resolve(document, reference) as Parameter);

const referencesIn = (value: unknown): string[] => {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, part]) =>
    key === '$ref' ? [String(part)] : referencesIn(part),
  );
};

describe('the document', () => {
  it('is JSON, and the same each time', () => {
    const text = JSON.stringify(document);
    expect(JSON.parse(text)).toEqual(document);
    expect(JSON.stringify(openApiDocument({ version: '1.2.3' }))).toBe(text);
    expect(document).toMatchObject({ openapi: '3.1.0', info: { version: '1.2.3' } });
  });

  it('has everything that it refers to, and nothing that is not referred to', () => {
    const references = new Set(referencesIn(document));
    for (const $ref of references) expect(() => resolve(document, { $ref })).not.toThrow();
    const { securitySchemes, ...components } = document.components;
    const defined = Object.entries(components).flatMap(([kind, parts]) =>
      Object.keys(parts).map((name) => `#/components/${kind}/${name}`),
    );
    expect(defined.filter((name) => !references.has(name))).toEqual([]);
    const schemes = calls.flatMap(({ operation }) => operation.security.flatMap((one) => Object.keys(one)));
    expect(new Set(schemes)).toEqual(new Set(Object.keys(securitySchemes)));
  });

  it('names its components as OpenAPI allows', () => {
    const names = Object.values(document.components).flatMap((parts) => Object.keys(parts));
    expect(names.filter((name) => !/^[A-Za-z0-9._-]+$/.test(name))).toEqual([]);
  });

  it('has only examples that its schemas accept', () => {
    const mediaTypes = [
      ...calls.flatMap(({ operation }) => Object.values(operation.requestBody?.content ?? {})),
      ...calls.flatMap(({ operation }) =>
        Object.values(operation.responses).flatMap((response) =>
          Object.values(resolved(response).content ?? {}),
        ),
      ),
    ];
    const shown = mediaTypes.flatMap(({ schema, examples = {} }: MediaType) =>
      Object.values(examples).map(({ value }) => ({ schema, value })),
    );
    expect(shown.length).toBeGreaterThan(100);
    const ofParameters = Object.values(document.components.parameters).flatMap(({ schema, example }) =>
      example === undefined ? [] : [{ schema, value: example }],
    );
    expect([...shown, ...ofParameters].flatMap(({ schema, value }) => checkValue(schema, value))).toEqual([]);
  });

  it('has only schemas that compile, with examples that they accept themselves', () => {
    const examplesIn = (value: unknown): string[] => {
      if (typeof value !== 'object' || value === null) return [];
      const { examples } = value as { examples?: unknown };
      const own = Array.isArray(examples) ? examples.flatMap((one) => checkValue(value, one)) : [];
      return [...own, ...Object.values(value).flatMap(examplesIn)];
    };
    const { schemas, headers, parameters } = document.components;
    expect([schemas, headers, parameters].flatMap(examplesIn)).toEqual([]);
    for (const name of Object.keys(schemas)) {
      expect(() => checkValue({ $ref: `#/components/schemas/${name}` }, {})).not.toThrow();
    }
  });
});

describe('every call', () => {
  it('has an id of its own, a summary, a description, a tag that is described, and says who may call it', () => {
    const ids = calls.map(({ operation }) => operation.operationId);
    expect(new Set(ids).size).toBe(ids.length);
    const tags = document.tags.map(({ name }) => name);
    for (const { operation } of calls) {
      expect(operation.summary).toMatch(/^[A-Z].*[^.]$/);
      expect(operation.description).toMatch(/\.$/);
      expect(operation.tags.length).toBe(1);
      expect(tags).toContain(operation.tags[0]);
      expect(Array.isArray(operation.security)).toBe(true);
    }
    const open = calls.filter(({ operation }) => operation.security.length === 0).map(({ path }) => path);
    expect(new Set(open)).toEqual(new Set(['/health', '/openapi.json', '/docs']));
  });

  it('describes each parameter of its path, and no other', () => {
    for (const { path, operation } of calls) {
      const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      const described = parametersOf(operation).filter((parameter) => parameter.in === 'path');
      expect(described.map(({ name }) => name)).toEqual(inPath);
      expect(described.every(({ required }) => required === true)).toBe(true);
    }
  });

  it('has the headers of every answer, those of reading only where it reads, and what the status needs', () => {
    for (const { call, operation } of calls) {
      const isReading = /^(GET|HEAD) /.test(call);
      for (const [status, response] of Object.entries(operation.responses)) {
        const { headers, content } = resolved(response);
        const names = Object.keys(headers);
        expect(names, `${call} ${status}`).toEqual(
          expect.arrayContaining(['MS-CV', 'X-Content-Type-Options']),
        );
        expect(names.includes('Cache-Control')).toBe(isReading);
        expect(names.includes('api-supported-versions')).toBe(operation.tags[0] === 'Sessions 2021-01-01');
        expect(names.includes('WWW-Authenticate')).toBe(status === '401');
        expect(names.includes('Retry-After')).toBe(status === '429' || status === '503');
        if (call.startsWith('HEAD')) expect(content).toBeUndefined();
        for (const reference of Object.values(headers)) {
          expect((resolve(document, reference) as Header).required).toBe(true);
        }
      }
    }
  });

  it('is answered with a body, but where the answer is empty', () => {
    const empty = calls.flatMap(({ call, operation }) =>
      Object.entries(operation.responses)
        .filter(([, response]) => resolved(response).content === undefined)
        .map(([status]) => `${call} ${status}`),
    );
    expect(empty.filter((answer) => !answer.startsWith('HEAD'))).toEqual([
      'GET /accounts/{accountId}/token 401',
      'PATCH /v1/accounts/{accountId}/sessions/{sessionId} 200',
      'DELETE /v1/accounts/{accountId}/sessions/{sessionId} 204',
      'POST /accounts/{accountId}/sessions/{sessionId}/:stop 204',
    ]);
  });
});

it.each<[string, number[]]>([
  ['getToken', [200, 400, 401, 500]],
  ['createSessionV1', [202, 400, 401, 403, 409, 413, 429, 500, 503]],
  ['listSessionsV1', [200, 400, 401, 403, 429, 500, 503]],
  ['getSessionV1', [200, 400, 401, 403, 404, 429, 500, 503]],
  ['updateSessionV1', [200, 400, 401, 403, 404, 409, 413, 429, 500, 503]],
  ['stopSessionV1', [204, 400, 401, 403, 404, 429, 500, 503]],
  ['heartbeatV1', [200, 400, 401, 403, 404, 409, 429, 500, 503]],
  ['createSession', [200, 201, 400, 401, 403, 409, 413, 429, 500, 503]],
  ['listSessions', [200, 400, 401, 403, 429, 500, 503]],
  ['getSession', [200, 400, 401, 403, 404, 429, 500, 503]],
  ['updateSession', [200, 400, 401, 403, 404, 413, 422, 429, 500, 503]],
  ['stopSession', [204, 400, 401, 403, 404, 429, 500, 503]],
  ['heartbeat', [200, 400, 401, 403, 404, 409, 429, 500, 503]],
  ['getHealth', [200, 500, 503]],
  ['headHealth', [200, 500, 503]],
  ['getOpenApi', [200, 500]],
  ['getDocs', [200, 500]],
])('%s is answered with %j', (name, statuses) => {
  expect(statusesOf(name)).toEqual(statuses);
});

it('has the parameters that the code reads', () => {
  const { ApiVersion, AccountId, SessionId } = document.components.parameters;
  expect(ApiVersion).toMatchObject({ name: 'api-version', required: true });
  expect(ApiVersion?.schema.enum).toEqual(SUPPORTED_API_VERSIONS);
  const upper = '9F0D5E1C-7F3A-4A52-9C1E-2B64D1A0C7E5';
  for (const id of [upper, upper.toLowerCase(), 'x', `${upper}0`, upper.replace('F', 'G')]) {
    expect(checkValue(AccountId?.schema ?? {}, id).length === 0, id).toBe(ACCOUNT_ID.test(id));
  }
  expect(checkValue(SessionId?.schema ?? {}, 'a b').length).toBe(1);
  for (const { operation } of calls) {
    const names = parametersOf(operation).map(({ name }) => name);
    expect(names.includes('api-version')).toBe(operation.tags[0] === 'Sessions 2021-01-01');
    const isShownOrChanged = /^(get|update)Session(V1)?$/.test(operation.operationId);
    expect(names.includes('X-Keeper-Activity')).toBe(isShownOrChanged);
    expect(names.includes('continuation')).toBe(operation.operationId === 'listSessions');
  }
});

it('tells the limits of the code', () => {
  expect(document.components.schemas.CreateSession?.properties?.maxLeaseTimeMinutes).toMatchObject({
    type: 'integer',
    minimum: 0,
    maximum: MAX_CREATE_LEASE_MINUTES,
  });
});
