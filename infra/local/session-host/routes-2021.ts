import type { ContinuationScope, Continuations } from '../../../shared/continuation.ts';
import { requireApiVersion } from '../../../shared/protocol/api-version.ts';
import { checkBody } from '../../../shared/protocol/body.ts';
import {
  createBodySchema,
  leaseError2021,
  type Session2021,
  updateBodySchema,
  writeSession,
} from '../../../shared/protocol/session-2021.ts';
import { checkSessionId } from '../../../shared/protocol/vocabulary.ts';
import type { Books } from './books.ts';
import type { Entry, LivingEntry, SessionOperation } from './entry.ts';
import type { Answer, ApiRequest } from './http.ts';
import { pageOf } from './pages.ts';
import type { Resource2021 } from './paths.ts';
import { shownEntry } from './properties.ts';
import { byMethod, operate, type SessionCalls, type SessionWork } from './session-calls.ts';
import type { Sessions } from './sessions.ts';

const ON_SESSIONS = new Map([['GET', 'list']]);
const ON = {
  session: new Map<string, SessionOperation>([
    ['PUT', 'create'],
    ['GET', 'get'],
    ['PATCH', 'update'],
  ]),
  stop: new Map<string, SessionOperation>([['POST', 'stop']]),
} as const;

/** Answers the calls of the API generation `2021-01-01`. */
export const createRoutes2021 = (
  sessions: Sessions,
  books: Books,
  calls: SessionCalls,
  continuations: Continuations,
  now: () => number,
) => {
  const properties = (entry: Entry): Session2021 => writeSession(shownEntry(entry, now()));

  const list = async (url: URL, scope: ContinuationScope): Promise<Answer> => {
    const given = url.searchParams.get('continuation') ?? undefined;
    const living = sessions.living(scope.accountId);
    const { entries, continuation } = await pageOf(living, given, scope, continuations);
    const body = { sessions: entries.map(properties) };
    if (continuation === undefined) return { status: 200, body };
    const next = new URL(url);
    next.search = new URLSearchParams({ 'api-version': scope.apiVersion, continuation }).toString();
    return { status: 200, body: { ...body, '@nextLink': next.href } };
  };

  const create = async (request: ApiRequest, accountId: string, id: string): Promise<Answer> => {
    const body = checkBody(createBodySchema, request.readBody());
    const { isNew, entry } = await sessions.create({ accountId, id, ...body });
    return { status: isNew ? 201 : 200, body: properties(entry) };
  };

  const update = (request: ApiRequest, accountId: string, id: string): Answer => {
    const { maxLeaseTimeMinutes } = checkBody(updateBodySchema, request.readBody());
    return { status: 200, body: properties(extended(accountId, id, maxLeaseTimeMinutes)) };
  };

  const extended = (accountId: string, id: string, minutes: number): LivingEntry => {
    try {
      return sessions.extend(accountId, id, minutes);
    } catch (error) {
      throw leaseError2021(error);
    }
  };

  const work: SessionWork = {
    create,
    get: (accountId, id) => ({ status: 200, body: properties(sessions.get(accountId, id)) }),
    update,
    stop: sessions.stop,
  };

  return async (request: ApiRequest, resource: Resource2021): Promise<Answer> => {
    const { accountId } = resource;
    if (resource.type === 'sessions') {
      byMethod(ON_SESSIONS, request);
      const apiVersion = requireApiVersion(request.url.searchParams);
      await calls.admit(request, accountId);
      books.count('list');
      return list(request.url, { accountId, apiVersion });
    }
    const operation = byMethod(ON[resource.type], request);
    requireApiVersion(request.url.searchParams);
    await calls.admit(request, accountId);
    const id = checkSessionId(resource.sessionId);
    return calls.counted(operation, accountId, id, () =>
      operate(work, operation, request, { accountId, id }),
    );
  };
};
