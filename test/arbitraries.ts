import fc from 'fast-check';
import { elapsedMinutesAtMost, extensionTarget } from '../shared/lease.ts';
import type { Act, Outcome } from '../shared/outcome.ts';
import { STATUSES } from '../shared/protocol/vocabulary.ts';
import type { Activity, Desired, LiveSession, Observed, Rules } from '../shared/session.ts';
import { liveSession, minutes, seconds, sighting, T0 } from './builders.ts';

/** Any valid record as it may stand in the table at T0: what was seen and done lies before T0. */

const DAY = minutes(24 * 60);
/** The longest that a drawn call, or a drawn back-off, may still have to go. */
const CALL_MS = seconds(20);
const BACK_OFF_MS = seconds(120);

/** Recent instants matter more than old ones. */
const ago = (longest: number): fc.Arbitrary<number> =>
  fc
    .oneof(fc.integer({ min: 0, max: Math.min(longest, seconds(90)) }), fc.integer({ min: 0, max: longest }))
    .map((ms) => T0 - ms);
const orNull = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(arbitrary, { nil: null });
const someMinutes = (max: number): fc.Arbitrary<number> =>
  fc.oneof(fc.integer({ min: 1, max }), fc.double({ min: 0.02, max, noNaN: true }));

export const anyRules: fc.Arbitrary<Rules> = fc
  .record({
    renewMarginMinutes: someMinutes(30),
    factor: fc.double({ min: 2, max: 20, noNaN: true }),
    observeIntervalMs: fc.integer({ min: 1000, max: minutes(60) }),
    launchTimeoutMs: fc.integer({ min: seconds(10), max: minutes(60) }),
    graceFrom: fc.oneof(fc.constant(0), ago(minutes(60))),
    absences: fc.array(
      fc.record({ until: ago(minutes(20)), lengthMs: fc.integer({ min: 1, max: minutes(30) }) }),
      { maxLength: 3 },
    ),
  })
  .map(({ factor, ...rules }) => ({ ...rules, extensionMinutes: rules.renewMarginMinutes * factor }));

const requestedState = fc.constant<Observed>({ status: 'Requested' });
const startingState: fc.Arbitrary<Observed> = fc
  .tuple(ago(minutes(40)), fc.double({ min: 0, max: 1, noNaN: true }))
  .map(([since, share]) => ({
    status: 'Starting',
    since,
    lastSeenAt: since + Math.floor((T0 - since) * share),
  }));
const readyState: fc.Arbitrary<Observed & { status: 'Ready' }> = fc
  .record({
    seenAt: ago(DAY),
    before: fc.integer({ min: 0, max: minutes(90) }),
    width: fc.integer({ min: 1, max: seconds(80) }),
  })
  .map(({ seenAt, before, width }) => ({
    status: 'Ready',
    seenAt,
    readyAt: { early: seenAt - before - width, late: seenAt - before },
    hostname: 'host.example.org',
    ports: { handshake: 50_051, inspector: null },
    teraflops: null,
  }));

const stopping: fc.Arbitrary<Desired> = fc
  .record({
    because: fc.constantFrom('asked', 'idle', 'lifetime', 'launch'),
    at: ago(minutes(30)),
    acceptedShare: orNull(fc.double({ min: 0, max: 1, noNaN: true })),
    repeatedShare: orNull(fc.double({ min: 0, max: 1, noNaN: true })),
    message: orNull(fc.string()),
  })
  .map(({ acceptedShare, repeatedShare, ...desired }) => {
    const after = (at: number | null, share: number | null): number | null =>
      at === null || share === null ? null : at + Math.floor((T0 - at) * share);
    const acceptedAt = after(desired.at, acceptedShare);
    return { state: 'stopped', ...desired, acceptedAt, repeatedAt: after(acceptedAt, repeatedShare) };
  });

