import { describe, expect, it } from 'vitest';
import { LeaseNotLargerError, LeaseTooLongError } from '../../shared/errors.ts';
import {
  acknowledged,
  changed,
  isRefused,
  isRepeated,
  newSession,
  owesNothing,
  stopped,
} from '../../shared/wishes.ts';
import {
  endedSession,
  liveSession,
  requestedSession,
  rules,
  T0,
  stopped as toBeStopped,
} from '../builders.ts';

const defaults = {
  keepAlive: false,
  idleTimeoutMinutes: 30,
  idleTimeoutExplicit: false,
  maxLifetimeMinutes: null,
};
const wanted = { sessionId: 'a', size: 'Standard', models: [], leaseMinutes: 1.5 } as const;
const made = (more: object) =>
  newSession('account', { ...wanted, ...more }, defaults, { rules, endpoint: 'http://127.0.0.1:1', now: T0 })
    .next;

describe('a new session', () => {
  it.each([
    ['whole minutes, rounded up', {}, 2],
    ['at least the renew margin, where it is kept alive', { keepAlive: true }, rules.renewMarginMinutes],
    ['a day at most', { leaseMinutes: 1440 }, 1440],
  ])('asks for %s', (_, more, maxLeaseMinutes) => {
    expect(made(more).creation.maxLeaseMinutes).toBe(maxLeaseMinutes);
  });

  it('keeps the words of its client, and tells an idle timeout that was named from one that was not', () => {
    expect(made({}).leases).toEqual({ requestedMinutes: 1.5, floorMinutes: 1.5, grantedMinutes: 0 });
    expect(made({}).policy.idleTimeoutExplicit).toBe(false);
    expect(made({ idleTimeoutMinutes: null }).policy).toMatchObject({
      idleTimeoutMinutes: null,
      idleTimeoutExplicit: true,
    });
  });
});

describe('what a newer version may have written', () => {
  const newer = { calendar: 'weekdays' };

  it('stays in the policy when a client changes it', () => {
    const session = liveSession();
    const policy = { ...session.policy, ...newer };
    const { next } = changed({ ...session, policy }, { keepAlive: true, idleTimeoutMinutes: 5 }, T0);
    expect(next.policy).toEqual({
      ...policy,
      ...{ keepAlive: true, idleTimeoutMinutes: 5, idleTimeoutExplicit: true },
    });
  });

  it('stays in the leases when a client wants a longer one', () => {
    const session = liveSession();
    const leases = { ...session.leases, ...newer };
    expect(changed({ ...session, leases }, { leaseMinutes: 90 }, T0).next.leases).toEqual({
      ...leases,
      floorMinutes: 90,
    });
  });

  it('is no reason to take a repeated create for another one', () => {
    const session = made({ keepAlive: true });
    const requestedWishes = { ...session.requestedWishes, ...newer };
    expect(isRepeated({ ...session, requestedWishes }, { ...wanted, keepAlive: true })).toBe(true);
  });
});

describe('a create of an id that is taken', () => {
  const words = { ...wanted, keepAlive: true, idleTimeoutMinutes: null, tags: { team: 'blue' } };
  const session = made(words);

  it.each([
    ['the same words', {}],
    ['a wish that is not named', { maxLifetimeMinutes: undefined }],
    ['another order', { tags: { team: 'blue' }, idleTimeoutMinutes: null }],
  ])('is its repetition with %s', (_, more) => {
    expect(isRepeated(session, { ...words, ...more })).toBe(true);
  });

  it('is its repetition whatever has become of the session', () => {
    const changedSince = changed(session, { keepAlive: false, leaseMinutes: 90, tags: {} }, T0).next;
    expect(isRepeated(changedSince, words)).toBe(true);
    const { leases, requestedWishes, models } = session;
    expect(isRepeated(endedSession({ leases, requestedWishes, models }), words)).toBe(true);
  });

  it.each([
    ['lease', { leaseMinutes: 2 }],
    ['size', { size: 'Premium' as const }],
    ['models', { models: ['https://example.org/a'] }],
    ['keep-alive', { keepAlive: false }],
    ['keep-alive, not named', { keepAlive: undefined }],
    ['idle timeout', { idleTimeoutMinutes: 5 }],
    ['lifetime', { maxLifetimeMinutes: 5 }],
    ['tags', { tags: { team: 'red' } }],
  ])('is another create with another %s', (_, more) => {
    expect(isRepeated(session, { ...words, ...more })).toBe(false);
  });

  it("is never the repetition of a create that found somebody else's session", () => {
    const { leases, requestedWishes, models } = session;
    const foreign = endedSession({ leases, requestedWishes, models, status: 'Error', because: 'foreign' });
    expect(isRepeated(foreign, words)).toBe(false);
  });
});

