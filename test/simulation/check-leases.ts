import { type Instant, MINUTE_MS } from '../../shared/lease.ts';
import { type Bounds, CLOCKS_DIFFER_MS, RULES, STALE_MS, START_WINDOW_MS } from './bounds.ts';
import type { Faults } from './faults.ts';
import { capMinutes, STARTING_LOOKED_AT_MS } from './service-terms.ts';
import type { Standing } from './standing.ts';
import { type Story, sureOf } from './story.ts';
import { type Books, leaseEndOf, type Server } from './upstream-books.ts';
import type { Invariant } from './violation.ts';
import type { World } from './world.ts';

/** What the keeper may be wrong about in the time since Ready: whole minutes, an answer that comes late, two sightings. */
const UNSURE_MINUTES = 5;
/** What a fault left behind is over after this: the longest back-off, and a call that was under way. */
const AFTERMATH_MS = 3 * MINUTE_MS;

interface Surroundings {
  world: World;
  faults: Faults;
  books: Books;
  stories: ReadonlyMap<string, Story>;
  bounds: Bounds;
  standing: Standing;
}

/** K and L of each extension: not later than promised, and no longer than anybody wants. */
export const checkLeases = ({ world, faults, books, stories, bounds, standing }: Surroundings): void => {
  const { renewedWithinMs, extensionMinutes } = bounds;
  const fail = (invariant: Invariant, { id }: Server, text: string): void =>
    world.fail({ invariant, at: world.now(), sessionId: id, text: `${id}: ${text}` });

  books.watch({
    extended(server, fromMinutes, leftAt) {
      const story = stories.get(server.id);
      if (story === undefined || server.isForeign || standing.isExcused(server.id)) return;
      const most = mostWanted(
        server,
        story,
        { fromMinutes, leftAt, extensionMinutes: extensionMinutes() },
        world.now(),
      );
      if (server.leaseMinutes > most) {
        fail('L', server, `extended to ${server.leaseMinutes} min, and nobody wants more than ${most}`);
      }
      const late = lateBy(server, story, fromMinutes, world.now(), faults);
      // It was once told of a lease that began later than it did, and cannot know better.
      const misledMs = server.staleAt === null ? 0 : STALE_MS;
      if (late > renewedWithinMs() + misledMs) {
        fail('K', server, `renewed ${late} ms after its margin began, with nothing in the way`);
      }
    },
  });
};

/** The longest lease that the client's words, or the rule of renewing, are a reason for. */
const mostWanted = (
  { readyAt }: Server,
  story: Story,
  {
    fromMinutes,
    leftAt,
    extensionMinutes,
  }: { fromMinutes: number; leftAt: Instant; extensionMinutes: number },
  now: Instant,
): number => {
  const asked = Math.ceil(story.mostAskedMinutes);
  const elapsed = readyAt === null ? 0 : Math.ceil((now - readyAt) / MINUTE_MS);
  const renewed = Math.max(fromMinutes + 1, elapsed + extensionMinutes + UNSURE_MINUTES);
  const isSettled = leftAt > story.policyAt + START_WINDOW_MS + CLOCKS_DIFFER_MS;
  const lives = isSettled ? [...story.maxLifetime.possible] : [null];
  return Math.max(asked, Math.min(renewed, Math.max(...lives.map(capMinutes))));
};

/** So long ago less than the margin was left to a kept session, where nothing has been in the way since. */
const lateBy = (server: Server, story: Story, leaseMinutes: number, now: Instant, faults: Faults): number => {
  const { readyAt } = server;
  if (readyAt === null || sureOf(story.keepAlive) !== true || story.stopAskedAt !== null) return 0;
  // At its cap a lease is extended by its client's words alone; and what was refused is asked for again in smaller parts.
  const cap = Math.min(...[...story.maxLifetime.possible].map(capMinutes));
  if (leaseMinutes >= cap) return 0;
  const marginFrom = leaseEndOf({ ...server, leaseMinutes }) - RULES.renewMarginMinutes * MINUTE_MS;
  const from = Math.max(marginFrom, readyAt + STARTING_LOOKED_AT_MS, story.policyAt);
  const quietFrom = from - AFTERMATH_MS;
  if ((server.refusedAt ?? Number.NEGATIVE_INFINITY) > quietFrom) return 0;
  return faults.longestQuiet(quietFrom, now) < now - quietFrom ? 0 : now - from;
};
