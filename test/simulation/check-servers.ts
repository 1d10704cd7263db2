import { type Instant, MINUTE_MS } from '../../shared/lease.ts';
import type { Row } from '../../shared/store/table.ts';
import {
  type Bounds,
  CLOCKS_DIFFER_MS,
  longestSurvivedOutageMs,
  marginMs,
  renewalsMs,
  STALE_MS,
  START_WINDOW_MS,
} from './bounds.ts';
import { notGivenUp, wrongStop } from './check-stops.ts';
import { instantOf, part } from './columns.ts';
import type { Faults } from './faults.ts';
import {
  capMinutes,
  MOST_EXTENDED_MINUTES,
  STARTING_AT_MOST_MS,
  STOP_REPEATED_WITHIN_MS,
  UNSENT_LAUNCH_TIMEOUTS,
} from './service-terms.ts';
import type { Standing } from './standing.ts';
import { type Story, sureOf } from './story.ts';
import type { TableRows } from './table-rows.ts';
import { formatSince } from './trace.ts';
import { type Books, isLiving, type Server } from './upstream-books.ts';
import type { Invariant } from './violation.ts';
import type { World } from './world.ts';

/** The longest stretch that one note of use covers. */
const COVER_MS = MINUTE_MS;
const AUDIT_MS = 20_000;
/** Where instances last no longer than this on average, most do not get through one sweep. */
const CRASH_LOOP_MS = 15_000;
/** A denial is told, and recorded when whoever heard it is awake, and its table answers again. */
const DENIAL_RECORDED_MS = 3 * MINUTE_MS;
/** DESIGN §4.3: one that ends a session comes so long after the first, but for what two clocks differ by. */
const DENIED_AGAIN_MS = 30_000 - CLOCKS_DIFFER_MS;
/** By the record, the first was told then, give or take the way of the question and what two clocks differ by. */
const DENIED_ABOUT_MS = 10_000;
/**
 * A launch is given up so long after its first attempt, which was itself made before the session was given up as one for
 * which nothing could be sent; a request may be late.
 */
const latestLaunchMs = ({ rules, boundMs }: Bounds): number =>
  (UNSENT_LAUNCH_TIMEOUTS + 1) * rules.launchTimeoutMs + boundMs() + MINUTE_MS;
/** What a fault left behind is over after this: the longest back-off, and a call that was under way. */
const AFTERMATH_MS = 3 * MINUTE_MS;

interface Surroundings {
  world: World;
  faults: Faults;
  books: Books;
  rows: TableRows;
  accountId: string;
  stories: ReadonlyMap<string, Story>;
  standing: Standing;
  bounds: Bounds;
  /** The keepers' time beside the world's. */
  skewMs: () => number;
}

/**
 * 1, W, K and L: judged by the upstream's books, as things happen there, and now and then from when `beginAudit` is
 * called: who only prepares something need not be looked at for all that time.
 */
