import { describe, expect, it } from 'vitest';
import { displaced, displacedUntil, stillMissing } from '../../shared/ending.ts';
import { intentOf, withIntent } from '../../shared/intent.ts';
import { liveSession, minutes, ready, requestedSession, starting, stopped, T0 } from '../builders.ts';

const NOW = T0 + minutes(300);

describe('a session whose upstream is not configured any more', () => {
  const lease = { requestedMinutes: 20, floorMinutes: 30, grantedMinutes: 0 };
  const creation = { maxLeaseMinutes: 40 };
  it.each([
    ['Ready: the end of its lease, at the latest', liveSession({ observed: ready(T0) }), T0 + minutes(60)],
    [
      'Ready: what its client wants, and may have got without an answer',
      liveSession({ observed: ready(T0), leases: { floorMinutes: 90 } }),
      T0 + minutes(90),
    ],
    [
      'Ready: what the keeper asked for, and may have got without an answer',
      liveSession({ observed: ready(T0), leases: { askedMinutes: 120 } }),
      T0 + minutes(120),
    ],
    [
      'Starting: half an hour more',
      liveSession({
        observed: starting(T0),
        createdAt: T0,
        creation,
        leases: { ...lease, grantedMinutes: 50 },
      }),
      T0 + minutes(30 + 50),
    ],
    ['Requested: what was asked for', requestedSession({ creation, leases: lease }), T0 + minutes(30 + 40)],
    [
      'Requested: what was asked for since',
      requestedSession({ creation, leases: { ...lease, floorMinutes: 80 } }),
      T0 + minutes(30 + 80),
    ],
  ])('waits until nothing can be left of its server: %s', (_, session, expected) => {
    expect(displacedUntil(session)).toBe(expected);
  });

  it('ends as gone, with a reason to read', () => {
    const { next, events } = displaced(liveSession(), NOW);
    expect(next).toMatchObject({
      life: 'ended',
      status: 'Error',
      because: 'gone',
      owned: true,
      endedAt: NOW,
    });
    expect(next).toMatchObject({ message: expect.stringContaining('no longer configured') });
    expect(events).toMatchObject([{ kind: 'ended', at: NOW, because: 'gone' }]);
  });

  it.each(['asked', 'idle'] as const)('ends as Stopped where it was to be: because %s', (because) => {
    const { next } = displaced(liveSession({ desired: stopped(because) }), NOW);
    expect(next).toMatchObject({ life: 'ended', status: 'Stopped', because });
  });

  it('ends as an Error where its launch had failed', () => {
    const { next } = displaced(requestedSession({ desired: stopped('launch') }), NOW);
    expect(next).toMatchObject({ life: 'ended', status: 'Error', because: 'launch' });
  });
});

it('an extension that is asked for is remembered until its server is gone', () => {
  const extend = (maxLeaseMinutes: number) =>
    intentOf(
      { type: 'extend', because: 'keep-alive', maxLeaseMinutes },
      { callTimeoutMs: 10, until: NOW },
      'op',
      T0,
    );
  const first = withIntent(liveSession({ observed: ready(T0) }), extend(116), T0).next;
  expect(displacedUntil(first)).toBe(T0 + minutes(116));
  expect(displacedUntil(withIntent({ ...first, pending: null }, extend(88), T0).next)).toBe(
    T0 + minutes(116),
  );
});

describe('one more look that found nothing', () => {
  it('counts from the first one, and settles what was without an answer', () => {
    const retry = { failures: 3, at: NOW };
    const first = stillMissing(liveSession({ retry, unansweredSince: T0 }), NOW);
    expect(first).toMatchObject({ missingSince: NOW, observedAt: NOW, retry: null, unansweredSince: null });
    expect(stillMissing(first, NOW + 5)).toEqual({ ...first, observedAt: NOW + 5 });
  });

  it('changes nothing else', () => {
    const session = liveSession({ heldUntil: NOW });
    expect(stillMissing(session, NOW)).toEqual({ ...session, missingSince: NOW, observedAt: NOW });
  });
});
