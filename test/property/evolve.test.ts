import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decide } from '../../shared/decide.ts';
import { evolve } from '../../shared/evolve.ts';
import { MINUTE_MS } from '../../shared/lease.ts';
import type { Outcome } from '../../shared/outcome.ts';
import type { LiveSession } from '../../shared/session.ts';
import { anyAct, anyActivity, anyOutcome, anyRules, anySession } from '../arbitraries.ts';
import {
  activity,
  acts,
  found,
  liveSession,
  minutes,
  requested,
  rules,
  seconds,
  starting,
  T0,
} from '../builders.ts';

const step = fc.record({ session: anySession, act: anyAct, outcome: anyOutcome });
const runs = { numRuns: 2000 };

const frozen = <T>(value: T): T => {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    Object.values(value).forEach(frozen);
  }
  return value;
};

/** The life of a record as far as history is to tell it. */
const stateOf = (session: LiveSession) => ({
  desired: session.desired.state,
  observed: session.observed.status,
  grantedMinutes: session.leases.grantedMinutes,
});

describe('any outcome of any act', () => {
  it('lets the granted lease only grow, keeps the client’s original words, and changes nothing in place', () => {
    fc.assert(
      fc.property(step, ({ session, act, outcome }) => {
        const { next } = evolve(frozen(session), frozen(act), frozen(outcome), T0);
        expect(next.leases.grantedMinutes).toBeGreaterThanOrEqual(session.leases.grantedMinutes);
        expect(next.leases.requestedMinutes).toBe(session.leases.requestedMinutes);
        expect(next.leases.floorMinutes).toBeLessThanOrEqual(session.leases.floorMinutes);
      }),
      runs,
    );
  });

  it('ends a session only with an event of its end, and never takes a wish to stop back', () => {
    fc.assert(
      fc.property(step, ({ session, act, outcome }) => {
        const { next, events } = evolve(session, act, outcome, T0);
        expect(events.filter(({ kind }) => kind === 'ended')).toHaveLength(next.life === 'ended' ? 1 : 0);
        if (next.life === 'ended') {
          expect(next.endedAt).toBe(T0);
          expect(next.dueAt).toBe(T0 + 30 * 24 * 60 * MINUTE_MS);
        } else if (session.desired.state === 'stopped') {
          const { because, at } = session.desired;
          expect(next.desired).toMatchObject({ state: 'stopped', because, at });
        }
      }),
      runs,
    );
  });

  it('leaves a history row for each change of state', () => {
    fc.assert(
      fc.property(step, ({ session, act, outcome }) => {
        const { next, events } = evolve(session, act, outcome, T0);
        const isSame =
          next.life === 'live' && JSON.stringify(stateOf(next)) === JSON.stringify(stateOf(session));
        expect(isSame || events.length > 0).toBe(true);
        for (const { at } of events) expect(at).toBe(T0);
      }),
      runs,
    );
  });

  it('settles the call that it is of, and leaves that of another to a mere look', () => {
    fc.assert(
      fc.property(step, ({ session, act, outcome }) => {
        const { next } = evolve(session, act, outcome, T0);
        if (next.life === 'live')
          expect(next.pending).toEqual(act.type === 'observe' ? session.pending : null);
      }),
      runs,
    );
  });

  it('waits at most two minutes for the next try, and can be decided again', () => {
    fc.assert(
      fc.property(step, anyActivity, anyRules, ({ session, act, outcome }, used, someRules) => {
        const { next } = evolve({ ...session, retry: null }, act, outcome, T0);
        const at = next.life === 'live' ? (next.retry?.at ?? T0) : T0;
        expect(at).toBeGreaterThanOrEqual(T0);
        expect(at).toBeLessThanOrEqual(T0 + minutes(2));
        expect(() => decide(next, used, T0, someRules)).not.toThrow();
      }),
      runs,
    );
  });
});

describe('no wrong end', () => {
  it('an answer that tells nothing changes nothing but the next try and the call itself', () => {
    fc.assert(
      fc.property(step, ({ session, act, outcome }) => {
        fc.pre(outcome.type === 'inconclusive' || (outcome.type === 'unsent' && act.type !== 'create'));
        const { next, events } = evolve(session, act, outcome, T0);
        expect(events).toEqual([]);
        const open = { retry: null, unansweredSince: null, pending: null };
        expect({ ...next, ...open }).toEqual({ ...session, ...open });
      }),
      runs,
    );
  });

  it('a session ends only by what the upstream says for certain', () => {
    fc.assert(
      fc.property(step, ({ session, act, outcome }) => {
        const { next } = evolve(session, act, outcome, T0);
        fc.pre(next.life === 'ended');
        if (next.life !== 'ended') return;
        const { desired, observed, creation, missingSince } = session;
        const isFirst = act.type === 'create' && creation.attempts <= 1;
        switch (outcome.type) {
          case 'found':
            {
              // A server that no answer to a create told of, and that has not what the create asked for.
              const { leaseMinutes, size } = outcome.sighting;
              const isOther =
                leaseMinutes !== creation.maxLeaseMinutes || (size !== null && size !== session.size);
              const isUnknown = act.type !== 'create' && observed.status === 'Requested';
              const isStrange = isUnknown && creation.attempts > 0 && isOther;
              const isRunning = ['Starting', 'Ready'].includes(outcome.sighting.status);
              expect(!isRunning || isFirst || isStrange).toBe(true);
              const isTaken = isFirst && creation.attempts === 1 && !outcome.created;
              // One that nobody ever asked for is not ours, whatever there is under its id.
              const isUnasked = observed.status === 'Requested' && creation.attempts === 0;
              expect(next.owned).toBe(!(isTaken || isStrange || isUnasked));
              expect(next.because === 'foreign').toBe(isTaken || isStrange);
            }
            return;
          case 'missing': {
            const again = missingSince ?? Number.POSITIVE_INFINITY;
            const isSettled =
              outcome.sentAt >= (creation.lastUntil ?? 0) + minutes(2) && missingSince !== null;
            const isConfirmed = observed.status !== 'Requested' || creation.attempts === 0 || isSettled;
            const isGone = outcome.sentAt >= again + seconds(30);
            expect(desired.state === 'stopped' ? isConfirmed : isGone).toBe(true);
            return;
          }
          case 'exists':
            expect(next).toMatchObject({ because: 'foreign', owned: false });
            return;
          case 'refused':
            expect(isFirst).toBe(true);
            return;
          default:
            expect.unreachable(`${outcome.type} ended a session`);
        }
      }),
      { numRuns: 5000 },
    );
  });
});