export const checkServers = ({
  world,
  faults,
  books,
  rows,
  accountId,
  stories,
  standing,
  bounds,
  skewMs,
}: Surroundings): { beginAudit: () => void } => {
  const { boundMs, troubledBoundMs } = bounds;
  const { now } = world;
  const fail = (invariant: Invariant, { id }: Pick<Server, 'id'>, text: string): void =>
    world.fail({ invariant, at: now(), sessionId: id, text: `${id}: ${text}` });
  /** When the keeper must have seen a server Ready. */
  const readyKnownAt = new Map<string, Instant>();

  /** When the row was written that lets a sweep find the session. */
  const insertedAt = new Map<string, Instant>();

  /** When it was written down that the launch of a session is given up. */
  const givenUpAt = new Map<string, Instant>();

  const noteGivenUp = (id: string): void => {
    const desired = part(rows.get(accountId, `session:${id}`), 'desired');
    if (desired?.state !== 'stopped' || desired.because !== 'launch') givenUpAt.delete(id);
    else if (!givenUpAt.has(id)) givenUpAt.set(id, now());
  };

  rows.watch(({ changes, before }) => {
    for (const { type, rowKey } of changes) {
      const [kind, id = ''] = rowKey.split(':');
      if (kind === 'session') noteGivenUp(id);
      if (type !== 'create') continue;
      if (kind === 'session') insertedAt.set(id, now());
      if (kind === 'ended') checkGivenUp(id);
      const server = kind === 'ended' ? books.find(id) : undefined;
      if (server === undefined || !isLiving(server) || server.isForeign || standing.isExcused(id)) continue;
      if (wasDenied(server, before.get(`session:${id}`))) standing.strays(id);
      else fail('L', server, 'recorded as over, and it is running');
    }
  });

  /**
   * The upstream has denied that there is this server, often enough to be believed (DESIGN §4.3): what was concluded from
   * that is none of the keeper's faults. One denial confirms a stop that was decided before, and two that of a server that
   * was never seen; otherwise there were two looks, the first of which is on record.
   */
  const wasDenied = ({ denials }: Server, record: Row | undefined): boolean => {
    const lately = denials.filter(({ at }) => now() - at < DENIAL_RECORDED_MS);
    const desired = part(record, 'desired');
    if (desired?.state === 'stopped') {
      const decidedAt = Number(desired.at) - skewMs() - CLOCKS_DIFFER_MS;
      const isSeen = part(record, 'observed')?.status !== 'Requested';
      return lately.some(({ at }) => at >= decidedAt) && (isSeen || denials.length > 1);
    }
    const firstAt = instantOf(record, 'missingSince') - skewMs();
    const isOnRecord = denials.some(({ at, isLook }) => isLook && Math.abs(at - firstAt) < DENIED_ABOUT_MS);
    return isOnRecord && lately.some(({ at, isLook }) => isLook && at >= firstAt + DENIED_AGAIN_MS);
  };

  /**
   * W: a session for which nothing was sent (that nobody owns a server is what its record says then) has not failed to
   * start, but waits for its turn. A clock may be wrong by as much as is believed.
   */
  const checkGivenUp = (id: string): void => {
    const { because, owned } = rows.get(accountId, `ended:${id}`)?.columns ?? {};
    const since = insertedAt.get(id);
    if (because !== 'launch' || owned !== false || since === undefined || standing.isExcused(id)) return;
    const waitedMs = now() - since;
    if (waitedMs < UNSENT_LAUNCH_TIMEOUTS * bounds.rules.launchTimeoutMs - MINUTE_MS)
      world.fail({
        ...{ invariant: 'W', at: now(), sessionId: id },
        text: `${id}: given up after ${waitedMs} ms, and nothing was sent for it`,
      });
  };

  /** That time is over, and nothing has been in the way since. */
  const isLateWithout = (from: Instant, until: Instant): boolean =>
    now() > until && faults.longestQuiet(from - AFTERMATH_MS, now()) >= now() - from + AFTERMATH_MS;

  /**
   * Whose a server of the same id and words is shows in the answer to the very first attempt alone: where anything has
   * happened since it was asked for, that may be lost, and nobody can tell.
   */
  const isUntold = (server: Server): boolean => {
    const story = stories.get(server.id);
    if (!server.isForeign || story === undefined || server.size !== story.wanted.size) return false;
    const until = Math.min(now(), story.askedAt + MINUTE_MS);
    return faults.longestQuiet(story.askedAt, until) < until - story.askedAt;
  };

  /** By the record of its first attempt, which the keeper wrote on its own clock. */
  const isSentTooLongAgo = ({ id }: Server): boolean => {
    const sentAt = part(rows.get(accountId, `session:${id}`), 'creation')?.firstAttemptAt;
    const passedMs = typeof sentAt === 'number' ? now() + skewMs() - sentAt : 0;
    return passedMs > bounds.rules.launchTimeoutMs + boundMs() + MINUTE_MS && now() > standing.heldUntil(id);
  };

  books.watch({
    created(server) {
      const story = stories.get(server.id);
      if (server.isForeign || server.isOrphan || standing.isExcused(server.id)) return;
      const foundSince = insertedAt.get(server.id);
      if (foundSince === undefined) fail('L', server, 'made before the row that lets a sweep find it');
      // A launch that the brake holds is not given up, and goes on meanwhile.
      else if (now() > Math.max(foundSince + latestLaunchMs(bounds), standing.heldUntil(server.id)))
        fail('L', server, 'made after its launch was given up');
      else if (rows.get(accountId, `ended:${server.id}`) !== undefined)
        fail('L', server, 'made when its record was over');
      else if (isSentTooLongAgo(server)) fail('L', server, 'asked for again after its launch had timed out');
      else if (isLateWithout(foundSince, foundSince + boundMs()))
        fail('V', server, `made ${now() - foundSince} ms after it was asked for, with nothing in the way`);
      if (story === undefined) fail('1', server, 'nobody asked for this server');
      else if (story.isRefused) fail('1', server, 'a server for a create that was answered: not possible');
    },
    stopped(server) {
      const story = stories.get(server.id);
      if (standing.isExcused(server.id) || isUntold(server)) return;
      const isOurs = story !== undefined && !server.isForeign;
      const wrong = !isOurs
        ? 'it is somebody else’s'
        : wrongStop(server, story, { world, faults, standing, bounds, givenUpAt: givenUpAt.get(server.id) });
      if (wrong !== undefined) fail('W', server, `stopped, but ${wrong}`);
    },
    extended(server, _from, leftAt) {
      if (standing.isExcused(server.id) || isUntold(server)) return;
      if (server.isForeign) fail('W', server, 'extended, but it is somebody else’s');
      const promisedAt = stories.get(server.id)?.stopPromisedAt ?? Number.POSITIVE_INFINITY;
      if (leftAt > promisedAt + START_WINDOW_MS + CLOCKS_DIFFER_MS)
        fail('L', server, 'extended after its stop was promised');
    },
    ended(server) {
      const story = stories.get(server.id);
      if (server.status !== 'Expired' || story === undefined || server.isForeign) return;
      if (standing.isExcused(server.id)) return;
      if (isPromiseBroken(server, story, now(), faults, boundMs())) {
        fail(
          'K',
          server,
          `expired at ${server.leaseMinutes} min, and ${story.promised?.leaseMinutes} were promised`,
        );
      }
      if (!isGivenUp(server, story) && isLapse(server, story, now(), { faults, bounds }, keptNow())) {
        fail('K', server, `kept and in use, and expired at ${server.leaseMinutes} min`);
      }
    },
  });

  /** Its launch is given up by the record, and rightly so: nobody keeps what nobody was told of in time. */
  const isGivenUp = (server: Server, story: Story): boolean => {
    const at = givenUpAt.get(server.id);
    return (
      at !== undefined && notGivenUp(server, story, { world, faults, bounds, givenUpAt: at }) === undefined
    );
  };

  /** How many are kept alive: for certain and for so long that they were counted, and at the most. */
  const keptNow = (): Kept => {
    const kept = books
      .living()
      .map((server) => ({ server, story: stories.get(server.id) }))
      .filter(({ story }) => story?.keepAlive.possible.has(true));
    const countedBy = now() - 2 * bounds.rules.observeIntervalMs;
    const sure = kept.filter(
      ({ server, story }) =>
        story !== undefined &&
        sureOf(story.keepAlive) === true &&
        server.createdAt < countedBy &&
        story.policyAt < countedBy,
    );
    return { least: sure.length, most: kept.length + 1 };
  };

  /** A server without a living record is found by the list of the whole account, an interval apart. */
  const auditStranger = (server: Server): void => {
    const { observeIntervalMs, orphanGraceMs } = bounds.rules;
    const strayedAt = standing.strayedAt(server.id);
    if (strayedAt !== undefined && rows.get(accountId, `ended:${server.id}`) !== undefined) {
      // Many strays at once are held for another interval.
      const within = 2 * observeIntervalMs + boundMs();
      if (faults.longestQuiet(strayedAt, now()) > within)
        fail('L', server, 'its record is over, and it is running');
    }
    if (
      !server.isOrphan ||
      standing.isExcused(server.id) ||
      rows.get(accountId, `session:${server.id}`) !== undefined
    )
      return;
    const within = 2 * observeIntervalMs + orphanGraceMs + boundMs();
    if (faults.longestQuiet(server.createdAt, now()) > within) fail('L', server, 'nobody knows of it');
  };

  const audit = (): void => {
    world.quietly(AUDIT_MS, audit);
    for (const server of books.living()) {
      const story = stories.get(server.id);
      if (server.isForeign || server.stoppingSince !== null) continue;
      auditStranger(server);
      if (story === undefined || standing.isExcused(server.id)) continue;
      const { readyAt } = server;
      if (readyAt !== null && !readyKnownAt.has(server.id)) {
        if (faults.longestQuiet(readyAt, now()) > boundMs()) readyKnownAt.set(server.id, now());
      }
      const known = readyKnownAt.get(server.id);
      const isStray = rows.get(accountId, `ended:${server.id}`) !== undefined;
      const unwanted = unwantedSince(server, story, known, isStray ? now() : undefined, standing);
      // The upstream said yes, and did nothing: it is asked again.
      const repeatedBy = (server.ignoredStopAt ?? Number.NEGATIVE_INFINITY) + STOP_REPEATED_WITHIN_MS;
      for (const [why, unwantedFrom] of unwanted) {
        const since = Math.max(unwantedFrom, repeatedBy);
        const isLate =
          faults.longestQuiet(since, now()) > boundMs() ||
          faults.longestClear(since, now()) > troubledBoundMs();
        if (since < now() && isLate) {
          fail('L', server, `${why} since ${formatSince(since - world.start)}, and still running`);
        }
      }
    }
  };
  return { beginAudit: () => world.quietly(AUDIT_MS, audit) };
};

