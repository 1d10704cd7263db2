import { describe, expect, it } from 'vitest';
import { decide } from '../../shared/decide.ts';
import { evolve } from '../../shared/evolve.ts';
import {
  activity,
  acts,
  found,
  liveSession,
  minutes,
  requestedSession,
  rules,
  seconds,
  starting,
  stopped,
} from '../builders.ts';
import { check, firstAttempt, liveAfter, NOW } from './evolve-table.ts';

/** Asked for twice, with a lease of 60 minutes; no answer ever told of its server. */
const creation = { ...firstAttempt(NOW - minutes(3)), attempts: 2 };
const unconfirmed = requestedSession({ creation, desired: stopped('asked', NOW - seconds(5)) });
const isForeign = { life: 'ended', status: 'Error', because: 'foreign', owned: false } as const;

describe('a server that is found under the id of a create without an answer', () => {
  const looked = { session: unconfirmed, act: acts.observe };
  check([
    {
      ...looked,
      name: 'has what the create asked for: it is ours',
      outcome: found({ leaseMinutes: 60, size: 'Standard', sentAt: NOW }),
      expected: { life: 'live', observed: expect.objectContaining({ status: 'Ready' }) },
      kinds: ['status', 'extended'],
    },
    {
      ...looked,
      name: 'does not tell its size: it is ours',
      outcome: found({ leaseMinutes: 60, size: null, sentAt: NOW }),
      expected: { life: 'live' },
      kinds: ['status', 'extended'],
    },
    {
      ...looked,
      name: 'has a longer lease: it is somebody else’s',
      outcome: found({ leaseMinutes: 61, sentAt: NOW }),
      expected: isForeign,
      kinds: ['ended'],
    },
    {
      ...looked,
      name: 'has a shorter lease: it is somebody else’s',
      outcome: found({ leaseMinutes: 59, status: 'Starting', sentAt: NOW }),
      expected: isForeign,
      kinds: ['ended'],
    },
    {
      ...looked,
      name: 'has another size: it is somebody else’s',
      outcome: found({ leaseMinutes: 60, size: 'Premium', sentAt: NOW }),
      expected: isForeign,
      kinds: ['ended'],
    },
    {
      ...looked,
      name: 'is over, and had another lease: it was somebody else’s',
      outcome: found({ leaseMinutes: 5, status: 'Expired', sentAt: NOW }),
      expected: isForeign,
      kinds: ['ended'],
    },
    {
      ...looked,
      name: 'is over, and had what the create asked for: our stop is confirmed',
      outcome: found({ leaseMinutes: 60, status: 'Stopped', sentAt: NOW }),
      expected: { life: 'ended', status: 'Stopped', because: 'asked', owned: true },
      kinds: ['ended'],
    },
  ]);

  it('is ours whatever it has, where an answer has told of it before', () => {
    const known = liveSession({ observed: starting(NOW - minutes(1)), creation });
    const outcome = found({ leaseMinutes: 240, size: 'Premium', sentAt: NOW });
    expect(liveAfter(known, acts.observe, outcome).leases.grantedMinutes).toBe(240);
  });

  it('is ours whatever it has, where it answers a repeated create', () => {
    const asked = requestedSession({ creation });
    const { next } = evolve(asked, acts.create, found({ leaseMinutes: 240, sentAt: NOW }), NOW);
    expect(next.life).toBe('live');
  });

  it('is held once, whatever it was held for: a 404 in between does not have it held again', () => {
    const heldUntil = NOW + minutes(5);
    for (const missingSince of [null, NOW - seconds(40)]) {
      const held = liveSession({ heldUntil, missingSince });
      expect(liveAfter(held, acts.observe, found({ sentAt: NOW })).heldUntil).toBe(heldUntil);
    }
  });

  it('is looked for at once after a 409 to a repeated create, which is not repeated before', () => {
    const asked = requestedSession({ creation });
    const looking = liveAfter(asked, acts.create, { type: 'exists' });
    const decision = decide(looking, activity(), NOW, rules);
    expect(decision).toMatchObject({ type: 'observe', because: 'unanswered' });
    const wanted = found({ leaseMinutes: 60, size: 'Standard', sentAt: NOW });
    expect(liveAfter(looking, acts.observe, wanted).observed.status).toBe('Ready');
    expect(evolve(looking, acts.observe, found({ leaseMinutes: 61, sentAt: NOW }), NOW).next).toMatchObject(
      isForeign,
    );
  });

  it('is asked for again, ever more rarely, where a look does not find what a 409 told of', () => {
    let session = requestedSession({ creation });
    const waits: number[] = [];
    for (let round = 0; round < 3; round += 1) {
      const looking = liveAfter(session, acts.create, { type: 'exists' });
      session = liveAfter(looking, acts.observe, { type: 'missing', sentAt: NOW });
      expect(session.missingSince).toBeNull();
      waits.push((session.retry?.at ?? 0) - NOW);
      expect(decide(session, activity(), NOW + minutes(1), rules)).toMatchObject({ type: 'create' });
    }
    expect(waits).toEqual([0, seconds(2), seconds(6)]);
  });
});
