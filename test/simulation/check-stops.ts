import { type Instant, MINUTE_MS } from '../../shared/lease.ts';
import { type Bounds, CLOCKS_DIFFER_MS } from './bounds.ts';
import type { Faults } from './faults.ts';
import { STARTING_AT_MOST_MS } from './service-terms.ts';
import type { Standing } from './standing.ts';
import type { Story } from './story.ts';
import { formatSince } from './trace.ts';
import type { Server } from './upstream-books.ts';
import type { World } from './world.ts';

const ARMING_MS = MINUTE_MS;
/** The longest that a repetition waits after an attempt in vain. */
const RETRY_MS = 30_000;

interface Surroundings {
  world: World;
  faults: Faults;
  standing: Standing;
  bounds: Bounds;
  /** When it was written down that its launch is given up; undefined where that is not on record. */
  givenUpAt: Instant | undefined;
}

/**
 * W: whether a stop that arrives at the upstream is one that somebody wants, by what the client was promised. Undefined
 * where it is; otherwise why each of the reasons does not hold.
 */
export const wrongStop = (
  server: Server,
  story: Story,
  { world, faults, standing, bounds, givenUpAt }: Surroundings,
): string | undefined => {
  const reasons = [
    story.stopAskedAt === null ? 'nobody asked for it' : undefined,
    notIdle(server, story, world, standing),
    notOver(server, story, world),
    notGivenUp(server, story, { world, faults, bounds, givenUpAt }),
  ];
  return reasons.includes(undefined) ? undefined : reasons.join('; ');
};

const notIdle = (server: Server, story: Story, world: World, standing: Standing): string | undefined => {
  const { readyAt } = server;
  if (readyAt === null) return 'it is not Ready';
  const isArmed =
    story.keepAlive.possible.has(true) ||
    story.isIdleExplicit.possible.has(true) ||
    story.mayBeUsedUntil >= readyAt + ARMING_MS - CLOCKS_DIFFER_MS;
  if (!isArmed) return 'idleness was not armed';
  const timeouts = [...story.idleTimeout.possible].map((minutes) => minutes ?? Number.POSITIVE_INFINITY);
  const timeoutMs = Math.min(...timeouts) * MINUTE_MS;
  const idleAt = Math.max(readyAt, story.usedAt, standing.awayUntil(server.id, timeoutMs)) + timeoutMs;
  return notYet('idle', idleAt, world);
};

const notOver = ({ readyAt }: Server, story: Story, world: World): string | undefined => {
  const lives = [...story.maxLifetime.possible].map((minutes) => minutes ?? Number.POSITIVE_INFINITY);
  return notYet('past its lifetime', (readyAt ?? world.now()) + Math.min(...lives) * MINUTE_MS, world);
};

/** A launch is given up when nobody heard of it in time, or when it has been Starting for too long: why it was not. */
export const notGivenUp = (
  server: Server,
  story: Story,
  { world, faults, bounds, givenUpAt }: Omit<Surroundings, 'standing'>,
): string | undefined => {
  const { rules, boundMs } = bounds;
  const unheardAt = story.askedAt + rules.launchTimeoutMs;
  const notHeard = notYet('past its launch time-out', unheardAt, world);
  if (notHeard !== undefined) return notHeard;
  const wasHeard = server.seenAt !== null && faults.longestQuiet(server.seenAt, unheardAt) > boundMs();
  // Once it was given up it is stopped within the bound; and as soon as that is possible, it is seen.
  const isTooLate =
    server.stoppingSince === null && faults.longestQuiet(unheardAt, world.now()) > boundMs() + RETRY_MS;
  if (!wasHeard && story.readyShownAt === null && !isTooLate) return undefined;
  // What became Ready after its time may be given up by whoever has not seen that yet.
  const { readyAt, createdAt } = server;
  const wasLate = readyAt !== null && readyAt >= createdAt + STARTING_AT_MOST_MS - CLOCKS_DIFFER_MS;
  // A stop that does not get through, or is accepted and not carried out, is repeated for as long as it takes: what counts
  // is when it was decided.
  const decidedAt = Math.min(server.stoppingSince ?? world.now(), givenUpAt ?? Number.POSITIVE_INFINITY);
  const isNews = readyAt !== null && decidedAt - readyAt < boundMs() && story.readyShownAt === null;
  if (server.status !== 'Starting' && !(wasLate && isNews)) return 'it was seen in time';
  return notYet('Starting for too long', createdAt + STARTING_AT_MOST_MS, world);
};

const notYet = (what: string, at: Instant, world: World): string | undefined => {
  if (at <= world.now() + CLOCKS_DIFFER_MS) return undefined;
  return `${what} only at ${Number.isFinite(at) ? formatSince(at - world.start) : 'no time'}`;
};
