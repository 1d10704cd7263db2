import { errorAnswer } from '../protocol/error-body.ts';
import { ERRORS, type ErrorName } from './errors.ts';
import { HEADERS, type HeaderName, headersOf, type Kind } from './headers.ts';
import { type AnswerSpec, namedExamples, type OperationSpec } from './operation.ts';
import { schemaRef } from './schemas.ts';
import type { Reference, Response } from './types.ts';

/** What calls are answered. Of errors, the status, the headers and the bodies are what the code makes of them. */

interface Answer {
  readonly status: number;
  readonly response: Response;
  /** Under which name it is shared among calls of one kind. */
  readonly sharedAs?: string;
}

/** The answers of a call by their status, the shared ones by reference. */
export const responsesOf = (spec: OperationSpec): Record<string, Response | Reference> => {
  const answers = answersOf(spec);
  const responses = answers.map(({ status, response, sharedAs }): [string, Response | Reference] => [
    String(status),
    sharedAs === undefined ? response : { $ref: `#/components/responses/${sharedAs}` },
  ]);
  if (new Set(responses.map(([status]) => status)).size < responses.length) {
    throw new RangeError(`${spec.operationId} says twice what a status means`);
  }
  return Object.fromEntries(responses);
};

/** All that are shared among these calls, by name. */
export const sharedResponses = (specs: readonly OperationSpec[]): Record<string, Response> =>
  Object.fromEntries(
    specs
      .flatMap(answersOf)
      .flatMap(({ response, sharedAs }) => (sharedAs === undefined ? [] : [[sharedAs, response] as const]))
      .sort(([left], [right]) => (left < right ? -1 : 1)),
  );

const answersOf = (spec: OperationSpec): Answer[] => {
  const { method, isVersioned = false } = spec;
  const kind = { isReading: method === 'get' || method === 'head', isVersioned };
  const answers = [
    ...spec.answers.map((answer) => ({ status: answer.status, response: responseOf(answer, kind) })),
    ...spec.errors.map((name) => errorOf(name, kind)),
  ];
  return method === 'head' ? answers.map(withoutBody) : answers;
};

/** What a HEAD is answered, which nothing else is. */
const withoutBody = ({ status, response: { content, ...response } }: Answer): Answer => ({
  status,
  response,
});

const responseOf = ({ description, headers = [], body }: AnswerSpec, kind: Kind): Response => ({
  description,
  headers: headersOf(kind, headers),
  ...(body === undefined
    ? {}
    : {
        content: {
          [body.type ?? 'application/json']: {
            schema: schemaRef(body.schema),
            ...(body.examples === undefined ? {} : { examples: namedExamples(body.examples) }),
          },
        },
      }),
});

const isHeaderName = (name: string): name is HeaderName => Object.hasOwn(HEADERS, name);

const errorOf = (name: ErrorName, kind: Kind): Answer => {
  const { description, examples } = ERRORS[name];
  const answers = Object.entries(examples).map(([summary, error]) => ({ summary, ...errorAnswer(error) }));
  const [first] = answers;
  if (first === undefined || answers.some(({ status }) => status !== first.status)) {
    throw new RangeError(`the examples of ${name} do not have one status`);
  }
  const headers = Object.keys(first.headers).filter(isHeaderName);
  const bodies = Object.fromEntries(answers.map(({ summary, body }) => [summary, body]));
  return {
    status: first.status,
    response: responseOf(
      { status: first.status, description, headers, body: { schema: 'ErrorBody', examples: bodies } },
      kind,
    ),
    sharedAs: `${name}${kind.isVersioned ? '2021' : ''}${kind.isReading ? 'OnGet' : ''}`,
  };
};
