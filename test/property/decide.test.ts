import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decide, foresee } from '../../shared/decide.ts';
import { elapsedMinutesAtMost, extensionTarget, type Instant, leaseEnd } from '../../shared/lease.ts';
import {
  type Activity,
  type LiveSession,
  MISSING_RECHECK_MS,
  type Rules,
  STARTING_TIMEOUT_MS,
} from '../../shared/session.ts';
import {
  anyActivity,
  anyRules,
  anySession,
  duringBackOffs,
  duringCalls,
  later,
  readySession,
  refusedSession,
  runningSession,
  stoppingSession,
} from '../arbitraries.ts';
import { endedSession, minutes, seconds, T0 } from '../builders.ts';

/** The words of the design, §4.3 and §4.6, written once more. */
const trueIdleAt = (
  { policy, observed }: LiveSession,
  activity: Activity,
  { graceFrom, absences }: Rules,
): Instant => {
  const never = Number.POSITIVE_INFINITY;
  if (observed.status !== 'Ready' || policy.idleTimeoutMinutes === null) return never;
  const isUsedLater = activity.lastActivityAt >= observed.seenAt + seconds(60);
  if (!policy.idleTimeoutExplicit && !policy.keepAlive && !isUsedLater) return never;
  const timeoutMs = minutes(policy.idleTimeoutMinutes);
  const ends = absences.map(({ until, lengthMs }) => (timeoutMs < 2 * lengthMs ? until : 0));
  return Math.max(activity.coveredUntil, observed.seenAt, graceFrom, ...ends) + timeoutMs;
};
const trueLifetimeEnd = ({ policy, observed }: LiveSession): Instant =>
  observed.status === 'Ready' && policy.maxLifetimeMinutes !== null
    ? observed.readyAt.late + minutes(policy.maxLifetimeMinutes)
    : Number.POSITIVE_INFINITY;
const isWanted = (session: LiveSession, activity: Activity, now: Instant, rules: Rules): boolean =>
  session.desired.state === 'running' &&
  now < trueIdleAt(session, activity, rules) &&
  now < trueLifetimeEnd(session);
const heldUntil = ({ pending, retry }: LiveSession): Instant => Math.max(pending?.until ?? 0, retry?.at ?? 0);
/** The verdict that a running session is to be stopped waits for no back-off, but for the brake. */
const verdictHeldUntil = ({ pending, heldUntil: held }: LiveSession): Instant =>
  Math.max(pending?.until ?? 0, held ?? 0);

const runs = { numRuns: 1000 };

describe('a decision about any record', () => {
  it('is made, without an error, at any time', () => {
    fc.assert(
      fc.property(
        anySession,
        anyActivity,
        fc.integer({ min: 0, max: 2 * T0 }),
        anyRules,
        (session, activity, now, rules) => {
          const decision = decide(session, activity, now, rules);
          if (decision.type === 'none') expect(decision.next.at).toBeGreaterThan(now);
          expect(foresee(session, activity, now, rules).at).toBeGreaterThanOrEqual(now);
        },
      ),
      runs,
    );
  });

  it('waits for the call of another', () => {
    fc.assert(
      fc.property(anySession, anyActivity, duringCalls, anyRules, (session, activity, now, rules) => {
        const until = session.pending?.until ?? 0;
        fc.pre(now < until);
        const decision = decide(session, activity, now, rules);
        expect(decision.type === 'none' && decision.next.at >= until).toBe(true);
      }),
      runs,
    );
  });

  it('waits for a back-off, unless it is the verdict that a running session is to be stopped', () => {
    fc.assert(
      fc.property(anySession, anyActivity, duringBackOffs, anyRules, (session, activity, now, rules) => {
        fc.pre(now < (session.retry?.at ?? 0));
        const decision = decide(session, activity, now, rules);
        const isRunning = session.desired.state === 'running';
        expect(decision.type === 'none' || (decision.type === 'stop' && isRunning)).toBe(true);
      }),
      runs,
    );
  });

  it('is the same at any instant before the next step, as long as nothing is new', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.record({ session: anySession, rules: anyRules, now: later }), refusedSession),
        anyActivity,
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        ({ session, rules, now }, activity, share) => {
          const decision = decide(session, activity, now, rules);
          fc.pre(decision.type === 'none');
          if (decision.type !== 'none') return;
          const again = now + Math.floor((Math.ceil(decision.next.at) - 1 - now) * share);
          expect(decide(session, activity, again, rules)).toEqual(decision);
          const last = Math.ceil(decision.next.at) - 1;
          expect(decide(session, activity, last, rules)).toEqual(decision);
        },
      ),
      { numRuns: 5000 },
    );
    // Many runs, each of three decisions: where other files are at work beside them, that takes its time.
  }, 120_000);

  it('acts when its next step comes: it never foresees one and then does nothing for good', () => {
    fc.assert(
      fc.property(runningSession, anyActivity, later, anyRules, (session, activity, now, rules) => {
        const decision = decide(session, activity, now, rules);
        fc.pre(decision.type === 'none');
        if (decision.type !== 'none' || decision.next.action !== 'observe') return;
        expect(decide(session, activity, decision.next.at, rules).type).not.toBe('none');
      }),
      runs,
    );
  });
});

