import { TOKEN_LIFETIME_SECONDS } from '../auth.ts';
import type { AnswerSpec, OperationSpec } from './operation.ts';

/** Tokens, and what the service tells of itself. */

const health: Pick<OperationSpec, 'path' | 'tag' | 'access' | 'errors'> = {
  path: '/health',
  tag: 'Service',
  access: 'everybody',
  errors: ['Failed'],
};
const WELL = 'The table answers. Whether the upstream does is told, and is no fault of the keeper.';
const ILL = 'The table does not answer: no call on sessions will succeed now.';

const healthAnswers = (version: string): AnswerSpec[] => [
  {
    status: 200,
    description: WELL,
    body: {
      schema: 'Health',
      examples: {
        Well: { status: 'ok', version, table: 'up', upstream: 'up' },
        'Upstream down': { status: 'ok', version, table: 'up', upstream: 'down' },
      },
    },
  },
  {
    status: 503,
    description: ILL,
    headers: ['Retry-After'],
    body: {
      schema: 'Health',
      examples: { 'Table down': { status: 'unavailable', version, table: 'down', upstream: 'up' } },
    },
  },
];

export const operationsOfService = (version: string): OperationSpec[] => [
  {
    operationId: 'getToken',
    method: 'get',
    path: '/accounts/{accountId}/token',
    tag: 'Tokens',
    access: 'accountKey',
    summary: 'Get a token',
    description: `A token for the account whose key the caller has: \`Authorization: Bearer ACCOUNT_ID:ACCOUNT_KEY\`. It is good for ${TOKEN_LIFETIME_SECONDS / 3600} hours, for all calls of this account; get a new one in good time. You may have several.`,
    parameters: ['AccountId'],
    answers: [
      {
        status: 200,
        description: 'The token.',
        body: {
          schema: 'Token',
          examples: { 'A token': { AccessToken: 'eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.e30.c2lnbmF0dXJl' } },
        },
      },
      {
        status: 401,
        description:
          'The account is unknown, or the key is wrong: it is not told which, and the answer is empty.',
        headers: ['WWW-Authenticate'],
      },
    ],
    errors: ['BadAccount', 'Failed'],
  },
  {
    ...health,
    operationId: 'getHealth',
    method: 'get',
    summary: 'Ask whether the keeper is well',
    description:
      'For load balancers, probes and people. Answers are a few seconds old at most, so it may be asked often.',
    answers: healthAnswers(version),
  },
  {
    ...health,
    operationId: 'headHealth',
    method: 'head',
    summary: 'Ask the same without a body',
    description: 'For probes that look at the status alone.',
    answers: healthAnswers(version),
  },
  {
    operationId: 'getOpenApi',
    method: 'get',
    path: '/openapi.json',
    tag: 'Service',
    access: 'everybody',
    summary: 'Get this description for machines',
    description: 'The API in OpenAPI 3.1: for client generators, test tools and API portals.',
    answers: [{ status: 200, description: 'The document.', body: { schema: 'OpenApi' } }],
    errors: ['Failed'],
  },
  {
    operationId: 'getDocs',
    method: 'get',
    path: '/docs',
    tag: 'Service',
    access: 'everybody',
    summary: 'Get this description for people',
    description: 'The same document as a page. It has no scripts, and asks nothing of any other host.',
    answers: [
      {
        status: 200,
        description: 'The page.',
        headers: ['Content-Security-Policy'],
        body: { type: 'text/html', schema: 'HtmlPage' },
      },
    ],
    errors: ['Failed'],
  },
];
