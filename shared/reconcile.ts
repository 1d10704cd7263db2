import { type Held, held, heldBy } from './brake.ts';
import type { CheckedClock } from './clock.ts';
import { asksNobody, decide, dueAtOf, isVerdict } from './decide.ts';
import { displaced, displacedUntil, stillMissing } from './ending.ts';
import { TooManyConflictsError } from './errors.ts';
import { evolve } from './evolve.ts';
import { type Gate, isSpare, opensAt, rulesAt, withUnaskedStop } from './gate.ts';
import type { Gateway } from './gateway.ts';
import { condemned, type Intent, intentOf, type Limits, START_WINDOW_MS, withIntent } from './intent.ts';
import { type Instant, MINUTE_MS } from './lease.ts';
import type { Act, Change, Evolved, HistoryEvent, Outcome } from './outcome.ts';
import {
  type AccountRules,
  type Activity,
  type Decision,
  type EndedSession,
  isUnconfirmed,
  type LiveSession,
  type Policy,
  type Rules,
  type Session,
  type SessionKey,
} from './session.ts';
import type { Found } from './store/commit.ts';
import type { GateChange, TrackedGate } from './store/gate.ts';
import type { Store } from './store/store.ts';
import { faultOf, type Telemetry } from './telemetry.ts';
import type { Upstream } from './upstream/upstream.ts';
import { shownStatus } from './view.ts';

/** What reconciling the sessions of one account needs. */
export interface Surroundings {
  accountId: string;
  store: Store;
  upstream: Upstream;
  /** What a session gets where its client says nothing. */
  defaults: Policy;
  rules: AccountRules;
  clock: CheckedClock;
  newId: () => string;
  telemetry: Telemetry;
}

export interface Reconciler {
  /**
   * Brings one session from what is observed to what is desired, until nothing is due or the limits are reached.
   * `first` spares a read where the caller has just made it. Only this file asks anything of the upstream.
   */
  reconcile(key: SessionKey, limits: Limits, first?: Found): Promise<void>;
  /**
   * Makes the call that the record already has as `pending`, and records what came of it. Gives the session as
   * recorded; undefined where somebody else has acted since.
   */
  carryOut(found: Found<LiveSession>, intent: Intent): Promise<Session | undefined>;
  /** The same for a call that is not made after all. */
  callOff(found: Found<LiveSession>, intent: Intent, because: string): Promise<Session | undefined>;
  /** Records what an answer makes of the record as it was read; undefined where that has changed since. */
  record(found: Found<LiveSession>, act: Act, outcome: Outcome): Promise<Session | undefined>;
}

/** create → observe → extend → observe. */
const LONGEST_WAY = 4;
/**
 * Below a total that was refused, half of what is missing is asked for; where that is granted, and is still less than the
 * margin needs, half of the rest. A day has 2^10.5 minutes.
 */
const MOST_HALVES = 11;
/** More steps in one go are a circle, and reported. */
const MAX_STEPS = LONGEST_WAY + MOST_HALVES;
/** Writers of one session meet rarely: this many conflicts in a row are no coincidence. */
export const MAX_CONFLICTS = 8;
/** A change is not begun with less time than this for its call: it would only be broken off. */
const SHORTEST_CALL_MS = 500;

/** So often it is said that the upstream of a session is not configured any more. */
const DISPLACED_LOOK_MS = 10 * MINUTE_MS;

/** A record that says what is about to be asked, and the call that follows. */
interface Begun {
  found: Found<LiveSession>;
  intent: Intent;
}

