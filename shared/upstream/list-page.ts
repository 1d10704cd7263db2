import type { Sighting } from '../outcome.ts';
import { readEntry, readListSchema } from '../protocol/session-2021.ts';
import { type Answered, parse, sightingOf } from './answer.ts';

/**
 * One page of the upstream's list. Its entries are read one by one: what somebody else has there, or what a newer
 * edition of the service has made up, takes nothing from what the others say.
 */
export interface ListPage {
  type: 'listed';
  sightings: ReadonlyMap<string, Sighting>;
  /** Of entries that cannot be read: their sessions are there, and nothing else is known of them. */
  unreadable: ReadonlySet<string>;
  /** False where an entry does not even tell its id, or there is more and no way to it: who is not here may be there. */
  isWhole: boolean;
  /** Where the list goes on, as the upstream says it; undefined at its end. */
  next: string | undefined;
}

/** Undefined where the answer is no page at all. */
export const readPage = (answered: Answered, endpoint: string): ListPage | undefined => {
  const body = parse(readListSchema, answered.answer.body);
  if (body === undefined) return undefined;
  const sightings = new Map<string, Sighting>();
  const unreadable = new Set<string>();
  let nameless = 0;
  for (const entry of body.sessions.map(readEntry)) {
    if (entry.type === 'session') sightings.set(entry.session.id, sightingOf(entry.session, answered));
    else if (entry.id === undefined) nameless += 1;
    else unreadable.add(entry.id);
  }
  const next = linkOf(body['@nextLink'], endpoint);
  const isWhole = nameless === 0 && next !== null;
  return { type: 'listed', sightings, unreadable, isWhole, next: next ?? undefined };
};

/** null: a link that nobody follows, as it is to another server. */
const linkOf = (link: string | null | undefined, endpoint: string): string | null | undefined => {
  if (!link) return undefined;
  const url = URL.parse(link, endpoint);
  return url?.origin === new URL(endpoint).origin ? url.href : null;
};
