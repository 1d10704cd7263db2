import { BadRequestError } from '../../../shared/errors.ts';

/** What a path names. Account ids are in lower case. */
export type Resource =
  | { api: 'host'; type: 'health' | 'trouble' }
  | { api: 'tokens'; accountId: string }
  | ResourceV1
  | Resource2021;

/** `create` is the create call, and what other methods take for a session of that id, made by the other generation. */
export type ResourceV1 = { api: 'v1'; accountId: string } & (
  | { type: 'sessions' }
  | { type: 'create' | 'session' | 'properties'; sessionId: string }
);

export type Resource2021 = { api: '2021-01-01'; accountId: string } & (
  | { type: 'sessions' }
  | { type: 'session' | 'stop'; sessionId: string }
);

/**
 * Reads a path: its literals in any letter case, with or without a trailing slash. Undefined for an unknown one.
 *
 * @throws BadRequestError where its percent encoding is broken
 */
export const parsePath = (pathname: string): Resource | undefined => {
  const [first, ...segments] = pathname.replace(/\/$/, '').split('/').map(decode);
  if (first !== '') return undefined;
  const root = segments[0]?.toLowerCase();
  if (segments.length === 1 && (root === 'health' || root === 'trouble')) return { api: 'host', type: root };
  const isV1 = root === 'v1';
  const [accounts = '', account = '', collection = '', ...rest] = isV1 ? segments.slice(1) : segments;
  if (accounts.toLowerCase() !== 'accounts' || account === '') return undefined;
  const accountId = account.toLowerCase();
  switch (collection.toLowerCase()) {
    case 'token':
      return isV1 || rest.length > 0 ? undefined : { api: 'tokens', accountId };
    case 'sessions':
      return isV1 ? resourceV1(accountId, rest) : resource2021(accountId, rest);
    default:
      return undefined;
  }
};

const resourceV1 = (accountId: string, [sessionId, action, ...more]: string[]): ResourceV1 | undefined => {
  const api = 'v1';
  if (more.length > 0) return undefined;
  if (sessionId === undefined) return { api, type: 'sessions', accountId };
  if (action !== undefined) {
    return action.toLowerCase() === 'properties'
      ? { api, type: 'properties', accountId, sessionId }
      : undefined;
  }
  const type = sessionId.toLowerCase() === 'create' ? 'create' : 'session';
  return { api, type, accountId, sessionId };
};

const resource2021 = (
  accountId: string,
  [sessionId, action, ...more]: string[],
): Resource2021 | undefined => {
  const api = '2021-01-01';
  if (more.length > 0) return undefined;
  if (sessionId === undefined) return { api, type: 'sessions', accountId };
  if (action === undefined) return { api, type: 'session', accountId, sessionId };
  return action.toLowerCase() === ':stop' ? { api, type: 'stop', accountId, sessionId } : undefined;
};

const decode = (segment: string): string => {
  try {
    return decodeURIComponent(segment);
  } catch (cause) {
    throw new BadRequestError('The path is not readable: its percent encoding is broken.', { cause });
  }
};
