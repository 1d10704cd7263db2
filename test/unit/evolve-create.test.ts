import { describe, expect } from 'vitest';
import type { LiveSession, Session } from '../../shared/session.ts';
import { acts, found, requestedSession, starting, stopped } from '../builders.ts';
import { check, firstAttempt, NOW, pending, refusal, unclear } from './evolve-table.ts';

const asked = (attempts = 1): LiveSession =>
  requestedSession({ creation: { ...firstAttempt(), attempts }, pending: pending('create') });

describe('a create', () => {
  const seen = { status: 'Starting', sentAt: NOW - 20, receivedAt: NOW } as const;
  const foreign = { life: 'ended', status: 'Error', because: 'foreign', owned: false } as const;
  const ours = { life: 'live', pending: null, observed: starting(NOW - 20), leases: { grantedMinutes: 60 } };
  const shown = ours as Partial<Session>;

  check([
    {
      name: '201: ours',
      session: asked(),
      act: acts.create,
      outcome: found(seen, true),
      expected: shown,
      kinds: ['status', 'extended'],
    },
    {
      name: '200 on the very first attempt: somebody else’s',
      session: asked(),
      act: acts.create,
      outcome: found(seen),
      expected: foreign,
      kinds: ['ended'],
    },
    {
      name: '409 on the very first attempt: somebody else’s',
      session: asked(),
      act: acts.create,
      outcome: { type: 'exists' },
      expected: foreign,
      kinds: ['ended'],
    },
    {
      name: '409 on a repeated attempt: an earlier one may have made it, and a look tells',
      session: { ...asked(2), retry: { failures: 2, at: NOW - 5 } },
      act: acts.create,
      outcome: { type: 'exists' },
      expected: {
        life: 'live',
        pending: null,
        observed: { status: 'Requested' },
        unansweredSince: NOW,
        retry: { failures: 2, at: NOW - 5 },
      },
      kinds: [],
    },
    {
      name: '200 on a repeated attempt: ours',
      session: asked(2),
      act: acts.create,
      outcome: found(seen),
      expected: shown,
      kinds: ['status', 'extended'],
    },
    {
      name: '201 on a repeated attempt: ours',
      session: asked(2),
      act: acts.create,
      outcome: found(seen, true),
      expected: shown,
      kinds: ['status', 'extended'],
    },
    {
      name: 'an ended session in the answer: the id was used before',
      session: asked(2),
      act: acts.create,
      outcome: found({ ...seen, status: 'Stopped' }),
      expected: {
        life: 'ended',
        status: 'Error',
        because: 'failed',
        owned: true,
        message: expect.stringMatching(/used before/),
      },
      kinds: ['ended'],
    },
    {
      name: 'an error in the answer to a new one: what the upstream says of it',
      session: asked(),
      act: acts.create,
      outcome: found({ ...seen, status: 'Error', errorMessage: 'no place is free' }, true),
      expected: { life: 'ended', status: 'Error', because: 'failed', message: 'no place is free' },
      kinds: ['ended'],
    },
    {
      name: 'refused at the first attempt: an error, and no server under the id is ours',
      session: asked(),
      act: acts.create,
      outcome: refusal,
      expected: { life: 'ended', status: 'Error', because: 'refused', owned: false },
      kinds: ['ended'],
    },
    {
      name: 'refused at a later one: what an earlier one may have made is stopped first',
      session: asked(2),
      act: acts.create,
      outcome: refusal,
      expected: {
        life: 'live',
        desired: { ...stopped('launch', NOW), message: expect.stringMatching(/refused.*not larger/) },
      },
      kinds: ['stop'],
    },
    {
      name: 'that was never sent, does not count',
      session: asked(),
      act: acts.create,
      outcome: { type: 'unsent', because: 'too late' },
      expected: {
        pending: null,
        creation: { maxLeaseMinutes: 60, attempts: 0, firstAttemptAt: null, lastUntil: null },
        retry: { failures: 1, at: NOW },
      },
      kinds: [],
    },
    {
      name: 'that was never sent after one that was, leaves that',
      session: asked(2),
      act: acts.create,
      outcome: { type: 'unsent', because: 'too late' },
      expected: { creation: firstAttempt() },
      kinds: [],
    },
    {
      name: 'without a clear answer: may have been made',
      session: asked(),
      act: acts.create,
      outcome: unclear,
      expected: { pending: null, observed: { status: 'Requested' }, creation: firstAttempt() },
      kinds: [],
    },
  ]);
});
