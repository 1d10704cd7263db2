import { API_VERSION, SUPPORTED_API_VERSIONS } from '../protocol/api-version.ts';
import { ACCOUNT_ID, SESSION_ID } from '../protocol/vocabulary.ts';
import { EXAMPLE_ACCOUNT, EXAMPLE_SESSION, EXAMPLE_SESSION_V1 } from './examples.ts';
import type { Parameter } from './types.ts';

/** What calls say in their path, their query and their headers. */

export const PARAMETERS = {
  AccountId: {
    name: 'accountId',
    in: 'path',
    required: true,
    description: 'Your account: a GUID, in any letter case.',
    // JSON Schema has no flag for the letter case.
    schema: { type: 'string', format: 'uuid', pattern: ACCOUNT_ID.source.replaceAll('a-f', 'A-Fa-f') },
    example: EXAMPLE_ACCOUNT,
  },
  SessionIdV1: {
    name: 'sessionId',
    in: 'path',
    required: true,
    description:
      'The session, as its create answered. A GUID may be written in any letter case. Sessions of the other generation can be named as well.',
    schema: { type: 'string', pattern: SESSION_ID.source },
    example: EXAMPLE_SESSION_V1,
  },
  SessionId: {
    name: 'sessionId',
    in: 'path',
    required: true,
    description: 'The session: a name of your choice, case-sensitive.',
    schema: { type: 'string', pattern: SESSION_ID.source },
    example: EXAMPLE_SESSION,
  },
  ApiVersion: {
    name: 'api-version',
    in: 'query',
    required: true,
    description: 'The version of the API that you speak. Both are the same.',
    schema: { type: 'string', enum: SUPPORTED_API_VERSIONS },
    example: API_VERSION,
  },
  Continuation: {
    name: 'continuation',
    in: 'query',
    description: 'Where the list goes on: it is part of `@nextLink`, and nothing that you make yourself.',
    schema: { type: 'string' },
  },
  Activity: {
    name: 'X-Keeper-Activity',
    in: 'header',
    description:
      '`none`: this call is no use of the session, you only watch. Anything else, or nothing: it is. In any letter case.',
    schema: { type: 'string', examples: ['none'] },
  },
} as const satisfies Record<string, Parameter>;

export type ParameterName = keyof typeof PARAMETERS;
