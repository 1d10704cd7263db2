import type { Entry } from '../../shared/telemetry.ts';
import { DAMAGED } from './check-table.ts';

/**
 * What a keeper may report of itself in a run, where nothing is wrong with its code: that somebody else does not answer
 * or has damaged a row, and what it makes known to people. Everything else is a fault of the keeper, wherever it was
 * caught.
 */
export const isExpectedFault = ({ what, error, sessionId }: Entry & { kind: 'fault' }): boolean => {
  const [name = ''] = error.split(':');
  if (name === 'UnreadableRowError')
    return (sessionId ?? '').startsWith(DAMAGED) || error.includes(`:${DAMAGED}`);
  return OF_OTHERS.has(name) || NEWS.some((news) => news.what === what && error.startsWith(news.error));
};

const OF_OTHERS: ReadonlySet<string> = new Set(['StorageUnavailableError', 'TooManyConflictsError']);

const NEWS: readonly { what: string; error: string }[] = [
  { what: 'brake', error: 'held: ' },
  { what: 'stranger', error: 'the upstream has a server that is not known here' },
  { what: 'stranger', error: 'a server that nobody asked for is a session now' },
  { what: 'stranger', error: 'it was asked for meanwhile' },
  { what: 'index', error: 'the session had lost its due row' },
];
