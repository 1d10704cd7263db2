import { decide, dueAtOf, type Foreseen, foresee } from './decide.ts';
import {
  ExtensionRefusedError,
  type KeeperError,
  SessionExistsError,
  SessionNotFoundError,
  SessionOverError,
  TooManyConflictsError,
  UpstreamUnavailableError,
} from './errors.ts';
import { intentOf, type Limits, withIntent } from './intent.ts';
import { clientLeaseMinutes, type Instant } from './lease.ts';
import type { HistoryEvent } from './outcome.ts';
import { inParallel } from './parallel.ts';
import { createReconciler, MAX_CONFLICTS, type Surroundings } from './reconcile.ts';
import {
  type Activity,
  coverMs,
  idleAt,
  type LiveSession,
  type Policy,
  type Session,
  type SessionKey,
} from './session.ts';
import type { TrackedActivity } from './store/activity.ts';
import type { Found } from './store/commit.ts';
import { createSweep, type SweepReport } from './sweep.ts';
import { describeError } from './telemetry.ts';
import type { ShownStatus } from './view.ts';
import { changed, type NewSession, newSession, type SessionChange, stopped, type Wish } from './wishes.ts';

/** A session with what it will come to. */
export interface SessionView {
  session: Session;
  activity: Activity;
  next: Foreseen;
}

export interface Heartbeat {
  status: ShownStatus;
  leaseEnd: Instant | null;
  idleAt: Instant | null;
}

/** `unfinished`: what is wanted is recorded, and the upstream's part of it is left to the sweep. */
export interface Accepted {
  unfinished: boolean;
}

/** What one account's apps and its timer can ask for. */
export interface Keeper {
  /** Asks for a server. @throws SessionExistsError where the id is taken, here or upstream */
  create(wanted: NewSession): Promise<Accepted>;
  /**
   * Changes the lease or the wishes of a session.
   * @throws LeaseNotLargerError, ExtensionRefusedError, SessionNotFoundError, SessionOverError
   * @throws UpstreamUnavailableError where the upstream cannot be asked now; the sweep goes on
   */
  change(sessionId: string, change: SessionChange, noteUse: boolean): Promise<void>;
  /** One session; what is due of it is done first, within 2 s. @throws SessionNotFoundError */
  show(sessionId: string, noteUse: boolean): Promise<SessionView>;
  /** All sessions that are not over, in the order of their ids. */
  list(): Promise<SessionView[]>;
  /** Wants the session stopped, for good. Asking again is harmless. @throws SessionNotFoundError */
  stop(sessionId: string): Promise<Accepted>;
  /** A sign of use. @throws SessionNotFoundError, SessionOverError */
  heartbeat(sessionId: string): Promise<Heartbeat>;
  /** Reconciles what is due, and says how many sessions it looked at. */
  sweep(): Promise<SweepReport>;
}

/** An HTTP caller waits for the upstream no longer than this; the sweep has more patience. */
const HTTP_UPSTREAM_MS = 2_000;
/** What a caller is told to wait while the upstream cannot be asked: the rule of thumb of the service's throttling. */
const RETRY_AFTER_SECONDS = 10;

