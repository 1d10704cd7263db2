import { decide, foresee } from '../decide.ts';
import { rulesAt } from '../gate.ts';
import type { Instant } from '../lease.ts';
import {
  type AccountRules,
  type Foreseen,
  idleAt,
  idleFactsOf,
  type LiveSession,
  lostActivity,
} from '../session.ts';
import { type Difference, differencesOf, type Terms, type Told } from './differences.ts';
import type { Evidence } from './evidence.ts';
import type { RehearsedAct } from './rehearsal.ts';

/** A living session: what the table says beside what the upstream says, and what becomes of it. */
export interface SessionState {
  session: LiveSession;
  told: Told;
  idleAt: Instant | null;
  /** How often in a row its record was at fault when it was due. */
  faults: number;
  differences: readonly Difference[];
  /** What the next sweep would ask for, in its order. */
  acts: readonly RehearsedAct[];
  /** What is to be done now, and the next sweep does not do; null where there is no such thing. */
  left: { action: string; because: string } | null;
  next: Foreseen;
}

/** Those of which something is to be done first, in the order in which it would be; then by what comes next. */
export const sessionStates = (
  evidence: Evidence,
  rules: AccountRules,
  terms: Terms,
  acts: readonly RehearsedAct[],
): SessionState[] => {
  const { now } = terms;
  const ruled = rulesAt(evidence.gate, rules, now);
  const dueRows = Map.groupBy(evidence.dueRows, ({ sessionId }) => sessionId);

  const stateOf = (session: LiveSession): SessionState => {
    const { sessionId } = session;
    const due = dueRows.get(sessionId) ?? [];
    const activity = evidence.activities.get(sessionId);
    const told = toldOf(evidence, sessionId);
    const dueAts = due.map(({ at }) => at);
    const use = activity === undefined || activity instanceof Error ? lostActivity(session, now) : activity;
    const decision = decide(session, use, now, ruled);
    const own = acts.filter((act) => act.sessionId === sessionId);
    const isLeft = own.length === 0 && decision.type !== 'none';
    return {
      ...{ session, told },
      idleAt: idleAt(idleFactsOf(session), use, ruled.graceFrom),
      faults: Math.max(0, ...due.map(({ faults }) => faults)),
      differences: differencesOf({ session, activity, dueAts, told }, terms),
      acts: own,
      left: isLeft ? { action: decision.type, because: decision.because } : null,
      next: foresee(session, use, now, ruled),
    };
  };

  const place = (state: SessionState): number =>
    state.acts[0] === undefined ? acts.length : acts.indexOf(state.acts[0]);
  return evidence.rows
    .flatMap(({ row }) => (row instanceof Error ? [] : [stateOf(row)]))
    .toSorted((one, other) => place(one) - place(other) || one.next.at - other.next.at);
};

const toldOf = ({ listing, singly }: Evidence, sessionId: string): Told => {
  const sighting = listing.type === 'listed' ? listing.sightings.get(sessionId) : undefined;
  return sighting === undefined ? singly.get(sessionId) : { type: 'found', created: false, sighting };
};
