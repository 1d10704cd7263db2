import type { Clock } from './clock.ts';
import { decide, dueAtOf } from './decide.ts';
import { TooManyConflictsError } from './errors.ts';
import { evolve } from './evolve.ts';
import { type Intent, intentOf, type Limits, withIntent } from './intent.ts';
import type { Instant } from './lease.ts';
import type { Act, Outcome } from './outcome.ts';
import type { Decision, EndedSession, LiveSession, Rules, SessionKey } from './session.ts';
import type { Found } from './store/commit.ts';
import type { Store } from './store/store.ts';
import type { Telemetry } from './telemetry.ts';
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
  /** Makes the call that the record already has as `pending`, and records what came of it. */
  carryOut(found: Found<LiveSession>, intent: Intent): Promise<void>;
  /** Records what an upstream list showed; without effect where the record has changed since it was read. */
  recordSighting(found: Found<LiveSession>, act: Act, outcome: Outcome): Promise<void>;
}

/** create → observe → extend → observe is the longest way; more steps in one go are a circle. */
const MAX_STEPS = 6;
/** Writers of one session meet rarely: this many conflicts in a row are no coincidence. */
export const MAX_CONFLICTS = 8;

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
        if (now >= limits.until) return;
        await perform(live, decision, limits);
      }
    }
  };

  /** Commit, act, record. Where the commit fails the session has changed, and is decided again. */
  const perform = async (found: Found<LiveSession>, act: Act, limits: Limits): Promise<void> => {
    const now = clock.now();
    if (act.type === 'observe') {
      const until = Math.min(now + limits.callTimeoutMs, limits.until);
      return recordSighting(found, act, await ask(found.session, act, { until }));
    }
    const intent = intentOf(act, limits, newId(), now);
    const { next, events } = withIntent(found.session, intent, now);
    const committed = await store.commit(found, next, events, now);
    if (committed?.session.life === 'live')
      await carryOut({ ...committed, session: committed.session }, intent);
  };

  const carryOut = async (found: Found<LiveSession>, { act, pending, startBy }: Intent): Promise<void> => {
    const outcome = await ask(found.session, act, { startBy, until: pending.until });
    let current: Found | undefined = found;
    for (let attempt = 0; attempt < MAX_CONFLICTS; attempt += 1) {
      if (current === undefined || current.session.life === 'ended') return;
      // Not ours any more: the window is over and somebody else has acted since.
      if (current.session.pending?.opId !== pending.opId) return;
      if (await record({ ...current, session: current.session }, act, outcome)) return;
      current = await store.read(found.session, clock.now());
    }
    throw new TooManyConflictsError('The session is being changed by too many others.', {
      retryAfterSeconds: 1,
    });
  };

  const recordSighting = async (found: Found<LiveSession>, act: Act, outcome: Outcome): Promise<void> => {
    await record(found, act, outcome);
  };

  /** Commits what the outcome makes of the record as it was read; false where that has changed. */
  const record = async (found: Found<LiveSession>, act: Act, outcome: Outcome): Promise<boolean> => {
    const now = clock.now();
    const { next, events } = evolve(found.session, act, outcome, now);
    const dueAt = next.life === 'ended' ? next.dueAt : dueAtOf(decide(next, found.activity, now, rules), now);
    const committed = await store.commit(found, { ...next, dueAt }, events, now);
    if (committed === undefined) return false;
    reportAct(found.session, act, outcomeText(outcome, shownStatus(committed.session)), now);
    return true;
  };

  const ask = async (
    session: LiveSession,
    act: Act,
    window: { startBy?: Instant; until: Instant },
  ): Promise<Outcome> => {
    const { sessionId, creation, size, models } = session;
    if (session.upstream !== upstream.endpoint) {
      const because = 'the session belongs to another upstream than the configured one';
      telemetry.report({
        ...subject(session),
        kind: 'fault',
        at: stamp(clock.now()),
        what: 'upstream',
        error: because,
      });
      return { type: 'inconclusive', because, retryAfterMs: null };
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
        // No create ever left: there is nothing to stop, and nobody to ask.
        if (session.observed.status === 'Requested' && creation.attempts === 0) {
          return { type: 'missing', sentAt: clock.now() };
        }
        return upstream.stop(sessionId, window);
      default:
        return act satisfies never;
    }
  };

  const forget = async (session: EndedSession, { because }: Decision): Promise<void> => {
    const isGone = await store.forget(session);
    const report = {
      ...subject(session),
      kind: 'decision',
      at: stamp(clock.now()),
      action: 'forget',
    } as const;
    telemetry.report({ ...report, because, outcome: isGone ? 'forgotten' : 'changed meanwhile' });
  };

  const reportAct = (session: LiveSession, act: Act, outcome: string, now: Instant): void => {
    const { because } = act;
    const lease =
      act.type === 'create' || act.type === 'extend' ? { maxLeaseMinutes: act.maxLeaseMinutes } : {};
    telemetry.report({
      ...subject(session),
      kind: 'decision',
      at: stamp(now),
      action: act.type,
      because,
      outcome,
      ...lease,
    });
  };

  return { reconcile, carryOut, recordSighting };
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

const stamp = (at: Instant): string => new Date(at).toISOString();
