import { type Instant, MINUTE_MS } from '../../shared/lease.ts';
import { readLive } from '../../shared/store/rows.ts';
import type { Bounds } from './bounds.ts';
import { DAMAGED } from './check-table.ts';
import type { Faults } from './faults.ts';
import { STOP_REPEATED_WITHIN_MS } from './service-terms.ts';
import type { Standing } from './standing.ts';
import type { TableRows } from './table-rows.ts';
import { type Books, isLiving } from './upstream-books.ts';
import type { World } from './world.ts';

interface Surroundings {
  world: World;
  books: Books;
  rows: TableRows;
  accountId: string;
  /** The keepers' time. */
  keepersNow: Instant;
  bounds: Bounds;
  standing: Standing;
}

/** What is being done may take this long: a launch, from its beginning to its end. */
const UNDER_WAY_MS = 10 * MINUTE_MS;
/** From the first call of a stop to the look that confirms it: the slowest server, and a repetition. */
const STOPPING_MS = 2.5 * MINUTE_MS;
/** docs/guarantees.md, "The bound": where a call failed before, its repetition waits for so much longer. */
const REPETITION_MS = 30_000;
const LOOK_MS = 20_000;

/** V in the midst of a run: in each stretch without faults, as soon as it is longer than the bound, and than a look takes. */
export const checkQuietStretches = (
  {
    world,
    faults,
    keepersNow,
    ...others
  }: Omit<Surroundings, 'keepersNow'> & { keepersNow: () => Instant } & {
    faults: Faults;
  },
  hours: number,
): void => {
  const { bounds } = others;
  const isQuietFor = (forMs: number): boolean =>
    faults.longestQuiet(world.now() - forMs, world.now()) >= forMs;
  const end = world.start + hours * 60 * MINUTE_MS;
  let judged = 0;
  const look = (): void => {
    world.quietly(LOOK_MS, look);
    if (world.now() >= end) return;
    const boundMs = bounds.boundMs() + REPETITION_MS;
    const stretches = [boundMs, boundMs + STOPPING_MS, boundMs + bounds.rules.observeIntervalMs];
    const passed = stretches.filter(isQuietFor).length;
    if (passed > judged) checkEnd({ world, ...others, keepersNow: keepersNow() }, stretches[passed - 1]);
    judged = passed;
  };
  world.quietly(LOOK_MS, look);
};

/** V: so long after the last fault the records say what the upstream says, and nothing is left over. */
export const checkEnd = (
  { world, books, rows, accountId, keepersNow, bounds, standing }: Surroundings,
  quietMs = Number.POSITIVE_INFINITY,
): void => {
  const { rules } = bounds;
  const boundMs = bounds.boundMs() + REPETITION_MS;
  const isLooked = quietMs >= boundMs + rules.observeIntervalMs;
  const fail = (sessionId: string, text: string): void =>
    world.fail({ invariant: 'V', at: world.now(), sessionId, text: `${sessionId}: ${text}` });
  const minutesAgo = (at: Instant): string => `${Math.round((keepersNow - at) / MINUTE_MS)} min ago`;

  for (const key of rows.keys(accountId)) {
    const [kind, at = '', sessionId = ''] = key.split(':');
    if (sessionId.startsWith(DAMAGED) || at.startsWith(DAMAGED)) continue;
    if (kind === 'due' && !standing.isExcused(sessionId) && Number(at) < keepersNow - boundMs)
      fail(sessionId, `was due ${minutesAgo(Number(at))}, and nobody looked`);
    // What it has lost is mended in its own time, which is judged where it is lost.
    if (kind !== 'session' || standing.isExcused(at)) continue;
    const row = rows.get(accountId, key);
    if (row === undefined) continue;
    const record = readLive(accountId, row);
    const server = books.find(record.sessionId);
    const { pending, desired, observed, leases, createdAt } = record;
    if (pending !== null && pending.until < keepersNow - boundMs)
      fail(record.sessionId, `${pending.op} is pending since ${minutesAgo(pending.until)}`);
    const stoppingMs = Math.min(UNDER_WAY_MS, boundMs + STOPPING_MS);
    // What the upstream has accepted is its own to carry out.
    const isUpstreams = server !== undefined && isLiving(server) && server.stoppingSince !== null;
    const endedFor = server?.endedAt ? world.now() - server.endedAt : Number.POSITIVE_INFINITY;
    const askedAgainFor = server?.ignoredStopAt
      ? world.now() - server.ignoredStopAt - STOP_REPEATED_WITHIN_MS
      : Number.POSITIVE_INFINITY;
    const stoppedFor =
      desired.state === 'stopped' ? Math.min(keepersNow - desired.at, endedFor, askedAgainFor) : 0;
    if (desired.state === 'stopped' && !isUpstreams && quietMs >= stoppingMs && stoppedFor > stoppingMs)
      fail(record.sessionId, `is being stopped since ${minutesAgo(desired.at)}`);
    if (server === undefined || server.isForeign) {
      // One of somebody else's, of the same id and words, cannot be told from ours (docs/guarantees.md).
      if (server !== undefined && isLiving(server)) continue;
      if (isLooked && createdAt < keepersNow - UNDER_WAY_MS)
        fail(record.sessionId, 'there is no such server');
      continue;
    }
    if (isLooked && server.endedAt !== null && endedFor > rules.observeIntervalMs + boundMs)
      fail(
        record.sessionId,
        `${server.status} for ${Math.round(endedFor / MINUTE_MS)} min, and still recorded`,
      );
    const readyFor = server.readyAt === null ? 0 : world.now() - server.readyAt;
    if (isLiving(server) && readyFor > boundMs && observed.status !== 'Ready')
      fail(record.sessionId, `is Ready, and recorded as ${observed.status}`);
    if (
      isLooked &&
      isLiving(server) &&
      readyFor > rules.observeIntervalMs &&
      // An extension that is under way may have been granted, and not be recorded yet.
      pending === null &&
      leases.grantedMinutes !== server.leaseMinutes
    )
      fail(record.sessionId, `has ${server.leaseMinutes} min, and recorded are ${leases.grantedMinutes}`);
  }
};
