import { describe, expect, it } from 'vitest';
import type { Outcome } from '../../shared/outcome.ts';
import { acts, found, liveSession, stopped, T0 } from '../builders.ts';
import { check, liveAfter, missing, NOW, pending, refusal, unclear } from './evolve-table.ts';

describe('an extension', () => {
  const session = liveSession({
    pending: pending('extend'),
    leases: { requestedMinutes: 30, floorMinutes: 120, grantedMinutes: 60 },
  });
  const granted = (leaseMinutes: number): Outcome =>
    found({ sentAt: NOW, receivedAt: NOW, elapsedMinutes: 20, leaseMinutes });
  const leases = (floorMinutes: number, grantedMinutes: number) => ({
    requestedMinutes: 30,
    floorMinutes,
    grantedMinutes,
  });

  check([
    {
      name: 'granted',
      session: { ...session, refused: { maxLeaseMinutes: 90, at: T0 } },
      act: acts.keep,
      outcome: granted(120),
      expected: { pending: null, refused: null, leases: leases(120, 120) },
      kinds: ['extended'],
    },
    {
      name: 'granted beyond what was asked',
      session,
      act: acts.keep,
      outcome: granted(130),
      expected: { refused: null, leases: leases(120, 130) },
      kinds: ['extended'],
    },
    {
      name: 'granted in part is refused',
      session,
      act: acts.keep,
      outcome: granted(90),
      expected: { refused: { maxLeaseMinutes: 120, at: NOW }, leases: leases(120, 90) },
      kinds: ['extended', 'refused'],
    },
    {
      name: 'refused to the keeper: the client’s words stay',
      session,
      act: acts.keep,
      outcome: refusal,
      expected: { pending: null, refused: { maxLeaseMinutes: 120, at: NOW }, leases: leases(120, 60) },
      kinds: ['refused'],
    },
    {
      name: 'refused to the client: its words stand until a look has told what holds',
      session,
      act: acts.extendForClient,
      outcome: refusal,
      expected: { refused: { maxLeaseMinutes: 120, at: NOW }, leases: leases(120, 60) },
      kinds: ['refused'],
    },
    {
      name: 'refused to the client and looked at: it has what is granted',
      session: { ...session, refused: { maxLeaseMinutes: 120, at: NOW } },
      act: acts.observe,
      outcome: granted(60),
      expected: { refused: { maxLeaseMinutes: 120, at: NOW }, leases: leases(60, 60) },
      kinds: ['changed'],
    },
    {
      name: 'refused, and seen in a list that is older than the refusal: nothing is settled',
      session: { ...session, refused: { maxLeaseMinutes: 120, at: NOW + 1 } },
      act: acts.observe,
      outcome: granted(60),
      expected: { refused: { maxLeaseMinutes: 120, at: NOW + 1 }, leases: leases(120, 60) },
      kinds: [],
    },
    {
      name: 'granted after its session was to be stopped: known, and still to be stopped',
      session: { ...session, desired: stopped('asked') },
      act: acts.keep,
      outcome: granted(120),
      expected: { desired: stopped('asked'), leases: leases(120, 120) },
      kinds: ['extended'],
    },
    {
      name: 'of a missing session: a reason to look, and no look itself',
      session,
      act: acts.keep,
      outcome: missing,
      expected: { life: 'live', pending: null, missingSince: null, unansweredSince: NOW },
      kinds: [],
    },
  ]);

  it('that was refused leaves newer words of the client, which were never asked for', () => {
    const newer = liveSession({ leases: { floorMinutes: 200 }, pending: pending('extend') });
    expect(liveAfter(newer, acts.extendForClient, refusal).leases.floorMinutes).toBe(200);
  });

  it('whose grant was lost and whose repetition is refused, is a success once it is seen: the client has its words', () => {
    const lost = liveAfter(session, acts.extendForClient, unclear);
    const repeated = liveAfter(lost, acts.extendForClient, refusal);
    const seen = liveAfter(repeated, acts.observe, granted(120));
    expect(seen).toMatchObject({ refused: null, leases: leases(120, 120) });
  });
});
