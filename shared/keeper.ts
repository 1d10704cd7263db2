import { createCreating } from './creating.ts';
import { decide, dueAtOf, foresee } from './decide.ts';
import {
  ExtensionRefusedError,
  type KeeperError,
  SessionNotFoundError,
  SessionOverError,
  StorageUnavailableError,
  TooManyConflictsError,
  UpstreamUnavailableError,
} from './errors.ts';
import { opensAt } from './gate.ts';
import { createGateway } from './gateway.ts';
import type { Limits } from './intent.ts';
import type { Instant } from './lease.ts';
import { createListing, type ListPage } from './listing.ts';
import { noRoom } from './living.ts';
import { createReconciler, MAX_CONFLICTS, type Surroundings } from './reconcile.ts';
import {
  coverMs,
  idleAt,
  isCovered,
  isDue,
  isStopAccepted,
  type LiveSession,
  type Session,
  type SessionKey,
} from './session.ts';
import type { TrackedActivity } from './store/activity.ts';
import type { Found } from './store/commit.ts';
import { createSweep, type SweepReport } from './sweep.ts';
import { faultOf } from './telemetry.ts';
import { withToldCalls, withToldChanges } from './telling.ts';
import type { SessionView, ShownStatus } from './view.ts';
import {
  acknowledged,
  changed,
  isRefused,
  type NewSession,
  owesNothing,
  type SessionChange,
  stopped,
  type Wish,
} from './wishes.ts';

export interface Heartbeat {
  status: ShownStatus;
  leaseEnd: Instant | null;
  idleAt: Instant | null;
}

/** `unfinished`: what is wanted is recorded, and the upstream's part of it is left to the sweep. */
export interface Accepted {
  unfinished: boolean;
}

/** What was done for a client, and the session as it is now. */
export interface Changed extends Accepted {
  view: SessionView;
}

/** `isNew` is false for the repetition of a create: there is one session, whatever is retried. */
export interface Created extends Changed {
  isNew: boolean;
}

/** What one account's apps and its timer can ask for. */
export interface Keeper {
  /**
   * Asks for a server, or finds the one that the same words asked for before, living or ended. `isFreshId`: the id was
   * made for this very call, and nobody can have had it before.
   * @throws SessionExistsError where the id is taken otherwise, here or upstream
   * @throws KeepAliveRefusedError where so many sessions cannot be kept alive
   */
  create(wanted: NewSession, isFreshId?: boolean): Promise<Created>;
  /**
   * Changes the lease or the wishes of a session.
   * @throws LeaseNotLargerError, LeaseTooLongError, ExtensionRefusedError, KeepAliveRefusedError, SessionNotFoundError, SessionOverError
   * @throws UpstreamUnavailableError where the lease cannot be asked for now; the sweep goes on
   */
  change(sessionId: string, change: SessionChange, isUse: boolean): Promise<Changed>;
  /**
   * One session; what is due of it is done first, within 2 s. Where calls are few, that is done only with one that
   * nobody else wants: clients look often, and must not put off what is urgent. @throws SessionNotFoundError
   */
  show(sessionId: string, isUse: boolean): Promise<Changed>;
  /** All sessions that are not over, in the order of their ids. */
  list(): Promise<SessionView[]>;
  /** So many of them, from behind the id that an earlier page ended with. */
  page(after: string | undefined, count: number): Promise<ListPage>;
  /** Wants the session stopped, for good. Asking again is harmless. @throws SessionNotFoundError */
  stop(sessionId: string): Promise<Accepted>;
  /** A sign of use. @throws SessionNotFoundError, SessionOverError */
  heartbeat(sessionId: string): Promise<Heartbeat>;
  /** Reconciles what is due, and says how many sessions it looked at. */
  sweep(): Promise<SweepReport>;
}

/** An HTTP caller waits for the upstream no longer than this; the sweep has more patience. */
const HTTP_UPSTREAM_MS = 2_000;
/** How often a caller whose session is in somebody else's hands looks whether they are done. */
const WAIT_FOR_OTHERS_MS = 200;
/** What a caller is told to wait while the upstream cannot be asked: the rule of thumb of the service's throttling. */
const RETRY_AFTER_SECONDS = 10;

