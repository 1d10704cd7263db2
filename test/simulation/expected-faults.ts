import type { Entry } from '../../shared/telemetry.ts';
import { DAMAGED } from './check-table.ts';

/**
 * What a keeper may report of itself in a run, where nothing is wrong with its code: that somebody else does not answer
 * or has damaged a row, and what it makes known to people. Everything else is a fault of the keeper, wherever it was
 * caught. `isDamaged`: whether somebody else has made the record unreadable.
 */
export const isExpectedFault = (
  { what, error }: Entry & { kind: 'fault' },
  isDamaged: (sessionId: string) => boolean,
): boolean => {
  const [name = ''] = error.split(':');
  if (name === 'UnreadableRowError') {
    const [, sessionId = ''] = /The row \w+:([^: ]+)/.exec(error) ?? [];
    return sessionId.startsWith(DAMAGED) || isDamaged(sessionId);
  }
  return OF_OTHERS.has(name) || NEWS.some((news) => news.what === what && error.startsWith(news.error));
};

const OF_OTHERS: ReadonlySet<string> = new Set(['StorageUnavailableError', 'TooManyConflictsError']);

const NEWS: readonly { what: string; error: string }[] = [
  { what: 'brake', error: 'held: ' },
  { what: 'stranger', error: 'the upstream has a server that is not known here' },
  { what: 'stranger', error: 'a server that nobody asked for is a session now' },
  { what: 'stranger', error: 'it was asked for meanwhile' },
  { what: 'list', error: 'an entry of the upstream’s list cannot be read' },
  { what: 'index', error: 'the session had lost its due row' },
];
