import { decide, dueAtOf } from './decide.ts';
import { UnreadableRowError } from './errors.ts';
import { evolve } from './evolve.ts';
import { type Gate, isBraked, listDueAt, strangerSince, withUnaskedStop } from './gate.ts';
import type { Gateway } from './gateway.ts';
import type { Limits } from './intent.ts';
import { type Instant, MINUTE_MS } from './lease.ts';
import type { Sighting } from './outcome.ts';
import { inParallel } from './parallel.ts';
import { SESSION_ID } from './protocol/vocabulary.ts';
import type { Surroundings } from './reconcile.ts';
import type { EndedSession } from './session.ts';
import { decideStranger, type Stranger } from './strangers.ts';
import { faultOf } from './telemetry.ts';
import type { Listing } from './upstream/upstream.ts';
import { newSession } from './wishes.ts';

/** One complete list of the upstream each interval, held against the table: what runs there that nobody knows of. */
export interface Audit {
  isDue(gate: Gate): boolean;
  /**
   * Does it where its time has come, at least so long ago, and says whether it has; where the upstream cannot be asked,
   * the next sweep does it.
   */
  runIfDue(gate: Gate, limits: Limits, overdueMs?: number): Promise<boolean>;
}

/** Every sweep looks at what is due; what has been due for so long was not seen by several of them. */
const FORGOTTEN_MS = 5 * MINUTE_MS;
/** What was stopped because its session is over is looked at again so soon. */
const AGAIN_MS = 30_000;
/**
 * So many of them are kept in mind: as many ids, of any length, as a column holds. Those that are to be stopped come
 * first; more of the others are no account that anybody keeps an eye on, and wait for their turn.
 */
const MAX_STRANGERS = 100;