/** The keeper of one account's sessions. Every session it reads or writes is that account's. */
export const createKeeper = (given: Surroundings): Keeper => {
  const surroundings: Surroundings = {
    ...given,
    store: withToldChanges(given.store, given.telemetry),
    upstream: withToldCalls(given.upstream, given.telemetry),
  };
  const { accountId, store, rules, clock, telemetry } = surroundings;
  const gateway = createGateway(accountId, surroundings);
  const reconciler = createReconciler(surroundings, gateway);
  const keyOf = (sessionId: string): SessionKey => ({ accountId, sessionId });
  const httpLimits = (): Limits => ({
    callTimeoutMs: HTTP_UPSTREAM_MS,
    until: clock.now() + HTTP_UPSTREAM_MS,
  });

  const viewOf = async ({
    session,
    activity,
  }: Pick<Found, 'session' | 'activity'>): Promise<SessionView> => ({
    session,
    activity,
    next: foresee(session, activity, clock.now(), await gateway.rulesLately()),
  });

  const find = async (sessionId: string): Promise<Found> => {
    const found = await store.read(keyOf(sessionId), clock.now());
    if (found === undefined) throw unknownSession();
    return found;
  };

  /**
   * Commits what a client wants of a living session; decided again where the record changed in between. `first` spares
   * a read where the caller has just made it.
   */
  const commitWish = async (
    sessionId: string,
    wish: (session: LiveSession, now: Instant) => Wish | undefined,
    first?: Found,
  ): Promise<Found> => {
    let known = first;
    for (let attempt = 0; attempt < MAX_CONFLICTS; attempt += 1) {
      const found = known ?? (await find(sessionId));
      known = undefined;
      const { session } = found;
      const now = clock.now();
      const wanted = session.life === 'live' ? wish(session, now) : undefined;
      if (session.life === 'ended' || wanted === undefined) return found;
      const dueAt = dueAtOf(decide(wanted.next, found.activity, now, await gateway.rulesLately()), now);
      const committed = await store.commit(
        { ...found, session },
        { ...wanted.next, dueAt },
        wanted.events,
        now,
      );
      if (committed !== undefined) return committed;
    }
    throw tooManyConflicts();
  };

  /**
   * For what comes after a wish is recorded: its client is answered by the record, whatever goes wrong then. The fault
   * is reported, and the sweep finds what is due.
   */
  const ifPossible = async <Result>(
    sessionId: string,
    work: () => Promise<Result>,
  ): Promise<Result | undefined> => {
    try {
      return await work();
    } catch (error) {
      const isForSweep = error instanceof StorageUnavailableError || error instanceof TooManyConflictsError;
      if (!isForSweep) throw error;
      telemetry.report(faultOf('left to the sweep', error, keyOf(sessionId)));
      return undefined;
    }
  };

  /** Does what is due of one session within the limits, and reads what came of it. */
  const settle = async (sessionId: string, limits: Limits, first?: Found): Promise<Found> => {
    await reconciler.reconcile(keyOf(sessionId), limits, first);
    return find(sessionId);
  };

  /**
   * Notes use, at most one write per stretch, and one more where it arms idleness; undefined where nothing lives.
   * `first` spares a read where the caller has just made it.
   */
  const noteUse = async (
    sessionId: string,
    first?: TrackedActivity,
  ): Promise<TrackedActivity | undefined> => {
    let known = first;
    for (let attempt = 0; attempt < MAX_CONFLICTS; attempt += 1) {
      const activity = known ?? (await store.readActivity(keyOf(sessionId)));
      known = undefined;
      const now = clock.now();
      if (activity === undefined) {
        // It was lost, and this read makes it anew: as of a session that nobody has used yet.
        if ((await store.read(keyOf(sessionId), now))?.session.life !== 'live') return undefined;
        continue;
      }
      if (activity.closed || isCovered(activity.shown, activity, now)) return activity;
      const coveredUntil = now + coverMs(activity.shown.idleTimeoutMinutes);
      if (await store.cover(keyOf(sessionId), activity, now, coveredUntil)) {
        return { ...activity, lastActivityAt: now, coveredUntil };
      }
    }
    throw tooManyConflicts();
  };

  /**
   * The session with its use noted: read again where its activity has changed meanwhile, and so perhaps the rest, or
   * where it says that the session is being stopped and the record, which was read a moment before, does not.
   */
  const withUse = async (sessionId: string, found: Found): Promise<Found> => {
    const activity = await noteUse(sessionId, found.activity);
    const isOneState = activity !== undefined && (!activity.closed || isOver(found.session));
    return isOneState && activity.etag === found.activity.etag ? { ...found, activity } : find(sessionId);
  };

  /** The upstream cannot be asked now; after the gate opens it makes sense to try again. */
  const notNow = async (): Promise<KeeperError> => {
    const now = clock.now();
    const closedMs = opensAt(await gateway.read(), now) - now;
    return upstreamUnavailable(closedMs > 0 ? Math.ceil(closedMs / 1000) : RETRY_AFTER_SECONDS);
  };

  /** Has the lease asked for, and waits for others who have the session in hand, as long as a caller waits. */
  const obtain = async (sessionId: string, leaseMinutes: number, first: Found): Promise<Found> => {
    const limits = httpLimits();
    let known: Found | undefined = first;
    for (;;) {
      const found: Found = await settle(sessionId, limits, known);
      known = undefined;
      const { session } = found;
      if (isOver(session)) throw sessionOver();
      if (session.life === 'live' && owesNothing(session, leaseMinutes))
        return commitWish(sessionId, (wanted) => acknowledged(wanted, leaseMinutes), found);
      if (session.life === 'live' && isRefused(session, leaseMinutes)) throw extensionRefused();
      const isWithOthers = session.life === 'live' && session.pending !== null;
      if (!isWithOthers || clock.now() + WAIT_FOR_OTHERS_MS > limits.until) throw await notNow();
      await gateway.wait(clock.now() + WAIT_FOR_OTHERS_MS);
    }
  };

  return {
    ...createCreating(surroundings, gateway, reconciler, { viewOf, ifPossible, httpLimits }),

    async change(sessionId, change, isUse) {
      const wish = (session: LiveSession, now: Instant): Wish => {
        if (isOver(session)) throw sessionOver();
        return changed(session, change, now);
      };
      const before = await find(sessionId);
      const { session } = before;
      if (session.life === 'ended') throw sessionOver();
      wish(session, clock.now());
      const isKeptAnew = change.keepAlive === true && !session.policy.keepAlive;
      const refusal = isKeptAnew ? await noRoom(store, accountId, rules) : undefined;
      if (refusal !== undefined) throw refusal;
      // A change that is possible is use; noted before it is made, so that no reap follows that did not see it.
      const current = isUse ? await withUse(sessionId, before) : before;
      const committed = await commitWish(sessionId, wish, current);
      if (committed.session.life === 'ended') throw sessionOver();
      const { leaseMinutes } = change;
      const isGranted = leaseMinutes === undefined || owesNothing(committed.session, leaseMinutes);
      const found = isGranted ? committed : await obtain(sessionId, leaseMinutes, committed);
      if (!isDue(found.session, clock.now())) return { view: await viewOf(found), unfinished: false };
      const settled = (await ifPossible(sessionId, () => settle(sessionId, httpLimits()))) ?? found;
      return { view: await viewOf(settled), unfinished: isDue(settled.session, clock.now()) };
    },

    async show(sessionId, isUse) {
      const read = await find(sessionId);
      const found = isUse ? await withUse(sessionId, read) : read;
      if (!isDue(found.session, clock.now())) return { view: await viewOf(found), unfinished: false };
      const limits = { ...httpLimits(), isSpareOnly: rules.callGapMs > 0 };
      const settled = (await ifPossible(sessionId, () => settle(sessionId, limits))) ?? found;
      // What it did not begin is the sweep's own, which needs no word of it.
      const isBegun = settled.session.opId !== found.session.opId;
      return { view: await viewOf(settled), unfinished: isBegun && isDue(settled.session, clock.now()) };
    },

    ...createListing(surroundings, gateway),

    async stop(sessionId) {
      const committed = await commitWish(sessionId, stopped);
      if (committed.session.life === 'ended') return { unfinished: false };
      const after = await ifPossible(sessionId, () => settle(sessionId, httpLimits(), committed));
      return { unfinished: after === undefined || !isStopDone(after.session) };
    },

    async heartbeat(sessionId) {
      const activity = await noteUse(sessionId);
      if (activity !== undefined && !activity.closed) return beat(activity);
      const found = await find(sessionId);
      if (isOver(found.session)) throw sessionOver();
      return beat(found.activity);
    },

    sweep: createSweep(surroundings, gateway, reconciler),
  };
};

const isOver = (session: Session): boolean => session.life === 'ended' || session.desired.state === 'stopped';

const isStopDone = (session: Session): boolean => session.life === 'ended' || isStopAccepted(session);

const beat = (activity: TrackedActivity): Heartbeat => {
  const { status, leaseEnd } = activity.shown;
  return { status, leaseEnd, idleAt: idleAt(activity.shown, activity) };
};

const unknownSession = (): KeeperError => new SessionNotFoundError('There is no such session.');
const sessionOver = (): KeeperError => new SessionOverError('The session is over, or being stopped.');
const extensionRefused = (): KeeperError =>
  new ExtensionRefusedError('The upstream refuses to extend the lease of this session.');
const upstreamUnavailable = (retryAfterSeconds: number): KeeperError =>
  new UpstreamUnavailableError('The upstream cannot be asked now; the keeper goes on trying.', {
    retryAfterSeconds,
  });
const tooManyConflicts = (): KeeperError =>
  new TooManyConflictsError('The session is being changed by too many others.', { retryAfterSeconds: 1 });