/** K: a lease ended before the time that its client was answered yes to. */
const isPromiseBroken = (
  server: Server,
  story: Story,
  now: Instant,
  faults: Faults,
  boundMs: number,
): boolean => {
  const { promised } = story;
  if (promised === null || server.readyAt === null) return false;
  if (story.stopAskedAt !== null || server.stoppingSince !== null) return false;
  // Before there is a server, a lease is promised in the hope that the service has no objection.
  if (server.refusedAt !== null) return false;
  if (server.leaseMinutes >= Math.min(promised.leaseMinutes, MOST_EXTENDED_MINUTES)) return false;
  return faults.longestQuiet(Math.max(promised.at, server.readyAt), now) > boundMs;
};

interface Kept {
  least: number;
  most: number;
}

/** K: a lease ended that should have been extended, and there was time to do it. */
const isLapse = (
  server: Server,
  story: Story,
  now: Instant,
  { faults, bounds }: Pick<Surroundings, 'faults' | 'bounds'>,
  kept: Kept,
): boolean => {
  const { rules, troubledBoundMs } = bounds;
  const [keepAlive, idleTimeout, maxLifetime] = [story.keepAlive, story.idleTimeout, story.maxLifetime].map(
    (known) => sureOf<boolean | number | null>(known as never),
  ) as [boolean | undefined, number | null | undefined, number | null | undefined];
  if (keepAlive !== true || idleTimeout === undefined || maxLifetime === undefined) return false;
  if (story.stopAskedAt !== null || server.stoppingSince !== null || server.readyAt === null) return false;
  // A service that refuses the very last minute below the cap is not asked again: a refusal is never repeated unchanged.
  const lastRefused = server.refusedAt === null ? 0 : 1;
  if (server.leaseMinutes >= capMinutes(maxLifetime) - lastRefused) return false;
  const usedAt = Math.max(story.usedAt, server.readyAt);
  if (idleTimeout !== null && usedAt + idleTimeout * MINUTE_MS < now + CLOCKS_DIFFER_MS) return false;
  const from = Math.max(server.readyAt, story.policyAt, now - marginMs(rules, kept.least));
  // Instances that die every few seconds, all the time, carry nothing through: that is an outage.
  if (faults.hitsBetween('crash', from, now) * CRASH_LOOP_MS > now - from) return false;
  if (faults.longestQuiet(from, now) > renewalsMs(rules, kept.most)) return true;
  // With trouble all the time it gets through in some of so many sweeps, unless the service refuses it in one of those.
  const isRefused = (server.refusedAt ?? Number.NEGATIVE_INFINITY) >= from;
  const clearMs = isRefused ? 0 : faults.longestClear(from, now);
  return clearMs > Math.min(longestSurvivedOutageMs(rules), troubledBoundMs());
};

