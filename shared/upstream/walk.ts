import type { Instant } from '../lease.ts';
import type { Sighting } from '../outcome.ts';
import type { ListPage } from './list-page.ts';
import type { CallWindow, Inconclusive, Upstream } from './upstream.ts';

/**
 * A way through the upstream's list, page after page. Each page is evidence of who is there; only a way that was gone to
 * the end, and missed nothing, is evidence of who is not. Pure, but for `readWholeList`.
 */
export interface Walk {
  /** A server that was asked for since need not be on it. */
  begunAt: Instant;
  /** When its latest page was had. */
  readAt: Instant;
  pages: number;
  sightings: ReadonlyMap<string, Sighting>;
  unreadable: ReadonlySet<string>;
  isWhole: boolean;
  /** Where it goes on; undefined at the beginning, and at the end. */
  next: string | undefined;
}

/** An account has some hundred sessions: more pages than this, of whatever size, are an endless list. */
const MAX_PAGES = 200;

export const newWalk = (now: Instant): Walk => ({
  ...{ begunAt: now, readAt: now, pages: 0, next: undefined },
  ...{ sightings: new Map(), unreadable: new Set(), isWhole: true },
});

/** The way with one more page. One that has no end is cut off, and not whole. */
export const withPage = (walk: Walk, page: ListPage, now: Instant): Walk => {
  const isEndless = page.next !== undefined && (walk.pages + 1 >= MAX_PAGES || page.next === walk.next);
  return {
    begunAt: walk.begunAt,
    readAt: now,
    pages: walk.pages + 1,
    sightings: new Map([...walk.sightings, ...page.sightings]),
    unreadable: new Set([...walk.unreadable, ...page.unreadable]),
    isWhole: walk.isWhole && page.isWhole && !isEndless,
    next: isEndless ? undefined : page.next,
  };
};

export const isAtEnd = ({ pages, next }: Walk): boolean => pages > 0 && next === undefined;

/** A list that was read to its end, or that it could not be had. */
export type Listing = ({ type: 'listed' } & Walk) | Inconclusive;

/** All pages in one go; `turn` waits for each of them, and says when it has to leave and to be there. */
export const readWholeList = async (
  upstream: Pick<Upstream, 'list'>,
  now: () => Instant,
  turn: () => Promise<CallWindow>,
): Promise<Listing> => {
  let walk = newWalk(now());
  while (!isAtEnd(walk)) {
    const page = await upstream.list(await turn(), walk.next);
    if (page.type === 'inconclusive') return page;
    walk = withPage(walk, page, now());
  }
  return { type: 'listed', ...walk };
};
