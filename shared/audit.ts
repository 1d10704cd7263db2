import { decide, dueAtOf } from './decide.ts';
import { UnreadableRowError } from './errors.ts';
import { evolve } from './evolve.ts';
import {
  countDueAt,
  type Gate,
  isBraked,
  listDueAt,
  mostKept,
  strangerSince,
  withUnaskedStop,
} from './gate.ts';
import type { Gateway } from './gateway.ts';
import type { Limits } from './intent.ts';
import { type Instant, MINUTE_MS } from './lease.ts';
import { isKept } from './living.ts';
import type { Sighting } from './outcome.ts';
import { inParallel } from './parallel.ts';
import type { Surroundings } from './reconcile.ts';
import type { EndedSession } from './session.ts';
import { decideStranger, type Stranger, unexplained } from './strangers.ts';
import { faultOf, reportRow } from './telemetry.ts';
import { isAtEnd, type Walk } from './upstream/walk.ts';
import { type ShownStatus, shownStatus } from './view.ts';
import { newSession } from './wishes.ts';

/** What is known of an account as a whole, each interval: its list is held against the table, and its sessions counted. */
export interface Audit {
  /** Whether anything is to be done, though no session is due. */
  isDue(gate: Gate): boolean;
  /** Whether a list is wanted, and has been for so long. */
  isListDue(gate: Gate, overdueMs?: number): boolean;
  /** Counts the living sessions where it is time to, and puts right what the due index has lost. */
  countIfDue(gate: Gate): Promise<void>;
  /** Holds a list that was read against the table: what runs there that nobody knows of. */
  examine(walk: Walk, limits: Limits): Promise<void>;
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

/** What living sessions are shown as; those of which nobody can tell come beside them. */
const LIVING: readonly ShownStatus[] = ['Starting', 'Ready', 'Stopping', 'Error'];
const UNREADABLE = 'unreadable';

export const createAudit = (
  { accountId, store, upstream, rules, clock, defaults, telemetry }: Surroundings,
  gateway: Gateway,
): Audit => {
  /** Those of the latest list. */
  let strays = new Set<string>();

  const countLiving = async (): Promise<Counted> => {
    const ids = new Set<string>();
    const forgotten: string[] = [];
    const byStatus = new Map<string, number>(LIVING.map((status) => [status, 0]));
    let kept = 0;
    for await (const { sessionId, row } of store.list(accountId)) {
      ids.add(sessionId);
      const status = row instanceof Error ? UNREADABLE : shownStatus(row);
      byStatus.set(status, (byStatus.get(status) ?? 0) + 1);
      if (row instanceof Error || row.dueAt < clock.now() - FORGOTTEN_MS) forgotten.push(sessionId);
      if (isKept(row)) kept += 1;
    }
    for (const [status, count] of byStatus)
      telemetry.measure('leasekeeper.sessions', count, { account: accountId, status });
    await inParallel(forgotten, mend);
    return { ids, kept };
  };

  /** A record that is long due, and that no sweep has come to: the index may have lost it. */
  const mend = async (sessionId: string): Promise<void> => {
    if (!(await store.mendDue({ accountId, sessionId }))) return;
    telemetry.report(faultOf('index', 'the session had lost its due row', { accountId, sessionId }));
  };

  /** Read after the list was had: a server that was asked for since is not on it. */
  const strangersOf = async ({ sightings }: Walk, ids: ReadonlySet<string>): Promise<Stranger[]> => {
    const strangers = (await inParallel(unexplained(sightings, ids), strangerOf)).flat();
    const isOver = ({ ended }: Stranger): number => (ended === undefined ? 1 : 0);
    return strangers.sort((one, other) => isOver(one) - isOver(other)).slice(0, MAX_STRANGERS);
  };

  /** One at most: none where its record explains it, cannot be read, or is about a server of another upstream. */
  const strangerOf = async ([sessionId, sighting]: readonly [string, Sighting]): Promise<Stranger[]> => {
    try {
      const session = (await store.read({ accountId, sessionId }, clock.now()))?.session;
      if (session === undefined) return [{ sessionId, sighting, ended: undefined }];
      const isHere = session.life === 'ended' && session.upstream === upstream.endpoint;
      return isHere ? [{ sessionId, sighting, ended: session }] : [];
    } catch (error) {
      if (!(error instanceof UnreadableRowError)) throw error;
      reportRow(telemetry, 'stranger', error, { accountId, sessionId });
      return [];
    }
  };

  const examine = async (walk: Walk, limits: Limits): Promise<void> => {
    const counted = await countLiving();
    const { ids } = counted;
    const strangers = await strangersOf(walk, ids);
    if (isAtEnd(walk))
      strays = new Set(strangers.map(({ sessionId }) => sessionId).filter((id) => strays.has(id)));
    const askedAt = walk.begunAt;
    // Whoever ends before all strangers are seen to leaves them to the next sweep, and not to the next interval.
    const gate = await gateway.change((before) => ({
      ...before,
      ...countsOf(counted),
      ...(isAtEnd(walk) ? hadOf(walk, strangers.length === 0 ? null : soon()) : {}),
      strangers: knownAfter(before, walk, strangers, ids),
    }));
    let againAt = Number.POSITIVE_INFINITY;
    const account: AccountNow = { liveCount: ids.size, kept: counted.kept };
    for (const stranger of strangers) {
      const since = strangerSince(gate, stranger.sessionId) ?? askedAt;
      againAt = Math.min(
        againAt,
        await treat(stranger, { since, isNew: since === askedAt }, account, limits),
      );
    }
    if (strangers.length === 0 || !isAtEnd(walk)) return;
    const listAgainAt = Number.isFinite(againAt) ? againAt : null;
    await gateway.change((before) => ({ ...before, listAgainAt }));
  };

  /** What a list that was read to its end leaves in the row. */
  const hadOf = (
    { begunAt, pages, sightings, unreadable }: Walk,
    listAgainAt: Instant | null,
  ): Partial<Gate> => ({
    ...{ listedAt: begunAt, listAgainAt },
    listPages: pages,
    listedCount: sightings.size + unreadable.size,
  });

  const countsOf = ({ ids, kept }: Counted): Pick<Gate, 'countedAt' | 'liveCount' | 'keptCount'> => ({
    countedAt: clock.now(),
    liveCount: ids.size,
    keptCount: kept,
  });

  /** Those that were seen; and of those that were known before, whoever may be there all the same. */
  const knownAfter = (
    before: Gate,
    walk: Walk,
    strangers: readonly Stranger[],
    ids: ReadonlySet<string>,
  ): Gate['strangers'] => {
    const seen = strangers.map(
      ({ sessionId }) => [sessionId, strangerSince(before, sessionId) ?? walk.begunAt] as const,
    );
    const maybe = Object.entries(before.strangers).filter(
      ([sessionId]) =>
        !ids.has(sessionId) &&
        !walk.sightings.has(sessionId) &&
        (!walk.isWhole || walk.unreadable.has(sessionId)),
    );
    return Object.fromEntries([...seen, ...maybe].slice(0, MAX_STRANGERS));
  };

  const soon = (): Instant => clock.now() + AGAIN_MS;

  /** Counted when it is first found to be one, however long it takes to get rid of it. */
  const countStray = (sessionId: string): void => {
    if (!strays.has(sessionId)) telemetry.measure('leasekeeper.strays', 1, {});
    strays.add(sessionId);
  };

  /** When somebody has to look again, where that is before the next interval. */
  const treat = async (
    stranger: Stranger,
    { since, isNew }: { since: Instant; isNew: boolean },
    account: AccountNow,
    limits: Limits,
  ): Promise<Instant> => {
    const decision = decideStranger(stranger, since, rules, clock.now());
    const subject = { accountId, sessionId: stranger.sessionId };
    switch (decision.type) {
      case 'stop': {
        countStray(stranger.sessionId);
        if (stranger.ended === undefined) return Number.POSITIVE_INFINITY;
        // Another instance, whose clock is right, decides that.
        if (!clock.isTrusted()) return soon();
        return stopStray(stranger.ended, since, account.liveCount, limits);
      }
      case 'adopt':
        await adopt(stranger, account);
        return Number.POSITIVE_INFINITY;
      case 'wait':
      case 'none': {
        const isUnknown = decision.because === 'new' || decision.because === 'unknown';
        if (isUnknown && isNew) {
          telemetry.report(faultOf('stranger', 'the upstream has a server that is not known here', subject));
          telemetry.measure('leasekeeper.orphans', 1, {});
        }
        return decision.type === 'wait' ? decision.until : Number.POSITIVE_INFINITY;
      }
      default:
        return decision satisfies never;
    }
  };

  /**
   * The stop is on record before it is asked for, and counts as one that nobody asked for. Says when somebody has to look
   * again: soon, or where it is held as soon as that is over.
   */
  const stopStray = async (
    ended: EndedSession,
    since: Instant,
    liveCount: number,
    limits: Limits,
  ): Promise<Instant> => {
    const heldUntil = since + rules.observeIntervalMs;
    const until = Math.min(clock.now() + limits.callTimeoutMs, limits.until);
    const startBy = await gateway.passBy(until);
    if (startBy === undefined) return soon();
    const begun = await gateway.inTurn(async (gate) => {
      const now = clock.now();
      // A few are an accident; many at once are somebody's mistake, which is looked at by people first.
      if (isBraked(gate, liveCount, now) && now < heldUntil) return 'held';
      const event = { at: now, kind: 'stray', because: 'over', detail: { status: ended.status } } as const;
      const isWritten = await store.addEvent(ended, event, { from: gate, next: withUnaskedStop(gate, now) });
      // In the slot's window, however long it takes to hear that it is written: another one's stop may be under way then.
      return isWritten ? { startBy, until: now + limits.callTimeoutMs } : undefined;
    });
    if (begun === 'held') return heldUntil;
    if (begun === undefined) return soon();
    const { sessionId } = ended;
    const outcome = await upstream.stop(sessionId, begun);
    if (outcome.type === 'inconclusive' && outcome.retryAfterMs !== null)
      await gateway.holdBack(outcome.retryAfterMs);
    const entry = { kind: 'decision', action: 'stop', because: 'stray', outcome: outcome.type } as const;
    telemetry.report({ ...entry, accountId, sessionId });
    return soon();
  };

  /**
   * The server becomes a session with the account's default wishes, as if its create had just been answered; but it is
   * not kept alive where that would make others lapse.
   */
  const adopt = async ({ sessionId, sighting }: Stranger, account: AccountNow): Promise<void> => {
    const now = clock.now();
    const keepAlive = defaults.keepAlive && account.kept < mostKept(rules);
    const rulesNow = await gateway.rulesLately();
    const { leaseMinutes, size } = sighting;
    const wanted = { sessionId, size: size ?? 'Standard', models: [], leaseMinutes };
    const terms = { rules: rulesNow, endpoint: upstream.endpoint, now };
    const { next } = newSession(accountId, wanted, { ...defaults, keepAlive }, terms);
    const creation = { maxLeaseMinutes: leaseMinutes, attempts: 1, firstAttemptAt: now, lastUntil: now };
    const { next: seen } = evolve(
      { ...next, creation },
      { type: 'observe', because: 'unconfirmed' },
      { type: 'found', created: false, sighting },
      now,
    );
    if (seen.life === 'ended') return;
    // Nobody has used it yet, however long ago it was seen: that arms no idleness.
    const activity = { lastActivityAt: sighting.receivedAt, coveredUntil: now, closed: false };
    const dueAt = dueAtOf(decide(seen, activity, now, rulesNow), now);
    const event = { at: now, kind: 'adopted', because: 'unknown', detail: { leaseMinutes } } as const;
    const isAdopted = (await store.insert({ ...seen, dueAt }, activity, [event])) !== undefined;
    if (isAdopted && keepAlive) account.kept += 1;
    const refused = defaults.keepAlive && !keepAlive ? ', and is not kept alive: there are too many' : '';
    const adopted = `a server that nobody asked for is a session now${refused}`;
    const what = isAdopted ? adopted : 'it was asked for meanwhile';
    telemetry.report(faultOf('stranger', what, { accountId, sessionId }));
  };

  const isListDue = (gate: Gate, overdueMs = 0): boolean => {
    const now = clock.now();
    return listDueAt(gate, rules, now) + overdueMs <= now;
  };
  const isCountDue = (gate: Gate): boolean => countDueAt(gate, rules, clock.now()) <= clock.now();

  return {
    isDue: (gate) => isListDue(gate) || isCountDue(gate),
    isListDue,
    async countIfDue(gate) {
      if (!isCountDue(gate)) return;
      const counted = await countLiving();
      await gateway.change((before) => ({ ...before, ...countsOf(counted) }));
    },
    examine,
  };
};

/** The ids of all living records, whether they can be read or not, and how many of them are kept alive. */
interface Counted {
  ids: ReadonlySet<string>;
  kept: number;
}

/** How the account stands while its strangers are seen to. */
interface AccountNow {
  liveCount: number;
  kept: number;
}