export const createAudit = (
  { accountId, store, upstream, rules, clock, defaults, telemetry }: Surroundings,
  gateway: Gateway,
): Audit => {
  /** The list, which is whole; undefined where it is not to be had. */
  const list = async (limits: Limits): Promise<(Listing & { type: 'listed' }) | undefined> => {
    const until = await gateway.listUntil(limits);
    const startBy = await gateway.passBy(until);
    if (startBy === undefined) return undefined;
    const listing = await upstream.list({ startBy, until }, () => gateway.passBy(until));
    if (listing.type === 'listed') return listing;
    if (listing.retryAfterMs !== null) await gateway.holdBack(listing.retryAfterMs);
    return undefined;
  };

  /** The ids of all living records, whether they can be read or not, and how many of them are kept alive. */
  const countLiving = async (): Promise<{ ids: ReadonlySet<string>; kept: number }> => {
    const ids = new Set<string>();
    const forgotten: string[] = [];
    let kept = 0;
    for await (const { sessionId, row } of store.list(accountId)) {
      ids.add(sessionId);
      if (row instanceof Error || row.dueAt < clock.now() - FORGOTTEN_MS) forgotten.push(sessionId);
      if (!(row instanceof Error) && row.policy.keepAlive && row.desired.state === 'running') kept += 1;
    }
    await inParallel(forgotten, mend);
    return { ids, kept };
  };

  /** A record that is long due, and that no sweep has come to: the index may have lost it. */
  const mend = async (sessionId: string): Promise<void> => {
    if (!(await store.mendDue({ accountId, sessionId }))) return;
    telemetry.report(faultOf('index', 'the session had lost its due row', { accountId, sessionId }));
  };

  /** Read after the list was had: a server that was asked for since is not on it. */
  const strangersOf = async (
    { sightings }: Listing & { type: 'listed' },
    ids: ReadonlySet<string>,
  ): Promise<Stranger[]> => {
    const unexplained = [...sightings].filter(
      ([sessionId, { status }]) => (status === 'Starting' || status === 'Ready') && !ids.has(sessionId),
    );
    const strangers = (await inParallel(unexplained, strangerOf)).flat();
    const isOver = ({ ended }: Stranger): number => (ended === undefined ? 1 : 0);
    return strangers.sort((one, other) => isOver(one) - isOver(other)).slice(0, MAX_STRANGERS);
  };

  /** One at most: none where its record explains it, cannot be read, or is about a server of another upstream. */
  const strangerOf = async ([sessionId, sighting]: readonly [string, Sighting]): Promise<Stranger[]> => {
    // No session can have such an id, nor any row.
    if (!SESSION_ID.test(sessionId)) return [];
    try {
      const session = (await store.read({ accountId, sessionId }, clock.now()))?.session;
      if (session === undefined) return [{ sessionId, sighting, ended: undefined }];
      const isHere = session.life === 'ended' && session.upstream === upstream.endpoint;
      return isHere ? [{ sessionId, sighting, ended: session }] : [];
    } catch (error) {
      if (!(error instanceof UnreadableRowError)) throw error;
      telemetry.report(faultOf('stranger', error, { accountId, sessionId }));
      return [];
    }
  };

  const run = async (limits: Limits): Promise<void> => {
    const askedAt = clock.now();
    const listing = await list(limits);
    if (listing === undefined) return;
    const { ids, kept } = await countLiving();
    const strangers = await strangersOf(listing, ids);
    // Whoever ends before all strangers are seen to leaves them to the next sweep, and not to the next interval.
    const gate = await gateway.change((before) => ({
      ...before,
      listedAt: strangers.length === 0 ? askedAt : lookAgain(askedAt),
      keptCount: kept,
      liveCount: ids.size,
      strangers: Object.fromEntries(
        strangers.map(({ sessionId }) => [sessionId, strangerSince(before, sessionId) ?? askedAt]),
      ),
    }));
    let isAllSettled = true;
    for (const stranger of strangers) {
      const since = strangerSince(gate, stranger.sessionId) ?? askedAt;
      const about = { since, isNew: since === askedAt, liveCount: ids.size };
      if (!(await treat(stranger, about, limits))) isAllSettled = false;
    }
    if (strangers.length > 0 && isAllSettled)
      await gateway.change((before) => ({ ...before, listedAt: askedAt }));
  };

  const lookAgain = (now: Instant): Instant => now - rules.observeIntervalMs + AGAIN_MS;

  /** False where somebody has to look again soon: it was to be stopped. */
  const treat = async (
    stranger: Stranger,
    { since, isNew, liveCount }: { since: Instant; isNew: boolean; liveCount: number },
    limits: Limits,
  ): Promise<boolean> => {
    const decision = decideStranger(stranger, since, rules, clock.now());
    const subject = { accountId, sessionId: stranger.sessionId };
    switch (decision.type) {
      case 'stop':
        if (stranger.ended === undefined) return true;
        // Another instance, whose clock is right, decides that.
        return clock.isTrusted() && stopStray(stranger.ended, since, liveCount, limits);
      case 'adopt':
        await adopt(stranger);
        return true;
      case 'wait':
      case 'none': {
        const isUnknown = decision.because === 'new' || decision.because === 'unknown';
        if (isUnknown && isNew)
          telemetry.report(faultOf('stranger', 'the upstream has a server that is not known here', subject));
        return true;
      }
      default:
        return decision satisfies never;
    }
  };

  /** The stop is on record before it is asked for, and counts as one that nobody asked for. True where it is held. */
  const stopStray = async (
    ended: EndedSession,
    since: Instant,
    liveCount: number,
    limits: Limits,
  ): Promise<boolean> => {
    const until = Math.min(clock.now() + limits.callTimeoutMs, limits.until);
    const startBy = await gateway.passBy(until);
    if (startBy === undefined) return false;
    const begun = await gateway.inTurn(async (gate) => {
      const now = clock.now();
      // A few are an accident; many at once are somebody's mistake, which is looked at by people first.
      if (isBraked(gate, liveCount, now) && now < since + rules.observeIntervalMs) return 'held';
      const event = { at: now, kind: 'stray', because: 'over', detail: { status: ended.status } } as const;
      const isWritten = await store.addEvent(ended, event, { from: gate, next: withUnaskedStop(gate, now) });
      // In the slot's window, however long it takes to hear that it is written: another one's stop may be under way then.
      return isWritten ? { startBy, until: now + limits.callTimeoutMs } : undefined;
    });
    if (begun === undefined || begun === 'held') return begun === 'held';
    const { sessionId } = ended;
    const outcome = await upstream.stop(sessionId, begun);
    if (outcome.type === 'inconclusive' && outcome.retryAfterMs !== null)
      await gateway.holdBack(outcome.retryAfterMs);
    const entry = { kind: 'decision', action: 'stop', because: 'stray', outcome: outcome.type } as const;
    telemetry.report({ ...entry, accountId, sessionId });
    return false;
  };

  /** The server becomes a session with the account's default wishes, as if its create had just been answered. */
  const adopt = async ({ sessionId, sighting }: Stranger): Promise<void> => {
    const now = clock.now();
    const rulesNow = await gateway.rulesLately();
    const { leaseMinutes, size } = sighting;
    const wanted = { sessionId, size: size ?? 'Standard', models: [], leaseMinutes };
    const { next } = newSession(accountId, wanted, defaults, {
      rules: rulesNow,
      endpoint: upstream.endpoint,
      now,
    });
    const creation = { maxLeaseMinutes: leaseMinutes, attempts: 1, firstAttemptAt: now, lastUntil: now };
    const { next: seen } = evolve(
      { ...next, creation },
      { type: 'observe', because: 'unconfirmed' },
      { type: 'found', created: false, sighting },
      now,
    );
    if (seen.life === 'ended') return;
    const activity = { lastActivityAt: now, coveredUntil: now, closed: false };
    const dueAt = dueAtOf(decide(seen, activity, now, rulesNow), now);
    const event = { at: now, kind: 'adopted', because: 'unknown', detail: { leaseMinutes } } as const;
    const isAdopted = (await store.insert({ ...seen, dueAt }, activity, [event])) !== undefined;
    const what = isAdopted ? 'a server that nobody asked for is a session now' : 'it was asked for meanwhile';
    telemetry.report(faultOf('stranger', what, { accountId, sessionId }));
  };

  return {
    isDue: (gate) => listDueAt(gate, rules, clock.now()) <= clock.now(),
    async runIfDue(gate, limits, overdueMs = 0) {
      const now = clock.now();
      if (listDueAt(gate, rules, now) + overdueMs > now || now + limits.callTimeoutMs > limits.until)
        return false;
      await run(limits);
      return true;
    },
  };
};
