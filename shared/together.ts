import type { Census } from './census.ts';
import type { Limits } from './intent.ts';
import type { Act, Outcome } from './outcome.ts';
import { inParallel } from './parallel.ts';
import type { LiveSession } from './session.ts';

/** A session that is due, with what is to be asked for it. */
interface Wanting {
  session: LiveSession;
  act: Act;
}

/** Those that a list of this upstream may tell of. */
export const listedAmong = <One extends Wanting>(wanting: readonly One[], endpoint: string): One[] =>
  wanting.filter(
    ({ session, act }) => act.type === 'observe' && session.upstream === endpoint && isListed(session),
  );

/** Those of which the list tells what a look would: a session that is being stopped is rather to be gone from it. */
const isListed = ({ desired, observed }: LiveSession): boolean =>
  desired.state === 'running' && observed.status !== 'Requested';

/** So many calls come between two pages of a list that is long overdue, where looks wait, or changes. */
const LOOKS_BETWEEN = 1;
const CHANGES_BETWEEN = 4;

/**
 * What the next call is for, where calls have to wait for each other: a page of the list, or one of those that want
 * something, of which there is one at least, the most urgent first.
 *
 * A list that saves looks (`isWorth`) takes the turn of the look that is most urgent, and shares it with what is to be
 * changed: an extension or a create does not wait for all of its pages. A list that is wanted for its own sake has no
 * turn before everything else is done; only where it is long overdue (`isOverdue`), because there is always something,
 * it takes some of the calls.
 */
export const nextCall = <One extends Wanting>(
  wanting: readonly [One, ...One[]],
  { isWorth, isOverdue }: { isWorth: boolean; isOverdue: boolean },
  callsSincePage: number,
): One | 'page' => {
  const [first] = wanting;
  const change = wanting.find(({ act }) => act.type !== 'observe');
  if (isWorth && first.act.type === 'observe')
    return change === undefined || callsSincePage > 0 ? 'page' : change;
  const between = change === undefined ? LOOKS_BETWEEN : CHANGES_BETWEEN;
  return isOverdue && callsSincePage >= between ? 'page' : first;
};

/**
 * Reads one page of the list, and records what it shows of those that want to be looked at, each of which was read
 * before the page is asked for. It says who is there; whoever is not on it is asked for by itself. Returns the sessions
 * of which it told; undefined where the page was not to be had.
 */
export const observePage = async <One extends Wanting>(
  wanting: readonly One[],
  census: Census,
  limits: Limits,
  record: (one: One, told: Outcome) => Promise<void>,
): Promise<ReadonlySet<string> | undefined> => {
  const page = await census.read(limits);
  if (page === undefined) return undefined;
  const seen = await inParallel(wanting, async (one) => {
    const { sessionId } = one.session;
    const sighting = page.sightings.get(sessionId);
    if (sighting === undefined) {
      if (!page.unreadable.has(sessionId)) return [];
      await record(one, UNREADABLE);
      return [sessionId];
    }
    await record(one, { type: 'found', created: false, sighting });
    return [sessionId];
  });
  return new Set(seen.flat());
};

const UNREADABLE: Outcome = {
  type: 'inconclusive',
  because: 'its entry on the list cannot be read',
  retryAfterMs: null,
};