describe('no leak', () => {
  it('never extends, nor creates for, a session that nobody wants', () => {
    fc.assert(
      fc.property(anySession, anyActivity, later, anyRules, (session, activity, now, rules) => {
        fc.pre(!isWanted(session, activity, now, rules));
        expect(['extend', 'create']).not.toContain(decide(session, activity, now, rules).type);
      }),
      runs,
    );
  });

  it('stops at once what is idle or past its lifetime', () => {
    fc.assert(
      fc.property(readySession, anyActivity, later, anyRules, (session, activity, now, rules) => {
        fc.pre(now >= verdictHeldUntil(session) && !isWanted(session, activity, now, rules));
        const because = now >= trueIdleAt(session, activity, rules) ? 'idle' : 'lifetime';
        expect(decide(session, activity, now, rules)).toEqual({ type: 'stop', because });
      }),
      runs,
    );
  });

  it('never lets a stop be: what is asked for is asked again or looked at within half a minute, and once accepted within one, but for a settling create', () => {
    fc.assert(
      fc.property(stoppingSession, anyActivity, later, anyRules, (session, activity, now, rules) => {
        const decision = decide(session, activity, now, rules);
        expect(['stop', 'observe', 'none']).toContain(decision.type);
        const settled = session.missingSince === null ? 0 : (session.creation.lastUntil ?? 0) + minutes(2);
        const { desired } = session;
        const isAccepted = desired.state === 'stopped' && desired.acceptedAt !== null;
        const latest = Math.max(now + seconds(isAccepted ? 60 : 30), heldUntil(session), settled);
        expect(decision.type !== 'none' || decision.next.at <= latest).toBe(true);
      }),
      runs,
    );
  });
});

describe('no wrong stop', () => {
  it('never stops without a reason that the record supports', () => {
    fc.assert(
      fc.property(anySession, anyActivity, later, anyRules, (session, activity, now, rules) => {
        const decision = decide(session, activity, now, rules);
        fc.pre(decision.type === 'stop');
        if (decision.type !== 'stop') return;
        const { desired, observed, creation, createdAt } = session;
        if (desired.state === 'stopped') {
          expect(decision.because).toBe(desired.because);
          return;
        }
        const launchEnd = {
          Requested:
            creation.firstAttemptAt === null
              ? createdAt + 3 * rules.launchTimeoutMs
              : creation.firstAttemptAt + rules.launchTimeoutMs,
          Starting: observed.status === 'Starting' ? observed.since + STARTING_TIMEOUT_MS : 0,
          Ready: Number.POSITIVE_INFINITY,
        };
        const since = {
          asked: Number.POSITIVE_INFINITY,
          idle: trueIdleAt(session, activity, rules),
          lifetime: trueLifetimeEnd(session),
          launch: launchEnd[observed.status],
        };
        expect(now).toBeGreaterThanOrEqual(since[decision.because]);
      }),
      runs,
    );
  });

  it('never stops, and never extends, what is over', () => {
    fc.assert(
      fc.property(
        anyActivity,
        later,
        anyRules,
        fc.integer({ min: -minutes(90), max: minutes(90) }),
        (activity, now, rules, ms) => {
          const session = endedSession({ dueAt: T0 + ms });
          expect(decide(session, activity, now, rules).type).toBe(now >= session.dueAt ? 'forget' : 'none');
        },
      ),
    );
  });
});

describe('no lapse', () => {
  it('looks again before the lease may end, but for a back-off, the call of another, or a second look at a 404', () => {
    fc.assert(
      fc.property(readySession, anyActivity, later, anyRules, (session, activity, now, rules) => {
        const { observed, leases, missingSince } = session;
        const decision = decide(session, activity, now, rules);
        fc.pre(decision.type === 'none' && observed.status === 'Ready');
        if (decision.type !== 'none' || observed.status !== 'Ready') return;
        const end = leaseEnd(observed.readyAt, leases.grantedMinutes).early;
        fc.pre(now < end);
        const recheck = missingSince === null ? 0 : missingSince + MISSING_RECHECK_MS;
        expect(decision.next.at).toBeLessThanOrEqual(Math.max(end, heldUntil(session), recheck));
      }),
      runs,
    );
  });

  it('extends a kept session in use as soon as less than the margin is left, below its cap', () => {
    fc.assert(
      fc.property(readySession, anyActivity, later, anyRules, (drawn, activity, now, rules) => {
        const policyOfDrawn = { ...drawn.policy, keepAlive: true };
        // After a change without an answer a look comes first, and the extension right after it.
        const session = { ...drawn, refused: null, unansweredSince: null, policy: policyOfDrawn };
        const { observed, leases, policy } = session;
        fc.pre(
          observed.status === 'Ready' && now >= heldUntil(session) && isWanted(session, activity, now, rules),
        );
        if (observed.status !== 'Ready') return;
        const end = leaseEnd(observed.readyAt, leases.grantedMinutes).early;
        const target = extensionTarget({
          grantedMinutes: leases.grantedMinutes,
          elapsedMinutes: elapsedMinutesAtMost(observed.readyAt, now),
          extensionMinutes: rules.extensionMinutes,
          maxLifetimeMinutes: policy.maxLifetimeMinutes,
        });
        fc.pre(target !== undefined && now >= end - minutes(rules.renewMarginMinutes));
        expect(decide(session, activity, now, rules).type).toBe('extend');
      }),
      runs,
    );
  });

  it('asks only for whole totals above what is granted and up to 1439, and never again for one that was refused', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.record({ session: anySession, rules: anyRules, now: later }), refusedSession),
        anyActivity,
        ({ session, rules, now }, activity) => {
          const decision = decide(session, activity, now, rules);
          fc.pre(decision.type === 'extend');
          if (decision.type !== 'extend') return;
          expect(Number.isInteger(decision.maxLeaseMinutes)).toBe(true);
          expect(decision.maxLeaseMinutes).toBeGreaterThan(session.leases.grantedMinutes);
          expect(decision.maxLeaseMinutes).toBeLessThanOrEqual(1439);
          expect(decision.maxLeaseMinutes).not.toBe(session.refused?.maxLeaseMinutes);
        },
      ),
      runs,
    );
  });
});