describe('a longer lease', () => {
  const session = liveSession({ leases: { grantedMinutes: 120 }, acknowledgedMinutes: 60 });
  const asking = (leaseMinutes: number, from = session) => changed(from, { leaseMinutes }, T0).next;

  it('that is granted already is acknowledged at once', () => {
    expect(asking(90)).toMatchObject({
      acknowledgedMinutes: 90,
      leases: { floorMinutes: 90, grantedMinutes: 120 },
    });
  });

  it('that is not granted yet is wanted, and may be asked for again until its client is answered yes', () => {
    const open = asking(180);
    expect(open).toMatchObject({ acknowledgedMinutes: 60, leases: { floorMinutes: 180 } });
    expect(owesNothing(open, 180)).toBe(false);
    const granted = { ...open, leases: { ...open.leases, grantedMinutes: 180 } };
    const repeated = asking(180, granted);
    expect(repeated.acknowledgedMinutes).toBe(180);
    expect(() => asking(180, repeated)).toThrow(LeaseNotLargerError);
  });

  it('before the first answer of the upstream is a promise', () => {
    expect(asking(90, requestedSession({ acknowledgedMinutes: 60 })).acknowledgedMinutes).toBe(90);
  });

  it.each([60, 59.9, 1])('of %s minutes is none', (minutes) => {
    expect(() => asking(minutes)).toThrow(new LeaseNotLargerError(60));
  });

  it.each([1439.5, 1440, 9999])('of %s minutes is too long', (minutes) => {
    expect(() => asking(minutes)).toThrow(new LeaseTooLongError(60, 1439));
  });

  it('is refused where the upstream refused it, and not where another client wants a shorter one', () => {
    const first = asking(180);
    const second = asking(150, first);
    expect(second.leases.floorMinutes).toBe(150);
    expect(isRefused(second, 180)).toBe(false);
    const refusal = { maxLeaseMinutes: 180, at: T0 };
    expect(isRefused({ ...first, refused: refusal }, 180)).toBe(false);
    const settled = { ...first, refused: refusal, leases: { ...first.leases, floorMinutes: 120 } };
    expect(isRefused(settled, 179.5)).toBe(true);
    expect(isRefused(settled, 150)).toBe(false);
  });

  it('is acknowledged once', () => {
    expect(acknowledged(session, 90)?.next.acknowledgedMinutes).toBe(90);
    expect(acknowledged(session, 60)).toBeUndefined();
  });
});

describe('a stop', () => {
  it('is wanted at once, whatever kept the keeper from asking before', () => {
    const session = liveSession({ retry: { failures: 9, at: T0 + 30_000 }, unansweredSince: T0 });
    expect(stopped(session, T0)?.next).toMatchObject({
      desired: { state: 'stopped', because: 'asked', at: T0, acceptedAt: null },
      retry: null,
      unansweredSince: null,
    });
  });

  it('of what is being stopped already changes nothing', () => {
    expect(stopped(liveSession({ desired: toBeStopped('idle') }), T0)).toBeUndefined();
  });
});