/** read → decide → commit → act → record, for the sessions of one account. */
export const createReconciler = (surroundings: Surroundings, gateway: Gateway): Reconciler => {
  const { accountId, store, upstream, rules, clock, newId, telemetry } = surroundings;

  const reconcile = async (key: SessionKey, limits: Limits, first?: Found): Promise<void> => {
    let known = first;
    for (let step = 0; step < MAX_STEPS; step += 1) {
      const found = known ?? (await store.read(key, clock.now()));
      known = undefined;
      if (found === undefined) return;
      const { session, activity } = found;
      const rulesLately = await gateway.rulesLately();
      const expected = decide(session, activity, clock.now(), rulesLately);
      if (session.life === 'ended') {
        // An instance whose clock is wrong leaves that to another one.
        if (expected.type === 'forget' && clock.isTrusted()) await forget(session, expected);
        return;
      }
      const live = { ...found, session };
      if (session.upstream !== upstream.endpoint) return leaveDisplaced(live);
      // Only what is to be done needs the account as it is at this very moment.
      const gate = expected.type === 'none' ? undefined : await gateway.read();
      const now = clock.now();
      const decision =
        gate === undefined ? expected : decide(session, activity, now, rulesAt(gate, rules, now));
      if (decision.type === 'none') {
        if (session.dueAt === decision.next.at) return;
        const moved = await store.commit(live, { ...session, dueAt: decision.next.at }, [], now);
        if (moved !== undefined) return;
      } else if (decision.type !== 'forget' && gate !== undefined) {
        // Another instance, whose clock is right, decides that.
        if (isVerdict(session, decision) && !clock.isTrusted()) return;
        const isFree = asksNobody(session, decision);
        if (limits.isSpareOnly && !isFree && !isSpare(gate, rules, now)) return;
        const opens = isFree ? now : opensAt(gate, now);
        if (opens + SHORTEST_CALL_MS > limits.until) return;
        if (opens > now) {
          if (limits.isOneCall) return;
          await gateway.wait(opens);
          step -= 1;
        } else {
          const after = await perform(live, decision, gate, limits);
          if (limits.isOneCall && !isFree) return;
          // What was recorded needs no reading to be decided on.
          const isDone =
            after !== undefined &&
            (after.life === 'ended' || isAtRest(after, activity, await gateway.rulesLately()));
          if (isDone) return;
        }
      }
    }
    telemetry.report(faultOf('reconcile', `still due after ${MAX_STEPS} steps`, subject(key)));
  };

  const isAtRest = (session: LiveSession, activity: Activity, rulesLately: Rules): boolean =>
    decide(session, activity, clock.now(), rulesLately).type === 'none';

  /**
   * Commit, act, record. Gives the session as recorded; undefined where that is to be read, and all decided again,
   * because the session, or the gate, has changed.
   */
  const perform = async (
    found: Found<LiveSession>,
    act: Act,
    gate: TrackedGate,
    limits: Limits,
  ): Promise<Session | undefined> => {
    if (act.type === 'observe') {
      const startBy = rules.callGapMs > 0 ? await gateway.pass() : clock.now() + START_WINDOW_MS;
      if (startBy === undefined) return undefined;
      const until = Math.min(clock.now() + limits.callTimeoutMs, limits.until);
      return record(found, act, await ask(found.session, act, { startBy, until }));
    }
    const isFree = asksNobody(found.session, act);
    const begin = (current: TrackedGate): Promise<Begun | undefined> => {
      // It takes no slot, and counts as nobody's stop: there is no server.
      if (isFree) return commitIntent(found, act, limits, undefined);
      const now = clock.now();
      if (opensAt(current, now) > now) return Promise.resolve(undefined);
      return act.type === 'stop' && isVerdict(found.session, act)
        ? beginUnasked(found, act, current, limits)
        : commitIntent(found, act, limits, gateway.slotOf(current, now));
    };
    // The gate's row is changed by one at a time; without a gap there is nothing of it to change.
    const isGateTouched = !isFree && (rules.callGapMs > 0 || isVerdict(found.session, act));
    const begun = await (isGateTouched ? gateway.inTurn(begin) : begin(gate));
    return begun === undefined ? undefined : carryOut(begun.found, begun.intent);
  };

  /** The intent as it was written, for the call that follows; undefined where somebody else was first. */
  const commitIntent = async (
    found: Found<LiveSession>,
    act: Change,
    limits: Limits,
    gate: GateChange | undefined,
  ): Promise<Begun | undefined> => {
    const now = clock.now();
    const intent = intentOf(act, limits, newId(), now);
    const { next, events } = withIntent(found.session, intent, now);
    const committed = await store.commit(found, next, events, now, gate);
    return committed?.session.life === 'live'
      ? { found: { ...committed, session: committed.session }, intent }
      : undefined;
  };

  /** A stop that nobody asked for: counted, and held where there are too many of them. */
  const beginUnasked = async (
    found: Found<LiveSession>,
    act: Change & { type: 'stop' },
    gate: TrackedGate,
    limits: Limits,
  ): Promise<Begun | undefined> => {
    const now = clock.now();
    const isHeld = await heldBy(gate, found.session, now, countLive);
    if (isHeld !== undefined) {
      await commitHeld(found, found.session, isHeld, act.because, now);
      return undefined;
    }
    const counted = (passed: Gate): GateChange => ({ from: gate, next: withUnaskedStop(passed, now) });
    if (!isUnconfirmed(found.session))
      return commitIntent(found, act, limits, counted(gateway.slotOf(gate, now)?.next ?? gate));
    // Its server is looked for first: it may not be ours.
    const { next, events } = condemned(found.session, act.because, now);
    await store.commit(found, { ...next, dueAt: now }, events, now, counted(gate));
    return undefined;
  };

  const commitHeld = async (
    found: Found<LiveSession>,
    session: LiveSession,
    isHeld: NonNullable<Held>,
    because: string,
    now: Instant,
  ): Promise<Session | undefined> => {
    const { next, events } = held(session, isHeld, because, now);
    if (isHeld.isNew) {
      const what = `held: ${because}, with more stops at once than the brake lets pass`;
      telemetry.report(faultOf('brake', what, subject(session)));
    }
    const dueAt = dueAtOf(decide(next, found.activity, now, await gateway.rulesLately()), now);
    return (await store.commit(found, { ...next, dueAt }, events, now))?.session;
  };

  const countLive = async (): Promise<number> => {
    let count = 0;
    for await (const _row of store.list(accountId)) count += 1;
    return count;
  };

  const carryOut = async (found: Found<LiveSession>, intent: Intent): Promise<Session | undefined> => {
    const { act, pending, startBy } = intent;
    return conclude(found, intent, await ask(found.session, act, { startBy, until: pending.until }));
  };

  const callOff = (
    found: Found<LiveSession>,
    intent: Intent,
    because: string,
  ): Promise<Session | undefined> => conclude(found, intent, { type: 'unsent', because });

  const conclude = async (
    found: Found<LiveSession>,
    { act, pending }: Intent,
    outcome: Outcome,
  ): Promise<Session | undefined> => {
    let current: Found | undefined = found;
    for (let attempt = 0; attempt < MAX_CONFLICTS; attempt += 1) {
      if (current === undefined || current.session.life === 'ended') return current?.session;
      // Not ours any more: the window is over and somebody else has acted since.
      if (current.session.pending?.opId !== pending.opId) return undefined;
      const recorded = await record({ ...current, session: current.session }, act, outcome);
      if (recorded !== undefined) return recorded;
      current = await store.read(found.session, clock.now());
    }
    throw new TooManyConflictsError('The session is being changed by too many others.', {
      retryAfterSeconds: 1,
    });
  };

  const record = async (
    found: Found<LiveSession>,
    act: Act,
    outcome: Outcome,
  ): Promise<Session | undefined> => {
    const now = clock.now();
    const told = outcome.type === 'inconclusive' ? outcome.retryAfterMs : null;
    if (told !== null) await gateway.holdBack(told);
    const { next, events } = evolve(found.session, act, outcome, now);
    const isGone = next.life === 'ended' && next.because === 'gone' && outcome.type === 'missing';
    const isSentence = next.life === 'live' && next.desired.state !== found.session.desired.state;
    const session = isGone
      ? await recordGone(found, next, events, outcome.sentAt)
      : isSentence
        ? await recordSentence(found, act, { next, events })
        : await commitEvolved(found, next, events, now);
    if (session === undefined) return undefined;
    reportAct(found.session, act, outcomeText(outcome, shownStatus(session)));
    if (act.type === 'extend')
      telemetry.measure('leasekeeper.extensions', 1, { outcome: extensionOutcome(act, outcome, session) });
    return session;
  };

  const commitEvolved = async (
    found: Found<LiveSession>,
    next: Session,
    events: readonly HistoryEvent[],
    now: Instant,
    gate?: GateChange,
  ): Promise<Session | undefined> => {
    const rulesNow = await gateway.rulesLately();
    const dueAt =
      next.life === 'ended' ? next.dueAt : dueAtOf(decide(next, found.activity, now, rulesNow), now);
    return (await store.commit(found, { ...next, dueAt }, events, now, gate))?.session;
  };

  /** A server that has disappeared counts like a stop that nobody asked for. */
  const recordGone = (
    found: Found<LiveSession>,
    next: EndedSession,
    events: readonly HistoryEvent[],
    sentAt: Instant,
  ): Promise<Session | undefined> =>
    gateway.inTurn(async (gate) => {
      const now = clock.now();
      const isHeld = await heldBy(gate, found.session, now, countLive);
      return isHeld === undefined
        ? commitEvolved(found, next, events, now, { from: gate, next: withUnaskedStop(gate, now) })
        : commitHeld(found, stillMissing(found.session, sentAt), isHeld, 'gone', now);
    });

  /** An answer for which the session is to be stopped counts like any stop that nobody asked for; held, it told nothing. */
  const recordSentence = (
    found: Found<LiveSession>,
    act: Act,
    { next, events }: Evolved,
  ): Promise<Session | undefined> =>
    gateway.inTurn(async (gate) => {
      const now = clock.now();
      const isHeld = await heldBy(gate, found.session, now, countLive);
      if (isHeld === undefined)
        return commitEvolved(found, next, events, now, { from: gate, next: withUnaskedStop(gate, now) });
      const untold = { type: 'inconclusive', because: 'held', retryAfterMs: null } as const;
      const { next: waiting } = evolve(found.session, act, untold, now);
      return waiting.life === 'live' ? commitHeld(found, waiting, isHeld, act.because, now) : undefined;
    });

  /**
   * The configuration names another upstream than the one that has the server, so that nobody can be asked about it.
   * The record ends with the longest lease that the server can have; until then it waits for the other one's return.
   */
  const leaveDisplaced = async (found: Found<LiveSession>): Promise<void> => {
    const { session } = found;
    const now = clock.now();
    const what = 'the session belongs to another upstream than the configured one';
    telemetry.report(faultOf('upstream', what, subject(session)));
    const over = displacedUntil(session);
    const { next, events } =
      now < over
        ? { next: { ...session, dueAt: Math.min(over, now + DISPLACED_LOOK_MS) }, events: [] }
        : displaced(session, now);
    await store.commit(found, next, events, now);
  };

  const ask = async (
    session: LiveSession,
    act: Act,
    window: { startBy?: Instant; until: Instant },
  ): Promise<Outcome> => {
    const { sessionId, size, models } = session;
    if (asksNobody(session, act)) return { type: 'missing', sentAt: clock.now() };
    switch (act.type) {
      case 'create': {
        const wanted = { maxLeaseTimeMinutes: act.maxLeaseMinutes, size, models: [...models] };
        return upstream.create(sessionId, wanted, window);
      }
      case 'observe':
        return upstream.observe(sessionId, window);
      case 'extend':
        return upstream.extend(sessionId, act.maxLeaseMinutes, window);
      case 'stop':
        return upstream.stop(sessionId, window);
      default:
        return act satisfies never;
    }
  };

  const forget = async (session: EndedSession, { because }: Decision): Promise<void> => {
    const outcome = (await store.forget(session)) ? 'forgotten' : 'changed meanwhile';
    telemetry.report({ ...subject(session), kind: 'decision', action: 'forget', because, outcome });
  };

  const reportAct = (session: LiveSession, act: Act, outcome: string): void => {
    const { type: action, because } = act;
    const lease = action === 'create' || action === 'extend' ? { maxLeaseMinutes: act.maxLeaseMinutes } : {};
    telemetry.report({ ...subject(session), kind: 'decision', action, because, outcome, ...lease });
  };

  return { reconcile, carryOut, callOff, record };
};

/** What is granted in part only is as good as refused. */
const extensionOutcome = (
  { maxLeaseMinutes }: Act & { type: 'extend' },
  outcome: Outcome,
  { leases }: Session,
): string => {
  if (outcome.type !== 'found') return outcome.type;
  return leases.grantedMinutes >= maxLeaseMinutes ? 'granted' : 'refused';
};

const outcomeText = (outcome: Outcome, status: string): string => {
  switch (outcome.type) {
    case 'found':
    case 'accepted':
      return status;
    case 'missing':
      return `${status}: the upstream has no such session`;
    case 'exists':
      return `${status}: the id is taken`;
    case 'refused':
      return `${status}: refused (${outcome.status}) ${outcome.message}`;
    case 'unsent':
      return `not sent: ${outcome.because}`;
    case 'inconclusive':
      return `could not tell: ${outcome.because}`;
    default:
      return outcome satisfies never;
  }
};

const subject = ({ accountId, sessionId }: SessionKey): SessionKey => ({ accountId, sessionId });
