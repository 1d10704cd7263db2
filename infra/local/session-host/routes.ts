import type { Tokens } from '../../../shared/auth.ts';
import type { Continuations } from '../../../shared/continuation.ts';
import { checkBody } from '../../../shared/protocol/body.ts';
import { VERSION_HEADERS } from '../../../shared/protocol/headers.ts';
import type { Books } from './books.ts';
import type { CallGap } from './call-gap.ts';
import { RouteNotFoundError } from './errors.ts';
import type { Answer, ApiRequest, Route } from './http.ts';
import { parsePath } from './paths.ts';
import { createRoutes2021 } from './routes-2021.ts';
import { createRoutesV1 } from './routes-v1.ts';
import { byMethod, createSessionCalls } from './session-calls.ts';
import type { Sessions } from './sessions.ts';
import { type Trouble, troubleChangeSchema, writeTrouble } from './trouble.ts';

export interface RouteParts {
  sessions: Sessions;
  books: Books;
  tokens: Tokens;
  continuations: Continuations;
  callGap: CallGap;
  trouble: Trouble;
  /** Whose token `/trouble` asks for. */
  accountId: string;
  /** Unix ms. */
  now: () => number;
}

const READ_ONLY = new Map([['GET', 'read']]);
const ON_TROUBLE = new Map([
  ['GET', 'read'],
  ['PATCH', 'change'],
]);

/** Finds what answers a request: either generation of the API, its token service, `/health` or `/trouble`. */
export const createRoutes = (parts: RouteParts): ((request: ApiRequest) => Route) => {
  const { sessions, books, tokens, continuations, callGap, trouble, now } = parts;
  const calls = createSessionCalls(books, tokens, callGap, now);
  const answerV1 = createRoutesV1(sessions, books, calls, now);
  const answer2021 = createRoutes2021(sessions, books, calls, continuations, now);

  const answerHealth = async (request: ApiRequest): Promise<Answer> => {
    byMethod(READ_ONLY, request);
    return { status: 200, body: { status: 'ok' } };
  };

  const answerTrouble = async (request: ApiRequest): Promise<Answer> => {
    const operation = byMethod(ON_TROUBLE, request);
    await tokens.require(parts.accountId, request.authorization);
    if (operation === 'change') trouble.change(checkBody(troubleChangeSchema, request.readBody()));
    return { status: 200, body: writeTrouble(trouble.values()) };
  };

  const answerToken = async (request: ApiRequest, accountId: string): Promise<Answer> => {
    await trouble.hold();
    byMethod(READ_ONLY, request);
    const token = await tokens.issue(accountId, request.authorization);
    // The token service answers a wrong key without a body.
    if (token === undefined) return { status: 401, headers: { 'WWW-Authenticate': 'Bearer' } };
    books.count('token');
    return { status: 200, body: { AccessToken: token } };
  };

  /** Trouble comes before everything else: a service that is broken does not ask who calls. */
  const afterTrouble = async (answer: () => Promise<Answer>): Promise<Answer> => {
    await trouble.hold();
    trouble.strike();
    return answer();
  };

  return (request) => {
    const resource = parsePath(request.url.pathname);
    switch (resource?.api) {
      case undefined:
        throw new RouteNotFoundError('There is nothing at this path.');
      case 'host':
        return { answer: () => (resource.type === 'health' ? answerHealth : answerTrouble)(request) };
      case 'tokens':
        return { answer: () => answerToken(request, resource.accountId) };
      case 'v1':
        return { answer: () => afterTrouble(() => answerV1(request, resource)) };
      case '2021-01-01':
        return {
          headers: VERSION_HEADERS,
          answer: () => afterTrouble(() => answer2021(request, resource)),
        };
      default:
        return resource satisfies never;
    }
  };
};
