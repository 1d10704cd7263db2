import type { ErrorName } from './errors.ts';
import type { TagName } from './guide.ts';
import type { HeaderName } from './headers.ts';
import type { ParameterName } from './parameters.ts';
import type { SchemaName } from './schemas.ts';
import type { Example, Method } from './types.ts';

/** One call of the API as data; `document.ts` makes OpenAPI of it. */
export interface OperationSpec {
  readonly operationId: string;
  readonly method: Method;
  readonly path: string;
  readonly tag: TagName;
  readonly summary: string;
  readonly description: string;
  readonly access: Access;
  /** Whether it names an `api-version`, which all its answers then tell as well. */
  readonly isVersioned?: boolean;
  readonly parameters?: readonly ParameterName[];
  readonly body?: { readonly schema: SchemaName; readonly examples: Examples };
  readonly answers: readonly AnswerSpec[];
  readonly errors: readonly ErrorName[];
}

/** What a caller has to show: a token, the account's key, or nothing. */
export type Access = 'token' | 'accountKey' | 'everybody';

export interface AnswerSpec {
  readonly status: number;
  readonly description: string;
  readonly headers?: readonly HeaderName[];
  /** Absent: the answer is empty. */
  readonly body?: { readonly type?: string; readonly schema: SchemaName; readonly examples?: Examples };
}

/** By their summaries. */
export type Examples = Readonly<Record<string, unknown>>;

/** Examples as OpenAPI has them, each under a name made of its summary. */
export const namedExamples = (examples: Examples): Record<string, Example> =>
  Object.fromEntries(
    Object.entries(examples).map(([summary, value]) => [
      summary.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-'),
      { summary, value },
    ]),
  );

/** What every call with a token may be answered. */
export const ACCOUNT_ERRORS = ['Unauthorized', 'Forbidden', 'TooManyCalls'] as const satisfies ErrorName[];
/** Those of calls that can want a session kept alive. */
export const KEEPING_ERRORS = [
  'Unauthorized',
  'Forbidden',
  'TooManyCallsOrKept',
] as const satisfies ErrorName[];
