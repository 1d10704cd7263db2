import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import type {
  Header,
  JsonSchema,
  OpenApiDocument,
  Operation,
  Reference,
  Response,
} from '../shared/openapi/types.ts';

/** Holds answers against the API's description. */

/** What is wrong with a value under a schema of the document; empty: nothing. */
export type CheckValue = (schema: JsonSchema, value: unknown) => string[];

const DOCUMENT = 'openapi.json';

/** Schemas are compiled once, when they are first asked for. */
export const checkValues = (document: OpenApiDocument): CheckValue => {
  // Parts of an object's schema may name its fields and its type without repeating them.
  const ajv = new Ajv2020({ strict: true, strictTypes: false, strictRequired: false, allErrors: true });
  addFormats.default(ajv);
  // The document is no schema: its own keys mean nothing among the keywords.
  ajv.addVocabulary(Object.keys(document));
  ajv.addSchema({ $id: DOCUMENT, ...document }, undefined, undefined, false);
  const compiled = new Map<string, ValidateFunction>();
  return (schema, value) => {
    const key = JSON.stringify(schema);
    const validate = compiled.get(key) ?? ajv.compile(absolute(schema));
    compiled.set(key, validate);
    if (validate(value)) return [];
    return (validate.errors ?? []).map(
      ({ instancePath, message, params }) => `${instancePath || 'it'} ${message} ${JSON.stringify(params)}`,
    );
  };
};

/** Outside the document, what refers to a part of it has to say to which document. */
const absolute = (schema: JsonSchema): JsonSchema =>
  schema.$ref === undefined ? schema : { ...schema, $ref: `${DOCUMENT}${schema.$ref}` };

/** What a reference means. @throws RangeError where it leads nowhere */
export const resolve = (document: OpenApiDocument, { $ref }: Reference): unknown => {
  const target = $ref
    .replace(/^#\//, '')
    .split('/')
    .reduce<unknown>((part, name) => (part as Record<string, unknown> | undefined)?.[name], document);
  if (target === undefined) throw new RangeError(`${$ref} leads nowhere`);
  return target;
};

export type CheckAnswer = (
  method: string,
  url: string,
  status: number,
  headers: Headers | Readonly<Record<string, string>>,
  bodyText: string,
) => string[];

/**
 * A function that says what is wrong with an answer: its status, its headers, its content type and its body are those
 * that the description has. `url` may be a path. An answer on no described path is an error body with 404.
 */
export const validateAgainstOpenApi = (document: OpenApiDocument): CheckAnswer => {
  const checkValue = checkValues(document);
  const find = finder(document);

  const checkHeaders = (described: Response['headers'], headers: Headers): string[] =>
    Object.entries(described).flatMap(([name, reference]) => {
      const { required, schema } = resolve(document, reference) as Header;
      const text = headers.get(name);
      if (text === null) return required ? [`the header ${name} is missing`] : [];
      const value = schema.type === 'integer' ? Number(text) : text;
      return checkValue(schema, value).map((fault) => `the header ${name}: ${text}: ${fault}`);
    });

  const checkBody = (content: Response['content'], headers: Headers, text: string): string[] => {
    const given = headers.get('content-type');
    if (content === undefined) {
      return [
        ...(text === '' ? [] : [`a body where none is described: ${text}`]),
        ...(given === null ? [] : [`the content type ${given} where no body is described`]),
      ];
    }
    const [type = '', ...parameters] = (given ?? '').toLowerCase().split(/\s*;\s*/);
    const media = content[type];
    if (media === undefined) return [`the content type ${given} is not one of ${Object.keys(content)}`];
    const charset = parameters.includes('charset=utf-8') ? [] : [`the content type ${given} is not UTF-8`];
    if (!type.endsWith('json')) return [...charset, ...(text === '' ? ['an empty body'] : [])];
    return [...charset, ...checkJson(media.schema, text)];
  };

  const checkJson = (schema: JsonSchema, text: string): string[] => {
    try {
      return checkValue(schema, JSON.parse(text)).map((fault) => `the body: ${fault}`);
    } catch (error) {
      if (error instanceof SyntaxError) return [`the body is no JSON: ${text}`];
      throw error;
    }
  };

  return (method, url, status, given, bodyText) => {
    const headers = new Headers(given);
    const path = new URL(url, 'http://keeper.invalid').pathname;
    if (isPlatforms(path, status, headers)) return bodyText === '' ? [] : ['a body of the platform'];
    const isHead = method.toUpperCase() === 'HEAD';
    const operation = find(method, path);
    const response = operation === undefined ? unknownPath(status) : operation.responses[String(status)];
    if (response === undefined) return [`the status ${status} is not described`];
    const resolved = '$ref' in response ? (resolve(document, response) as Response) : response;
    // A HEAD is answered with the headers of a body that is not sent.
    const body = isHead
      ? bodyText === ''
        ? []
        : ['a body']
      : checkBody(resolved.content, headers, bodyText);
    return [...checkHeaders(resolved.headers, headers), ...body];
  };
};

/**
 * Answers that the platform gives by itself, before any function: they have no correlation vector. A path that cannot
 * be read, and a body far above what the app takes.
 */
const isPlatforms = (path: string, status: number, headers: Headers): boolean =>
  !headers.has('MS-CV') && (status === 413 || (status === 400 && segmentsOf(path) === undefined));

const unknownPath = (status: number): Response | undefined =>
  status === 404
    ? {
        description: 'There is no such route.',
        headers: {
          'MS-CV': { $ref: '#/components/headers/MS-CV' },
          'X-Content-Type-Options': { $ref: '#/components/headers/X-Content-Type-Options' },
        },
        content: { 'application/json': { schema: { $ref: '#/components/schemas/ErrorBody' } } },
      }
    : undefined;

/** Decoded, without a slash at the end; undefined where a path cannot be read. */
const segmentsOf = (path: string): string[] | undefined => {
  if (path.includes('%00')) return undefined;
  try {
    return path.replace(/^\//, '').replace(/\/$/, '').split('/').map(decodeURIComponent);
  } catch (error) {
    if (error instanceof URIError) return undefined;
    throw error;
  }
};

const isParameter = (segment: string): boolean => /^\{\w+\}$/.test(segment);

/** As the host chooses: by the method first, then what is written before what may be anything; in any letter case. */
const finder = (document: OpenApiDocument): ((method: string, path: string) => Operation | undefined) => {
  const templates = Object.entries(document.paths)
    .map(([path, item]) => ({
      segments: segmentsOf(path) ?? [],
      operations: new Map(
        Object.entries(item).map(([method, operation]) => [method, operation as Operation]),
      ),
    }))
    .sort((left, right) => {
      const differs = left.segments.findIndex(
        (segment, index) => isParameter(segment) !== isParameter(right.segments[index] ?? ''),
      );
      return differs < 0 ? 0 : isParameter(left.segments[differs] ?? '') ? 1 : -1;
    });
  return (method, path) => {
    const given = segmentsOf(path) ?? [];
    return templates
      .filter(
        ({ segments }) =>
          segments.length === given.length &&
          segments.every((segment, index) =>
            isParameter(segment)
              ? given[index] !== ''
              : segment.toLowerCase() === given[index]?.toLowerCase(),
          ),
      )
      .map(({ operations }) => operations.get(method.toLowerCase()))
      .find((operation) => operation !== undefined);
  };
};
