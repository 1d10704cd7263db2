import { BadRequestError } from '../../../shared/errors.ts';

/** What a path names. Account ids are in lower case. */
export type Resource =
  | { type: 'health' }
  | { type: 'token'; accountId: string }
  | { type: 'sessions'; accountId: string }
  | { type: 'session'; accountId: string; sessionId: string }
  | { type: 'stop'; accountId: string; sessionId: string };

/**
 * Reads a path: its literals in any letter case, with or without a trailing slash. Undefined for an unknown one.
 *
 * @throws BadRequestError where its percent encoding is broken
 */
export const parsePath = (pathname: string): Resource | undefined => {
  const [first, ...rest] = pathname.replace(/\/$/, '').split('/').map(decode);
  if (first !== '') return undefined;
  const [root = '', account = '', collection = '', sessionId, action, ...more] = rest;
  if (root.toLowerCase() === 'health' && rest.length === 1) return { type: 'health' };
  if (root.toLowerCase() !== 'accounts' || account === '' || more.length > 0) return undefined;
  const accountId = account.toLowerCase();
  if (collection.toLowerCase() === 'token' && sessionId === undefined) return { type: 'token', accountId };
  if (collection.toLowerCase() !== 'sessions') return undefined;
  if (sessionId === undefined) return { type: 'sessions', accountId };
  if (action === undefined) return { type: 'session', accountId, sessionId };
  return action.toLowerCase() === ':stop' ? { type: 'stop', accountId, sessionId } : undefined;
};

const decode = (segment: string): string => {
  try {
    return decodeURIComponent(segment);
  } catch (cause) {
    throw new BadRequestError('The path is not readable: its percent encoding is broken.', { cause });
  }
};
