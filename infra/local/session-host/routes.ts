import type { Tokens } from '../../../shared/auth.ts';
import { BadRequestError } from '../../../shared/errors.ts';
import { SUPPORTED_API_VERSIONS } from '../../../shared/protocol/api-version.ts';
import { checkBody } from '../../../shared/protocol/body.ts';
import { createBodySchema, updateBodySchema, writeSession } from '../../../shared/protocol/session-2021.ts';
import { SESSION_ID } from '../../../shared/protocol/vocabulary.ts';
import type { Books } from './books.ts';
import type { CallGap } from './call-gap.ts';
import type { SessionOperation } from './entry.ts';
import {
  MethodNotAllowedError,
  RouteNotFoundError,
  TooManyCallsError,
  UnsupportedApiVersionError,
} from './errors.ts';
import type { Answer, ApiRequest } from './http.ts';
import { pageOf } from './pages.ts';
import { parsePath, type Resource } from './paths.ts';
import { shownEntry } from './properties.ts';
import type { Sessions } from './sessions.ts';

export interface RouteParts {
  sessions: Sessions;
  books: Books;
  tokens: Tokens;
  callGap: CallGap;
  /** Unix ms. */
  now: () => number;
}

const ON_SESSION = new Map<string, SessionOperation>([
  ['PUT', 'create'],
  ['GET', 'get'],
  ['PATCH', 'update'],
]);
const ON_STOP = new Map<string, SessionOperation>([['POST', 'stop']]);
const READ_ONLY = new Map([['GET', 'read']]);

/** Answers the calls of the API generation `2021-01-01`, of its token service, and `/health`. */
export const createRoutes = ({ sessions, books, tokens, callGap, now }: RouteParts) => {
  const admit = async (request: ApiRequest, accountId: string): Promise<void> => {
    await tokens.require(accountId, request.authorization);
    try {
      callGap.pass(accountId, now());
    } catch (error) {
      if (error instanceof TooManyCallsError) books.count('throttled');
      throw error;
    }
  };

  const answerToken = async (request: ApiRequest, accountId: string): Promise<Answer> => {
    const token = await tokens.issue(accountId, request.authorization);
    // The token service answers a wrong key without a body.
    if (token === undefined) return { status: 401, headers: { 'WWW-Authenticate': 'Bearer' } };
    books.count('token');
    return { status: 200, body: { AccessToken: token } };
  };

  const answerList = async (request: ApiRequest, accountId: string): Promise<Answer> => {
    await admit(request, accountId);
    books.count('list');
    const page = pageOf(
      sessions.living(accountId),
      request.url.searchParams.get('continuation') ?? undefined,
    );
    const body = { sessions: page.entries.map((entry) => writeSession(shownEntry(entry, now()))) };
    if (page.continuation === undefined) return { status: 200, body };
    const next = new URL(request.url);
    next.searchParams.set('continuation', page.continuation);
    return { status: 200, body: { ...body, '@nextLink': next.href } };
  };

  const operate = async (
    request: ApiRequest,
    operation: SessionOperation,
    accountId: string,
    id: string,
  ): Promise<Answer> => {
    switch (operation) {
      case 'create': {
        const body = checkBody(createBodySchema, await request.readBody());
        const { isNew, entry } = await sessions.create({ accountId, id, ...body });
        return { status: isNew ? 201 : 200, body: writeSession(shownEntry(entry, now())) };
      }
      case 'get':
        return { status: 200, body: writeSession(shownEntry(sessions.get(accountId, id), now())) };
      case 'update': {
        const body = checkBody(updateBodySchema, await request.readBody());
        return {
          status: 200,
          body: writeSession(shownEntry(sessions.extend(accountId, id, body.maxLeaseTimeMinutes), now())),
        };
      }
      case 'stop':
        sessions.stop(accountId, id);
        return { status: 204 };
      default:
        return operation satisfies never;
    }
  };

  const answerSession = async (
    request: ApiRequest,
    operation: SessionOperation,
    { accountId, sessionId }: { accountId: string; sessionId: string },
  ): Promise<Answer> => {
    await admit(request, accountId);
    if (!SESSION_ID.test(sessionId)) {
      throw new BadRequestError('A session id has 1 to 256 letters, digits, - or _.', {
        target: 'sessionId',
      });
    }
    try {
      return await operate(request, operation, accountId, sessionId);
    } finally {
      // Afterwards, so that a create finds the session that it counts for.
      books.count(operation, accountId, sessionId);
    }
  };

  return async (request: ApiRequest): Promise<Answer> => {
    const resource: Resource | undefined = parsePath(request.url.pathname);
    if (resource === undefined) throw new RouteNotFoundError('There is nothing at this path.');
    switch (resource.type) {
      case 'health':
        byMethod(READ_ONLY, request);
        return { status: 200, body: { status: 'ok' } };
      case 'token':
        byMethod(READ_ONLY, request);
        return answerToken(request, resource.accountId);
      case 'sessions':
        byMethod(READ_ONLY, request);
        checkApiVersion(request.url.searchParams);
        return answerList(request, resource.accountId);
      case 'session':
      case 'stop': {
        const operation = byMethod(resource.type === 'stop' ? ON_STOP : ON_SESSION, request);
        checkApiVersion(request.url.searchParams);
        return answerSession(request, operation, resource);
      }
      default:
        return resource satisfies never;
    }
  };
};

const byMethod = <T>(operations: ReadonlyMap<string, T>, request: ApiRequest): T => {
  const operation = operations.get(request.method);
  if (operation === undefined) throw new MethodNotAllowedError([...operations.keys()]);
  return operation;
};

/** The name of the parameter is read in any letter case; two different values are as good as none. */
const checkApiVersion = (query: URLSearchParams): void => {
  const values = [...query]
    .filter(([name]) => name.toLowerCase() === 'api-version')
    .map(([, value]) => value);
  const isSupported = SUPPORTED_API_VERSIONS.some((version) => version === values[0]);
  if (isSupported && new Set(values).size === 1) return;
  throw new UnsupportedApiVersionError(
    `The api-version must be given as one of ${SUPPORTED_API_VERSIONS.join(', ')}.`,
    { target: 'api-version' },
  );
};
