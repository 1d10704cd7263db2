import { type Gate, pagesExpected } from './gate.ts';
import type { Gateway } from './gateway.ts';
import type { Limits } from './intent.ts';
import { type Instant, MINUTE_MS } from './lease.ts';
import { SESSION_ID } from './protocol/vocabulary.ts';
import type { Surroundings } from './reconcile.ts';
import type { LiveSession } from './session.ts';
import { faultOf } from './telemetry.ts';
import type { ListPage } from './upstream/list-page.ts';
import { isAtEnd, newWalk, type Walk, withPage } from './upstream/walk.ts';

/**
 * How one instance reads the upstream's list: a page at a time, each as a call of its own, so that a list of any length
 * leaves room for what is more urgent, and goes on in the next sweep where this one has no time for it. What it serves,
 * looks at many sessions and the search for servers that nobody knows, is served by the same pages.
 */
export interface Census {
  /** Whether there is time for a page, and the last one did not fail just now. */
  mayRead(limits: Limits): boolean;
  /**
   * Whether the pages to come save looks at so many of these sessions that they are worth their calls. Those of a list
   * that is read in any case cost nothing more; but a look does not wait for many of them.
   */
  isWorth(sessions: readonly LiveSession[], gate: Gate, isReadAnyway?: boolean): boolean;
  /** Whether there are more pages of the list that was begun. */
  isUnderWay(): boolean;
  /** The next page, as evidence of those that are on it; undefined where it was not to be had, or had no turn. */
  read(limits: Limits): Promise<ListPage | undefined>;
  /** A list that has come to its end, or was given up, since the last time: for whoever looks for strangers. */
  taken(): Walk | undefined;
}

/** What it needs of what a keeper has. */
type CensusSurroundings = Pick<Surroundings, 'accountId' | 'rules'> & {
  telemetry: Pick<Surroundings['telemetry'], 'report'>;
  upstream: Pick<Surroundings['upstream'], 'list'>;
  clock: Pick<Surroundings['clock'], 'now'>;
};

/** A page that failed is asked for again by the next sweep, not by this one. */
const AGAIN_MS = MINUTE_MS / 2;
/** A page that fails so often in a row may be one that there is no more: the list is begun anew. */
const MAX_FAILURES = 2;
/** Of so many ids it is remembered that they were reported. */
const MAX_TOLD = 1_000;

export const createCensus = (
  { accountId, upstream, clock, rules, telemetry }: CensusSurroundings,
  gateway: Pick<Gateway, 'pass' | 'holdBack'>,
): Census => {
  let walk: Walk | undefined;
  /** The latest one that came to its end. */
  let latest: Walk | undefined;
  let untaken: Walk | undefined;
  let failures = 0;
  let failedAt = Number.NEGATIVE_INFINITY;
  const told = new Set<string | undefined>();

  const isWithin = (at: Instant, forMs: number): boolean => {
    const now = clock.now();
    return at <= now && now - at < forMs;
  };
  /** The way so far; one that nobody has gone on with for an interval is not taken up again. */
  const wayTo = (now: Instant): Walk =>
    walk !== undefined && isWithin(walk.readAt, rules.observeIntervalMs) ? walk : newWalk(now);

  const failed = (): void => {
    failures += 1;
    failedAt = clock.now();
    if (failures < MAX_FAILURES) return;
    failures = 0;
    // What its pages have shown is so all the same.
    if (walk !== undefined) untaken = { ...walk, isWhole: false };
    walk = undefined;
  };

  /** Said once of each, and without what there is to read: nobody knows what that is. */
  const tellUnreadable = ({ sightings, unreadable, isWhole }: ListPage): void => {
    for (const sessionId of sightings.keys()) told.delete(sessionId);
    for (const sessionId of unreadable) {
      const subject = SESSION_ID.test(sessionId) ? { accountId, sessionId } : { accountId };
      tellOnce(sessionId, 'an entry of the upstream’s list cannot be read', subject);
    }
    if (!isWhole) tellOnce(undefined, 'the upstream’s list does not tell of whom it is', { accountId });
  };
  const tellOnce = (key: string | undefined, text: string, subject: Parameters<typeof faultOf>[2]): void => {
    if (told.has(key) || told.size >= MAX_TOLD) return;
    told.add(key);
    telemetry.report(faultOf('list', text, subject));
  };

  /** Whether the pages to come may show it: not where it was on those before, or was missed by the whole list just now. */
  const isHopedFor = ({ sessionId, createdAt }: LiveSession): boolean => {
    if (walk?.sightings.has(sessionId) || walk?.unreadable.has(sessionId)) return false;
    if (walk !== undefined || latest === undefined) return true;
    const isAbsent = createdAt < latest.begunAt && !latest.sightings.has(sessionId);
    return !(isAbsent && isWithin(latest.readAt, rules.observeIntervalMs));
  };

  return {
    mayRead: ({ callTimeoutMs, until }) =>
      clock.now() + callTimeoutMs <= until && !isWithin(failedAt, AGAIN_MS),

    isUnderWay: () => walk !== undefined,

    isWorth(sessions, gate, isReadAnyway = false) {
      if (isWithin(failedAt, rules.observeIntervalMs)) return false;
      const hopedFor = sessions.filter(isHopedFor).length;
      const { pages } = wayTo(clock.now());
      const pagesToCome = Math.max(1, pagesExpected(gate) - pages);
      // A list that takes more calls than the sessions by themselves is no saving.
      return isReadAnyway ? hopedFor >= pagesToCome : hopedFor > pagesToCome;
    },

    async read({ callTimeoutMs, until }) {
      const startBy = await gateway.pass();
      if (startBy === undefined) return undefined;
      const now = clock.now();
      const way = wayTo(now);
      walk = way;
      const page = await upstream.list({ startBy, until: Math.min(now + callTimeoutMs, until) }, way.next);
      if (page.type === 'inconclusive') {
        if (page.retryAfterMs !== null) await gateway.holdBack(page.retryAfterMs);
        if (walk === way) failed();
        return undefined;
      }
      tellUnreadable(page);
      // Two sweeps of one instance may be at it for a moment: what the other one has read meanwhile is its own.
      if (walk !== way) return page;
      failures = 0;
      walk = withPage(way, page, clock.now());
      if (!isAtEnd(walk)) return page;
      [latest, untaken, walk] = [walk, walk, undefined];
      return page;
    },

    taken() {
      const one = untaken;
      untaken = undefined;
      return one;
    },
  };
};
