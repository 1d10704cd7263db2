import { randomUUID } from 'node:crypto';
import { SessionNotFoundError } from '../../../shared/errors.ts';
import { checkBody } from '../../../shared/protocol/body.ts';
import {
  createV1Schema,
  leaseErrorV1,
  type SessionV1,
  updateV1Schema,
  writeSessionV1,
} from '../../../shared/protocol/session-v1.ts';
import { ACCOUNT_ID, SESSION_ID } from '../../../shared/protocol/vocabulary.ts';
import type { Books } from './books.ts';
import type { Entry, SessionOperation } from './entry.ts';
import type { Answer, ApiRequest } from './http.ts';
import type { ResourceV1 } from './paths.ts';
import { shownEntry } from './properties.ts';
import { byMethod, operate, type SessionCalls, type SessionWork } from './session-calls.ts';
import type { Sessions } from './sessions.ts';

const ON_SESSIONS = new Map([['GET', 'list']]);
const ON_SESSION: ReadonlyMap<string, SessionOperation> = new Map([
  ['PATCH', 'update'],
  ['DELETE', 'stop'],
]);
const ON = {
  create: new Map<string, SessionOperation>([['POST', 'create'], ...ON_SESSION]),
  session: ON_SESSION,
  properties: new Map<string, SessionOperation>([['GET', 'get']]),
} as const;

/** Answers the calls of the API generation `v1`. */
export const createRoutesV1 = (sessions: Sessions, books: Books, calls: SessionCalls, now: () => number) => {
  const properties = (entry: Entry): SessionV1 => writeSessionV1(shownEntry(entry, now()));

  /**
   * Clients of this generation write GUIDs in any letter case, and those that we make are in lower case; but the other
   * generation may have made a session of that very id.
   */
  const idOf = (accountId: string, sessionId: string): string => {
    if (!SESSION_ID.test(sessionId)) throw new SessionNotFoundError('There is no session of this id.');
    const isThere = books.find(accountId, sessionId) !== undefined;
    return isThere || !ACCOUNT_ID.test(sessionId) ? sessionId : sessionId.toLowerCase();
  };

  const create = async (request: ApiRequest, accountId: string, id: string): Promise<Answer> => {
    const { maxLeaseTime, size, models } = checkBody(createV1Schema, request.readBody());
    await sessions.create({ accountId, id, size, models, maxLeaseTimeMinutes: Math.ceil(maxLeaseTime) });
    const headers = { Location: `accounts/${accountId}/sessions/${id}` };
    return { status: 202, headers, body: { sessionId: id } };
  };

  const update = (request: ApiRequest, accountId: string, id: string): Answer => {
    const { maxLeaseTime } = checkBody(updateV1Schema, request.readBody());
    try {
      sessions.extend(accountId, id, Math.ceil(maxLeaseTime));
    } catch (error) {
      throw leaseErrorV1(error);
    }
    return { status: 200 };
  };

  const work: SessionWork = {
    create,
    get: (accountId, id) => ({ status: 200, body: properties(sessions.get(accountId, id)) }),
    update,
    stop: sessions.stop,
  };

  return async (request: ApiRequest, resource: ResourceV1): Promise<Answer> => {
    const { accountId } = resource;
    if (resource.type === 'sessions') {
      byMethod(ON_SESSIONS, request);
      await calls.admit(request, accountId);
      books.count('list');
      return { status: 200, body: { sessions: sessions.living(accountId).map(properties) } };
    }
    const operation = byMethod(ON[resource.type], request);
    await calls.admit(request, accountId);
    const id = operation === 'create' ? randomUUID() : idOf(accountId, resource.sessionId);
    return calls.counted(operation, accountId, id, () =>
      operate(work, operation, request, { accountId, id }),
    );
  };
};
