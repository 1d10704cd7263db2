import { type Gateway, pagesOf } from './gateway.ts';
import type { Limits } from './intent.ts';
import type { Act, Outcome } from './outcome.ts';
import { inParallel } from './parallel.ts';
import type { Surroundings } from './reconcile.ts';
import type { LiveSession } from './session.ts';

/**
 * Where several sessions want to be looked at, one list of the account serves them all. It says who is there; whoever
 * is not on it is asked for by itself afterwards. Each of them was read before the list is asked for. Returns the
 * sessions that were seen.
 */
export const observeTogether = async <Wanting extends { session: LiveSession; act: Act }>(
  wanting: readonly Wanting[],
  liveCount: number,
  { upstream }: Pick<Surroundings, 'upstream'>,
  gateway: Gateway,
  limits: Limits,
  record: (one: Wanting, sighting: Outcome & { type: 'found' }) => Promise<void>,
): Promise<ReadonlySet<string>> => {
  const ours = wanting.filter(({ session }) => session.upstream === upstream.endpoint && isListed(session));
  // A list that takes more calls than the sessions by themselves is no saving.
  if (ours.length < 2 || ours.length <= pagesOf(liveCount)) return new Set();
  const until = await gateway.listUntil(limits);
  const startBy = await gateway.passBy(until);
  if (startBy === undefined) return new Set();
  const listing = await upstream.list({ startBy, until }, () => gateway.passBy(until));
  if (listing.type === 'inconclusive') {
    if (listing.retryAfterMs !== null) await gateway.holdBack(listing.retryAfterMs);
    return new Set();
  }
  const seen = await inParallel(ours, async (one) => {
    const { sessionId } = one.session;
    const sighting = listing.sightings.get(sessionId);
    if (sighting === undefined) return [];
    await record(one, { type: 'found', created: false, sighting });
    return [sessionId];
  });
  return new Set(seen.flat());
};

/** Those of which the list tells what a look would: a session that is being stopped is rather to be gone from it. */
const isListed = ({ desired, observed }: LiveSession): boolean =>
  desired.state === 'running' && observed.status !== 'Requested';
