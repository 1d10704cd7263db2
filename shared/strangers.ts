import type { Instant } from './lease.ts';
import type { Sighting } from './outcome.ts';
import { SESSION_ID } from './protocol/vocabulary.ts';
import type { AccountRules, EndedSession } from './session.ts';

/** What to do about servers of the upstream that no living record explains. Pure. */

/** A server on the upstream's list, with what the table has under its id: the record of a session that is over, or none. */
export interface Stranger {
  sessionId: string;
  sighting: Sighting;
  ended: EndedSession | undefined;
}

/** What is on the upstream's list, and runs, under an id that no living record has. */
export const unexplained = (
  sightings: ReadonlyMap<string, Sighting>,
  living: ReadonlySet<string>,
): (readonly [sessionId: string, sighting: Sighting])[] =>
  [...sightings].filter(
    ([sessionId, { status }]) =>
      (status === 'Starting' || status === 'Ready') &&
      !living.has(sessionId) &&
      // No session can have another one, nor any row.
      SESSION_ID.test(sessionId),
  );

export type StrangerDecision =
  /** Its session is over: a server that nobody wants. */
  | { type: 'stop'; because: 'over' }
  /** Nothing is known of it, and nobody else uses the upstream: it becomes a session. */
  | { type: 'adopt'; because: 'unknown' }
  /** It may be decided otherwise from then on. */
  | { type: 'wait'; because: 'new'; until: Instant }
  /** Nothing is to be done about it; `unknown` is told to people all the same. */
  | { type: 'none'; because: 'foreign' | 'ending' | 'unknown' };

/** `since`: when the server was first on a list without a record. */
export const decideStranger = (
  { sighting, ended }: Stranger,
  since: Instant,
  { isExclusive, orphanGraceMs }: Pick<AccountRules, 'isExclusive' | 'orphanGraceMs'>,
  now: Instant,
): StrangerDecision => {
  if (ended !== undefined) {
    if (!ended.owned || !mayBeItsServer(sighting, ended)) return { type: 'none', because: 'foreign' };
    // The list may be from before its end.
    return sighting.sentAt <= ended.endedAt
      ? { type: 'none', because: 'ending' }
      : { type: 'stop', because: 'over' };
  }
  if (!isExclusive) return { type: 'none', because: 'unknown' };
  const until = since + orphanGraceMs;
  return until <= now ? { type: 'adopt', because: 'unknown' } : { type: 'wait', because: 'new', until };
};

/** Where no answer ever told of the server, it is known by what was asked for. */
const mayBeItsServer = ({ leaseMinutes, size }: Sighting, ended: EndedSession): boolean =>
  ended.unconfirmedMinutes === null ||
  (leaseMinutes === ended.unconfirmedMinutes && (size === null || size === ended.size));
