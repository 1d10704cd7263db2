import { SessionExistsError } from './errors.ts';
import { type Gate, opensAt } from './gate.ts';
import type { Gateway } from './gateway.ts';
import { type Intent, intentOf, type Limits, withIntent } from './intent.ts';
import type { Created, Keeper } from './keeper.ts';
import type { Instant } from './lease.ts';
import { noRoom } from './living.ts';
import type { Reconciler, Surroundings } from './reconcile.ts';
import { type Activity, isDue, type LiveSession, type SessionKey } from './session.ts';
import type { Found } from './store/commit.ts';
import type { TrackedGate } from './store/gate.ts';
import { faultOf } from './telemetry.ts';
import type { SessionView } from './view.ts';
import { isRepeated, type NewSession, newSession } from './wishes.ts';

/** What it shares with the other calls of a keeper's clients. */
interface Answering {
  viewOf(found: Pick<Found, 'session' | 'activity'>): Promise<SessionView>;
  ifPossible<Result>(sessionId: string, work: () => Promise<Result>): Promise<Result | undefined>;
  httpLimits(): Limits;
}

/** A session that was just inserted, with its first call, and why that is called off, where it is. */
interface Begun {
  inserted: Found<LiveSession>;
  intent: Intent | undefined;
  obstacle?: string | undefined;
}

/** How a session comes to be: its record before its server, and one of each whatever is retried. */
export const createCreating = (
  { accountId, store, upstream, defaults, rules, clock, newId, telemetry }: Surroundings,
  gateway: Gateway,
  reconciler: Reconciler,
  { viewOf, ifPossible, httpLimits }: Answering,
): Pick<Keeper, 'create'> => {
  const keyOf = (sessionId: string): SessionKey => ({ accountId, sessionId });

  /**
   * A call that needs no slot needs the gate only when it leaves: it is read beside the insert. Where that succeeds, its
   * client has to learn the id, whatever becomes of the gate.
   */
  const besideGate = async (
    sessionId: string,
    insert: () => Promise<Begun | undefined>,
  ): Promise<Begun | undefined> => {
    const reading = gateway.read().catch((error: unknown) => ({ error }));
    const begun = await insert();
    const gate = await reading;
    if (begun?.intent === undefined) return begun;
    if ('error' in gate) {
      telemetry.report(faultOf('left to the sweep', gate.error, keyOf(sessionId)));
      return { ...begun, obstacle: 'it cannot be told whether the upstream has told to wait' };
    }
    return { ...begun, obstacle: obstacleAt(gate, clock.now()) };
  };

  /** The record of a new session, with its first call where the gate is open; undefined where its id is taken. */
  const begin = async (wanted: NewSession, isFreshId: boolean): Promise<Begun | undefined> => {
    const insert = async (gate: TrackedGate | undefined, isOver?: boolean): Promise<Begun | undefined> => {
      const { endpoint } = upstream;
      const rulesNow = await gateway.rulesLately();
      const now = clock.now();
      const { next, events } = newSession(accountId, wanted, defaults, { rules: rulesNow, endpoint, now });
      const { maxLeaseMinutes } = next.creation;
      const isOpen = gate !== undefined && opensAt(gate, now) <= now;
      const act = { type: 'create', because: 'requested', maxLeaseMinutes } as const;
      const intent = isOpen ? intentOf(act, httpLimits(), newId(), now) : undefined;
      const session = intent === undefined ? next : withIntent(next, intent, now).next;
      const slot = isOpen ? gateway.slotOf(gate, now) : undefined;
      const inserted = await store.insert(session, activeAt(now), events, slot, isOver);
      return inserted === undefined ? undefined : { inserted, intent };
    };
    const lookIsOver = async (): Promise<boolean> => !isFreshId && store.isOver(keyOf(wanted.sessionId));
    if (rules.callGapMs === 0) {
      const lately = isFreshId ? gateway.lately() : undefined;
      return lately === undefined
        ? insert(...(await Promise.all([gateway.read(), lookIsOver()])))
        : besideGate(wanted.sessionId, () => insert(lately, false));
    }
    const first = await gateway.inTurn(async (gate) => insert(gate, await lookIsOver()));
    if (first !== undefined || (await store.read(keyOf(wanted.sessionId), clock.now())) !== undefined)
      return first;
    // Another call was faster at the gate: the sweep makes this one.
    return insert(undefined);
  };

  /**
   * The answer to a create whose id is taken: the session that it made before, or that it cannot be had. Nobody else can
   * have made one of a fresh id: it was this very call, which a sweep has been faster to take up than it heard of its insert.
   */
  const repeated = async (wanted: NewSession, isFreshId: boolean): Promise<Created> => {
    const found = await store.read(keyOf(wanted.sessionId), clock.now());
    if (found === undefined || !isRepeated(found.session, wanted)) throw sessionExists();
    const unfinished = isDue(found.session, clock.now());
    return { isNew: isFreshId, view: await viewOf(found), unfinished };
  };

  return {
    async create(wanted, isFreshId = false) {
      const isKeptAlive = wanted.keepAlive ?? defaults.keepAlive;
      const refusal = isKeptAlive ? await noRoom(store, accountId, rules) : undefined;
      // One that was made before may be asked for again.
      if (refusal !== undefined && (await store.read(keyOf(wanted.sessionId), clock.now())) === undefined)
        throw refusal;
      const begun = await begin(wanted, isFreshId);
      if (begun === undefined) return repeated(wanted, isFreshId);
      const { inserted, intent, obstacle } = begun;
      // From here on the session exists, and its client has to learn its id.
      const carried =
        intent === undefined
          ? undefined
          : await ifPossible(wanted.sessionId, () =>
              obstacle === undefined
                ? reconciler.carryOut(inserted, intent)
                : reconciler.callOff(inserted, intent, obstacle),
            );
      if (carried?.life === 'ended' && carried.because === 'foreign') throw sessionExists();
      const session = carried ?? inserted.session;
      return {
        isNew: true,
        view: await viewOf({ ...inserted, session }),
        unfinished: session.life === 'live' && session.observed.status === 'Requested',
      };
    },
  };
};

/** Why no call may leave now; undefined where it may. */
const obstacleAt = (gate: Gate, now: Instant): string | undefined =>
  opensAt(gate, now) > now ? 'the upstream has told to wait' : undefined;

/** What a new session starts with. */
const activeAt = (now: Instant): Activity => ({ lastActivityAt: now, coveredUntil: now, closed: false });

const sessionExists = (): SessionExistsError =>
  new SessionExistsError('There is a session of this id already.');