/** L: for which reasons nobody wants the server, and since when the keeper can know. */
const unwantedSince = (
  server: Server,
  story: Story,
  readyKnownAt: Instant | undefined,
  strayAt: Instant | undefined,
  standing: Standing,
): [string, Instant][] => {
  const found: [string, Instant][] = [];
  const heldUntil = standing.heldUntil(server.id);
  if (story.stopPromisedAt !== null) found.push(['its stop was promised', story.stopPromisedAt]);
  if (story.terminal !== null) found.push([`shown as ${story.terminal.status}`, story.terminal.at]);
  if (strayAt !== undefined && story.terminal === null) found.push(['its record is ended', server.createdAt]);
  const { status, seenAt, staleAt, readyAt } = server;
  if (status === 'Starting' && seenAt !== null)
    found.push(['Starting for too long', Math.max(seenAt + STARTING_AT_MOST_MS + MINUTE_MS, heldUntil)]);
  if (readyAt === null || readyKnownAt === undefined) return found;
  const [idle, life] = [sureOf(story.idleTimeout), sureOf(story.maxLifetime)];
  const isArmed = story.isArmed || sureOf(story.keepAlive) === true || sureOf(story.isIdleExplicit) === true;
  if (isArmed && typeof idle === 'number') {
    const covered = story.mayBeUsedUntil + Math.min(COVER_MS, idle * MINUTE_MS * 0.1);
    const from = Math.max(covered, story.foundUsedAt, readyKnownAt, standing.graceFrom(idle * MINUTE_MS));
    found.push(['idle', Math.max(from + idle * MINUTE_MS, heldUntil)]);
  }
  if (typeof life === 'number') {
    // The keeper counts by the late end of what it knows: whole minutes, and an answer of before makes it unsure by more.
    const staleMs = staleAt === null ? 0 : STALE_MS;
    const over = Math.max(readyAt + life * MINUTE_MS, story.policyAt) + MINUTE_MS + staleMs;
    found.push(['past its lifetime', Math.max(over, readyKnownAt, heldUntil)]);
  }
  return found.filter(([, since]) => Number.isFinite(since) && isLiving(server));
};