/** The keeper of one account's sessions. Every session it reads or writes is that account's. */
export const createKeeper = (accountId: string, defaults: Policy, surroundings: Surroundings): Keeper => {
  const { store, upstream, rules, clock, newId, telemetry } = surroundings;
  const reconciler = createReconciler(surroundings);
  const keyOf = (sessionId: string): SessionKey => ({ accountId, sessionId });
  const httpLimits = (): Limits => ({
    callTimeoutMs: HTTP_UPSTREAM_MS,
    until: clock.now() + HTTP_UPSTREAM_MS,
  });

  const find = async (sessionId: string): Promise<Found> => {
    const found = await store.read(keyOf(sessionId), clock.now());
    if (found === undefined) throw unknownSession();
    return found;
  };

  const report = (what: string, sessionId: string | undefined, error: unknown): void => {
    const subject = sessionId === undefined ? { accountId } : { accountId, sessionId };
    const at = new Date(clock.now()).toISOString();
    telemetry.report({ kind: 'fault', at, ...subject, what, error: describeError(error) });
  };

  /** Commits what a client wants of a living session; decided again where the record changed in between. */
  const commitWish = async (
    sessionId: string,
    wish: (session: LiveSession, now: Instant) => Wish | undefined,
    onOver: 'ignore' | 'refuse',
  ): Promise<void> => {
    for (let attempt = 0; attempt < MAX_CONFLICTS; attempt += 1) {
      const found = await find(sessionId);
      const { session } = found;
      const now = clock.now();
      const isOver = session.life === 'ended' || session.desired.state === 'stopped';
      if (isOver && onOver === 'refuse') throw sessionOver();
      const wanted = session.life === 'live' ? wish(session, now) : undefined;
      if (session.life === 'ended' || wanted === undefined) return;
      const dueAt = dueAtOf(decide(wanted.next, found.activity, now, rules), now);
      const committed = await store.commit(
        { ...found, session },
        { ...wanted.next, dueAt },
        wanted.events,
        now,
      );
      if (committed !== undefined) return;
    }
    throw tooManyConflicts();
  };

  /** Does what is due of one session, in the time that an HTTP caller waits. */
  const reconcileNow = async (sessionId: string): Promise<void> => {
    try {
      await reconciler.reconcile(keyOf(sessionId), httpLimits());
    } catch (error) {
      if (!(error instanceof TooManyConflictsError)) throw error;
      // Others are at work on it, and what is wanted is committed: the sweep finds it due.
      report('reconcile', sessionId, error);
    }
  };

  /** Notes use, at most one write per stretch; undefined where there is no activity row. */
  const noteUse = async (sessionId: string): Promise<TrackedActivity | undefined> => {
    for (let attempt = 0; attempt < MAX_CONFLICTS; attempt += 1) {
      const activity = await store.readActivity(keyOf(sessionId));
      const now = clock.now();
      if (activity === undefined || activity.closed || now <= activity.coveredUntil) return activity;
      const coveredUntil = now + coverMs(activity.shown.idleTimeoutMinutes);
      if (await store.cover(keyOf(sessionId), activity, now, coveredUntil)) {
        return { ...activity, lastActivityAt: now, coveredUntil };
      }
    }
    throw tooManyConflicts();
  };

  return {
    async create(wanted) {
      const now = clock.now();
      const session = newSession(accountId, wanted, defaults, { rules, endpoint: upstream.endpoint, now });
      const act = {
        type: 'create',
        because: 'requested',
        maxLeaseMinutes: session.creation.maxLeaseMinutes,
      } as const;
      const intent = intentOf(act, httpLimits(), newId(), now);
      const created: HistoryEvent = {
        at: now,
        kind: 'created',
        because: 'requested',
        detail: {
          size: session.size,
          leaseMinutes: wanted.leaseMinutes,
          keepAlive: session.policy.keepAlive,
        },
      };
      const activity = activeAt(now);
      const inserted = await store.insert(withIntent(session, intent, now).next, activity, [created]);
      if (inserted === undefined) throw sessionExists();
      await reconciler.carryOut(inserted, intent);
      const { session: after } = await find(wanted.sessionId);
      if (after.life === 'ended' && after.because === 'foreign') throw sessionExists();
      return { unfinished: after.life === 'live' && after.observed.status === 'Requested' };
    },

    async change(sessionId, change, isUse) {
      // First, so that a change that is accepted is not followed by a reap that did not see it.
      if (isUse) await noteUse(sessionId);
      await commitWish(sessionId, (session, now) => changed(session, change, now), 'refuse');
      if (change.leaseMinutes === undefined) return;
      const wanted = clientLeaseMinutes(change.leaseMinutes);
      if (isGranted(await find(sessionId), wanted)) return;
      await reconcileNow(sessionId);
      const after = await find(sessionId);
      if (isGranted(after, wanted)) return;
      if (after.session.life === 'ended' || after.session.desired.state === 'stopped') throw sessionOver();
      if (after.session.leases.floorMinutes < change.leaseMinutes) throw extensionRefused();
      throw upstreamUnavailable();
    },

    async show(sessionId, isUse) {
      if (isUse) await noteUse(sessionId);
      const found = await find(sessionId);
      if (found.session.dueAt > clock.now() || found.session.life === 'ended')
        return view(found, surroundings);
      await reconcileNow(sessionId);
      return view(await find(sessionId), surroundings);
    },

    async list() {
      const sessions: LiveSession[] = [];
      for await (const item of store.list(accountId)) {
        if (item instanceof Error) report('list', undefined, item);
        else sessions.push(item);
      }
      return inParallel(sessions, async (session) => {
        const activity = (await store.readActivity(session)) ?? activeAt(clock.now());
        return view({ session, activity }, surroundings);
      });
    },

    async stop(sessionId) {
      await commitWish(sessionId, stopped, 'ignore');
      await reconcileNow(sessionId);
      const { session } = await find(sessionId);
      const isAccepted =
        session.life === 'ended' ||
        (session.desired.state === 'stopped' && session.desired.acceptedAt !== null);
      return { unfinished: !isAccepted };
    },

    async heartbeat(sessionId) {
      const activity = await noteUse(sessionId);
      if (activity !== undefined && !activity.closed) {
        const { status, leaseEnd } = activity.shown;
        return { status, leaseEnd, idleAt: idleAt(activity.shown, activity) };
      }
      const { session } = await find(sessionId);
      if (session.life === 'ended' || session.desired.state === 'stopped') throw sessionOver();
      // The activity row was lost and has been restored by this read, as active now.
      const restored = await noteUse(sessionId);
      if (restored === undefined || restored.closed) throw sessionOver();
      const { status, leaseEnd } = restored.shown;
      return { status, leaseEnd, idleAt: idleAt(restored.shown, restored) };
    },

    sweep: createSweep(accountId, surroundings, reconciler),
  };
};

/** Before its server is confirmed, a lease is a promise: it is asked for as soon as there is somebody to ask. */
const isGranted = ({ session }: Found, minutes: number): boolean =>
  session.leases.grantedMinutes >= minutes ||
  (session.life === 'live' && session.desired.state === 'running' && session.observed.status === 'Requested');

/** What a new session starts with; and a lost row counts as it will be restored, as active now. */
const activeAt = (now: Instant): Activity => ({ lastActivityAt: now, coveredUntil: now, closed: false });

const view = (
  { session, activity }: Pick<SessionView, 'session' | 'activity'>,
  { rules, clock }: Surroundings,
): SessionView => ({
  session,
  activity,
  next: foresee(session, activity, clock.now(), rules),
});

const unknownSession = (): KeeperError => new SessionNotFoundError('There is no such session.');
const sessionOver = (): KeeperError => new SessionOverError('The session is over, or being stopped.');
const sessionExists = (): KeeperError => new SessionExistsError('There is a session of this id already.');
const extensionRefused = (): KeeperError =>
  new ExtensionRefusedError('The upstream refuses to extend the lease of this session.');
const upstreamUnavailable = (): KeeperError =>
  new UpstreamUnavailableError('The upstream cannot be asked now; the keeper goes on trying.', {
    retryAfterSeconds: RETRY_AFTER_SECONDS,
  });
const tooManyConflicts = (): KeeperError =>
  new TooManyConflictsError('The session is being changed by too many others.', { retryAfterSeconds: 1 });
