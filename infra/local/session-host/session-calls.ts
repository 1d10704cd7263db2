import type { Tokens } from '../../../shared/auth.ts';
import { TooManyRequestsError } from '../../../shared/errors.ts';
import type { Books } from './books.ts';
import type { CallGap } from './call-gap.ts';
import type { SessionOperation } from './entry.ts';
import { MethodNotAllowedError } from './errors.ts';
import type { Answer, ApiRequest } from './http.ts';

/** What the session calls of both API generations have in common: who may make them, and that they are counted. */
export interface SessionCalls {
  /**
   * Lets a call pass that has a token of the account, and does not come too early.
   *
   * @throws UnauthorizedError, ForbiddenError, TooManyRequestsError
   */
  admit(request: ApiRequest, accountId: string): Promise<void>;
  /** Counts a call, whatever becomes of it: afterwards, so that a create finds the session that it counts for. */
  counted<T>(
    operation: SessionOperation,
    accountId: string,
    id: string,
    carryOut: () => T | Promise<T>,
  ): Promise<T>;
}

export const createSessionCalls = (
  books: Books,
  tokens: Tokens,
  callGap: CallGap,
  now: () => number,
): SessionCalls => ({
  async admit(request, accountId) {
    await tokens.require(accountId, request.authorization);
    try {
      callGap.pass(accountId, now());
    } catch (error) {
      if (error instanceof TooManyRequestsError) books.count('throttled');
      throw error;
    }
  },
  async counted(operation, accountId, id, carryOut) {
    try {
      return await carryOut();
    } finally {
      books.count(operation, accountId, id);
    }
  },
});

/** How one generation carries out the calls that name a session. */
export interface SessionWork {
  create(request: ApiRequest, accountId: string, id: string): Promise<Answer>;
  get(accountId: string, id: string): Answer;
  update(request: ApiRequest, accountId: string, id: string): Answer;
  stop(accountId: string, id: string): void;
}

export const operate = (
  work: SessionWork,
  operation: SessionOperation,
  request: ApiRequest,
  { accountId, id }: { accountId: string; id: string },
): Answer | Promise<Answer> => {
  switch (operation) {
    case 'create':
      return work.create(request, accountId, id);
    case 'get':
      return work.get(accountId, id);
    case 'update':
      return work.update(request, accountId, id);
    case 'stop':
      work.stop(accountId, id);
      return { status: 204 };
    default:
      return operation satisfies never;
  }
};

/** What a method means here. @throws MethodNotAllowedError */
export const byMethod = <T>(operations: ReadonlyMap<string, T>, request: ApiRequest): T => {
  const operation = operations.get(request.method);
  if (operation === undefined) throw new MethodNotAllowedError([...operations.keys()]);
  return operation;
};