const policy = fc.record({
  keepAlive: fc.boolean(),
  idleTimeoutMinutes: orNull(someMinutes(120)),
  idleTimeoutExplicit: fc.boolean(),
  maxLifetimeMinutes: orNull(someMinutes(2000)),
});
/** A create of the second generation may ask for no minute at all. */
const wholeLease = fc.oneof(fc.integer({ min: 0, max: 1440 }), fc.constantFrom(0, 1438, 1439, 1440));
/** The client's latest words are never less than its first ones. */
const leases = fc
  .record({
    requestedMinutes: fc.oneof(someMinutes(1440), fc.constant(0)),
    floorMinutes: fc.oneof(someMinutes(1440), wholeLease),
    grantedMinutes: wholeLease,
  })
  .map((held) => ({ ...held, floorMinutes: Math.max(held.floorMinutes, held.requestedMinutes) }));
const creation = fc
  .record({ maxLeaseMinutes: wholeLease, attempts: fc.integer({ min: 1, max: 4 }), firstAttemptAt: ago(DAY) })
  .map((made) => ({ ...made, lastUntil: made.firstAttemptAt + seconds(10) * made.attempts }));

const shaped = (
  observed: fc.Arbitrary<Observed>,
  desired: fc.Arbitrary<Desired>,
): fc.Arbitrary<LiveSession> =>
  fc
    .record({
      observed,
      desired,
      policy,
      leases,
      creation,
      createdAt: ago(DAY),
      observedAt: orNull(ago(minutes(30))),
      isUnsent: fc.boolean(),
      pending: orNull(
        fc.record({
          op: fc.constantFrom('create' as const, 'extend' as const, 'stop' as const),
          opId: fc.constantFrom('op-1', 'op-2'),
          until: fc.integer({ min: -CALL_MS, max: CALL_MS }).map((ms) => T0 + ms),
        }),
      ),
      missingSince: fc.option(ago(minutes(5)), { nil: null, freq: 1 }),
      heldUntil: fc.option(fc.integer({ min: T0 - minutes(90), max: T0 + minutes(30) }), {
        nil: null,
        freq: 1,
      }),
      refused: orNull(fc.record({ maxLeaseMinutes: wholeLease, at: ago(minutes(30)) })),
      retry: orNull(
        fc.record({
          failures: fc.integer({ min: 1, max: 20 }),
          at: fc.integer({ min: -60_000, max: BACK_OFF_MS }).map((ms) => T0 + ms),
        }),
      ),
      unansweredSince: orNull(ago(minutes(1))),
    })
    .map(({ isUnsent, ...parts }) => {
      const isRequested = parts.observed.status === 'Requested';
      const noAttempt = { attempts: 0, firstAttemptAt: null, lastUntil: null };
      return liveSession({
        ...parts,
        leases: isRequested ? { ...parts.leases, grantedMinutes: 0 } : parts.leases,
        creation: isRequested && isUnsent ? { ...parts.creation, ...noAttempt } : parts.creation,
        observedAt: isRequested ? null : (parts.observedAt ?? T0),
        refused: isRequested ? null : parts.refused,
      });
    });

const running = fc.constant<Desired>({ state: 'running' });

export const readySession = shaped(readyState, running);
export const stoppingSession = shaped(fc.oneof(requestedState, startingState, readyState), stopping);
export const runningSession = fc.oneof(
  shaped(requestedState, running),
  shaped(startingState, running),
  readySession,
);
export const anySession = fc.oneof({ weight: 3, arbitrary: runningSession }, stoppingSession);

/**
 * A kept session that runs low at `now`, when its last refusal was for the very total that the keeper would ask for
 * then: the same question again, unless time has changed it.
 */
