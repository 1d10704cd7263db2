import type { Clock } from './clock.ts';
import { decide, dueAtOf } from './decide.ts';
import { TooManyConflictsError } from './errors.ts';
import { evolve } from './evolve.ts';
import { type Intent, intentOf, type Limits, withIntent } from './intent.ts';
import type { Instant } from './lease.ts';
import type { Act, Outcome } from './outcome.ts';
import type { Decision, EndedSession, LiveSession, Rules, Session, SessionKey } from './session.ts';
import type { Found } from './store/commit.ts';
import type { Store } from './store/store.ts';
import { faultOf, type Telemetry } from './telemetry.ts';
import type { Upstream } from './upstream/upstream.ts';
import { shownStatus } from './view.ts';

/** What reconciling the sessions of one account needs. */
export interface Surroundings {
  store: Store;
  upstream: Upstream;
  rules: Rules;
  clock: Clock;
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
  /** Records what an answer makes of the record as it was read; undefined where that has changed since. */
  record(found: Found<LiveSession>, act: Act, outcome: Outcome): Promise<Session | undefined>;
}

/** create → observe → extend → observe is the longest way; more steps in one go are a circle, and reported. */
const MAX_STEPS = 6;
/** Writers of one session meet rarely: this many conflicts in a row are no coincidence. */
export const MAX_CONFLICTS = 8;
/** A change is not begun with less time than this for its call: it would only be broken off. */
const SHORTEST_CALL_MS = 500;

/** read → decide → commit → act → record, for the sessions of one account. */
export const createReconciler = (surroundings: Surroundings): Reconciler => {
  const { store, upstream, rules, clock, newId, telemetry } = surroundings;

  const reconcile = async (key: SessionKey, limits: Limits, first?: Found): Promise<void> => {
    let known = first;
    for (let step = 0; step < MAX_STEPS; step += 1) {
      const found = known ?? (await store.read(key, clock.now()));
      known = undefined;
      if (found === undefined) return;
      const { session } = found;
      const now = clock.now();
      const decision = decide(session, found.activity, now, rules);
      if (session.life === 'ended') {
        if (decision.type === 'forget') await forget(session, decision);
        return;
      }
      const live = { ...found, session };
      if (decision.type === 'none') {
        if (session.dueAt === decision.next.at) return;
        const moved = await store.commit(live, { ...session, dueAt: decision.next.at }, [], now);
        if (moved !== undefined) return;
      } else if (decision.type !== 'forget') {
        if (now + SHORTEST_CALL_MS > limits.until) return;
        await perform(live, decision, limits);
      }
    }
    telemetry.report(faultOf('reconcile', `still due after ${MAX_STEPS} steps`, subject(key)));
  };

  /** Commit, act, record. Where the commit fails the session has changed, and is decided again. */
  const perform = async (found: Found<LiveSession>, act: Act, limits: Limits): Promise<void> => {
    const now = clock.now();
    if (act.type === 'observe') {
      const until = Math.min(now + limits.callTimeoutMs, limits.until);
      await record(found, act, await ask(found.session, act, { until }));
      return;
    }
    const intent = intentOf(act, limits, newId(), now);
    const { next, events } = withIntent(found.session, intent, now);
    const committed = await store.commit(found, next, events, now);
    if (committed?.session.life === 'live')
      await carryOut({ ...committed, session: committed.session }, intent);
  };

  const carryOut = async (
    found: Found<LiveSession>,
    { act, pending, startBy }: Intent,
  ): Promise<Session | undefined> => {
    const outcome = await ask(found.session, act, { startBy, until: pending.until });
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
    const { next, events } = evolve(found.session, act, outcome, now);
    const dueAt = next.life === 'ended' ? next.dueAt : dueAtOf(decide(next, found.activity, now, rules), now);
    const committed = await store.commit(found, { ...next, dueAt }, events, now);
    if (committed === undefined) return undefined;
    reportAct(found.session, act, outcomeText(outcome, shownStatus(committed.session)));
    return committed.session;
  };

  const ask = async (
    session: LiveSession,
    act: Act,
    window: { startBy?: Instant; until: Instant },
  ): Promise<Outcome> => {
    const { sessionId, creation, size, models } = session;
    // No create ever left: there is nothing to stop, and nobody to ask.
    if (act.type === 'stop' && session.observed.status === 'Requested' && creation.attempts === 0) {
      return { type: 'missing', sentAt: clock.now() };
    }
    if (session.upstream !== upstream.endpoint) {
      const because = 'the session belongs to another upstream than the configured one';
      telemetry.report(faultOf('upstream', because, subject(session)));
      return { type: 'unsent', because };
    }
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

  return { reconcile, carryOut, record };
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
