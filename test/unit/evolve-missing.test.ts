import { describe, expect, it } from 'vitest';
import type { LiveSession, Session } from '../../shared/session.ts';
import {
  acts,
  found,
  liveSession,
  minutes,
  ready,
  requestedSession,
  seconds,
  starting,
  stopped,
  T0,
} from '../builders.ts';
import { check, firstAttempt, liveAfter, missing, NOW } from './evolve-table.ts';

describe('a 404', () => {
  const settled = NOW - minutes(2);
  const unconfirmed = (creation: LiveSession['creation'], missingSince: number | null): LiveSession =>
    requestedSession({ creation, missingSince, desired: stopped('asked') });
  const over = (status: string, because: string) => ({ life: 'ended', status, because }) as Partial<Session>;
  const noted = (missingSince: number): Partial<Session> => ({ life: 'live', missingSince, retry: null });
  const lost = (ago: number, observed = ready(T0)): LiveSession =>
    liveSession({ observed, missingSince: NOW - ago });

  check([
    {
      name: 'confirms a stop of a session that was once observed',
      session: liveSession({ desired: stopped('idle') }),
      act: acts.stop,
      outcome: missing,
      expected: over('Stopped', 'idle'),
      kinds: ['ended'],
    },
    {
      name: 'also of one that was seen starting',
      session: liveSession({ observed: starting(T0), desired: stopped('asked') }),
      act: acts.observe,
      outcome: missing,
      expected: over('Stopped', 'asked'),
      kinds: ['ended'],
    },
    {
      name: 'confirms it where no create was ever sent',
      session: unconfirmed({ maxLeaseMinutes: 60, attempts: 0, firstAttemptAt: null, lastUntil: null }, null),
      act: acts.stop,
      outcome: missing,
      expected: over('Stopped', 'asked'),
      kinds: ['ended'],
    },
    {
      name: 'of an unconfirmed create is only noted, however old that is',
      session: unconfirmed(firstAttempt(T0), null),
      act: acts.stop,
      outcome: missing,
      expected: noted(NOW),
      kinds: [],
    },
    {
      name: 'again, before the create has settled, is only noted',
      session: unconfirmed(firstAttempt(settled + 1), NOW - minutes(1)),
      act: acts.observe,
      outcome: missing,
      expected: noted(NOW - minutes(1)),
      kinds: [],
    },
    {
      name: 'again, after it has settled, confirms',
      session: unconfirmed(firstAttempt(settled), NOW - minutes(1)),
      act: acts.observe,
      outcome: missing,
      expected: over('Stopped', 'asked'),
      kinds: ['ended'],
    },
    {
      name: 'that confirms the stop of a failed launch makes it an error',
      session: liveSession({ observed: starting(T0), desired: stopped('launch') }),
      act: acts.stop,
      outcome: missing,
      expected: over('Error', 'launch'),
      kinds: ['ended'],
    },
    {
      name: 'of a ready session is only noted',
      session: liveSession(),
      act: acts.observe,
      outcome: missing,
      expected: noted(NOW),
      kinds: [],
    },
    {
      name: 'again within 30 s is only noted, by the first one',
      session: lost(seconds(30) - 1),
      act: acts.observe,
      outcome: missing,
      expected: noted(NOW - seconds(30) + 1),
      kinds: [],
    },
    {
      name: 'again after 30 s: it is gone',
      session: lost(seconds(30)),
      act: acts.observe,
      outcome: missing,
      expected: over('Error', 'gone'),
      kinds: ['ended'],
    },
  ]);

  it('counts from anew once the session was seen in between', () => {
    const again = liveAfter(
      lost(seconds(40)),
      acts.observe,
      found({ sentAt: NOW, receivedAt: NOW, elapsedMinutes: 20 }),
    );
    expect(liveAfter(again, acts.observe, missing).missingSince).toBe(NOW);
  });
});