export const refusedSession = fc
  .record({
    session: readySession,
    rules: anyRules,
    laterMs: fc.integer({ min: 0, max: minutes(90) }),
    leftMinutes: fc.integer({ min: 0, max: 30 }),
  })
  .map(({ session, rules, laterMs, leftMinutes }) => {
    const now = T0 + laterMs;
    const { observed, policy: chosen, leases: held } = session;
    const elapsedMinutes = observed.status === 'Ready' ? elapsedMinutesAtMost(observed.readyAt, now) : 0;
    const low = { ...held, grantedMinutes: Math.min(elapsedMinutes + leftMinutes, 1440) };
    const target = extensionTarget({
      grantedMinutes: low.grantedMinutes,
      elapsedMinutes,
      extensionMinutes: rules.extensionMinutes,
      maxLifetimeMinutes: chosen.maxLifetimeMinutes,
    });
    const refused = { maxLeaseMinutes: target ?? 1439, at: T0 - minutes(2) };
    const policyOfIt = { ...chosen, keepAlive: true };
    return { session: { ...session, refused, leases: low, policy: policyOfIt }, rules, now };
  });

export const anyActivity: fc.Arbitrary<Activity> = fc
  .record({ lastActivityAt: ago(DAY), coverMs: fc.integer({ min: 0, max: 60_000 }), closed: fc.boolean() })
  .map(({ coverMs, ...rest }) => ({ ...rest, coveredUntil: rest.lastActivityAt + coverMs }));

/** From the instant of the record on: soon, or up to three days later. */
export const later: fc.Arbitrary<number> = fc
  .oneof(
    fc.integer({ min: 0, max: seconds(90) }),
    fc.integer({ min: 0, max: minutes(90) }),
    fc.integer({ min: 0, max: 3 * DAY }),
  )
  .map((ms) => T0 + ms);

/** While a call of another, or a back-off, may still be on: of later instants nearly all would be in vain. */
export const duringCalls = fc.integer({ min: 0, max: CALL_MS - 1 }).map((ms) => T0 + ms);
export const duringBackOffs = fc.integer({ min: 0, max: BACK_OFF_MS - 1 }).map((ms) => T0 + ms);

export const anyAct: fc.Arbitrary<Act> = fc.oneof(
  fc.record({
    type: fc.constant('create' as const),
    because: fc.constantFrom('requested' as const, 'unconfirmed' as const),
    maxLeaseMinutes: wholeLease,
  }),
  fc.record({ type: fc.constant('observe' as const), because: fc.constant('interval' as const) }),
  fc.record({
    type: fc.constant('extend' as const),
    because: fc.constantFrom('client' as const, 'keep-alive' as const),
    maxLeaseMinutes: wholeLease,
  }),
  fc.record({
    type: fc.constant('stop' as const),
    because: fc.constantFrom('asked' as const, 'idle' as const),
  }),
);

/** Every kind of outcome, whether or not this act could have it. Sent within the minute before T0. */
export const anyOutcome: fc.Arbitrary<Outcome> = fc.oneof(
  fc
    .record({
      status: fc.constantFrom(...STATUSES),
      leaseMinutes: wholeLease,
      size: fc.constantFrom('Standard', 'Premium', null),
      elapsedMinutes: fc.integer({ min: 0, max: 1440 }),
      hostname: orNull(fc.constant('other.example.org')),
      errorMessage: orNull(fc.string()),
      sentAt: ago(seconds(20)),
      created: fc.boolean(),
    })
    .map(({ created, ...seen }) => ({
      type: 'found' as const,
      created,
      sighting: sighting({ ...seen, receivedAt: T0 }),
    })),
  ago(seconds(20)).map((sentAt) => ({ type: 'missing' as const, sentAt })),
  fc.constant({ type: 'accepted' as const }),
  fc.constant({ type: 'exists' as const }),
  fc.record({
    type: fc.constant('refused' as const),
    status: fc.constantFrom(400, 409, 422),
    message: fc.string(),
  }),
  fc.constant({ type: 'unsent' as const, because: 'it was too late to begin' }),
  fc.record({
    type: fc.constant('inconclusive' as const),
    because: fc.constant('it answered 500'),
    retryAfterMs: orNull(fc.integer({ min: 1, max: minutes(60) })),
  }),
);