describe('a true upstream', () => {
  it('is understood: the instant of Ready stays in the interval, whenever it is looked at', () => {
    const looks = fc.array(
      fc.record({
        atMs: fc.integer({ min: 0, max: minutes(120) }),
        outwardMs: fc.nat(5000),
        backMs: fc.nat(5000),
      }),
      {
        minLength: 1,
        maxLength: 12,
      },
    );
    fc.assert(
      fc.property(looks, fc.integer({ min: 0, max: minutes(60) }), (drawn, readyMs) => {
        const truth = T0 + readyMs;
        let session = liveSession({ observed: requested, observedAt: null });
        for (const { atMs, outwardMs, backMs } of drawn.toSorted((a, b) => a.atMs - b.atMs)) {
          const readAt = T0 + atMs;
          const isReady = readAt >= truth;
          const { next } = evolve(
            session,
            acts.observe,
            found({
              status: isReady ? 'Ready' : 'Starting',
              elapsedMinutes: isReady ? Math.floor((readAt - truth) / MINUTE_MS) : 0,
              sentAt: readAt - outwardMs,
              receivedAt: readAt + backMs,
            }),
            readAt + backMs,
          );
          if (next.life === 'ended') return expect.unreachable('ended');
          session = next;
        }
        const { observed } = session;
        if (observed.status !== 'Ready') return;
        expect(observed.readyAt.early).toBeLessThan(truth);
        expect(observed.readyAt.late).toBeGreaterThanOrEqual(truth);
      }),
      runs,
    );
  });
});

describe('an upstream that refuses every extension', () => {
  /** Lives through two hours of decisions and their outcomes; gives the totals that were asked for. */
  const askedOf = (first: LiveSession): number[] => {
    const asked: number[] = [];
    const used = activity();
    let session = first;
    let now = T0;
    for (let steps = 0; steps < 2000 && now < T0 + minutes(120); steps += 1) {
      const decision = decide(session, used, now, rules);
      if (decision.type === 'none') {
        now = decision.next.at;
        continue;
      }
      if (decision.type !== 'observe' && decision.type !== 'extend') break;
      if (decision.type === 'extend') asked.push(decision.maxLeaseMinutes);
      const elapsedMinutes = Math.floor((now - T0) / MINUTE_MS);
      const seen = {
        sentAt: now,
        receivedAt: now + 20,
        elapsedMinutes,
        leaseMinutes: first.leases.grantedMinutes,
      };
      const outcome: Outcome =
        decision.type === 'extend' ? { type: 'refused', status: 422, message: 'no' } : found(seen);
      now += 20;
      const { next } = evolve(session, decision, outcome, now);
      if (next.life === 'ended') break;
      session = next;
    }
    return asked;
  };

  it('is never asked the same twice in a row, and for at most one total a minute', () => {
    const wholeMinutes = fc.integer({ min: 1, max: 100 });
    const lease = fc.record({
      requestedMinutes: wholeMinutes,
      floorMinutes: wholeMinutes,
      grantedMinutes: wholeMinutes,
    });
    const lifetime = fc.option(fc.integer({ min: 100, max: 200 }), { nil: null });
    fc.assert(
      fc.property(
        lease,
        fc.boolean(),
        lifetime,
        fc.boolean(),
        (leases, keepAlive, maxLifetimeMinutes, isStarting) => {
          const session = liveSession({
            ...(isStarting ? { observed: starting(T0) } : {}),
            leases: { ...leases, floorMinutes: Math.max(leases.floorMinutes, leases.requestedMinutes) },
            policy: { keepAlive, maxLifetimeMinutes, idleTimeoutMinutes: null },
          });
          const asked = askedOf(session);
          expect(asked.filter((total, index) => total === asked[index - 1])).toEqual([]);
          expect(asked.length).toBeLessThanOrEqual(121);
        },
      ),
      { numRuns: 300 },
    );
  });
});
