import type { Plant } from './plant.ts';

/** Bugs in what answers of the upstream are taken for. */
export const EVIDENCE_PLANTS: readonly Plant[] = [
  {
    name: 'gone-at-once',
    what: 'A single 404 is taken for the end of a running session.',
    breaks: ['L'],
    edits: [
      {
        file: 'shared/ending.ts',
        find: 'if (!again || sentAt < missingSince + MISSING_RECHECK_MS)',
        replace: 'if (sentAt < 0)',
      },
    ],
  },
  {
    name: 'stop-confirmed-early',
    what: 'A 404 confirms a stop although the create may still be on its way.',
    breaks: ['L'],
    edits: [
      {
        file: 'shared/ending.ts',
        find: '(again && sentAt >= (creation.lastUntil ?? 0) + CREATE_SETTLED_MS)',
        replace: 'sentAt > 0',
      },
    ],
  },
  {
    name: 'stop-taken-for-done',
    what: 'A stop that the upstream has accepted is recorded as Stopped.',
    breaks: ['L'],
    edits: [
      {
        file: 'shared/evolve.ts',
        find: "if (desired.state !== 'stopped') return same(session);",
        replace: `if (desired.state !== 'stopped') return same(session);
  if (desired) return end(session, { status: 'Stopped', because: desired.because, message: null }, now);`,
      },
    ],
  },
  {
    name: 'strangers-adopted',
    what: 'A session that somebody else made under the id is taken for ours.',
    breaks: ['W'],
    edits: [
      {
        file: 'shared/evolve.ts',
        find: 'return foreign(settled, now);',
        replace: `return {
        next: { ...settled, observed: { status: 'Starting', since: now, lastSeenAt: now } },
        events: [{ at: now, kind: 'status', because: act.because, detail: { status: 'Starting' } }],
      };`,
      },
    ],
  },
  {
    name: 'namesakes-adopted',
    what: 'A session that was there before our first create is taken for ours where it has the same words.',
    breaks: ['W'],
    edits: [
      {
        file: 'shared/evolve.ts',
        find: "if (act.type === 'create' && !created && session.creation.attempts === 1)",
        replace: 'if (session.creation.attempts < 0)',
      },
    ],
  },
  {
    name: 'refusal-is-absence',
    what: 'That there is no such session counts also where it answers an extension.',
    breaks: ['L'],
    edits: [
      { file: 'shared/evolve.ts', find: "return act.type === 'extend'", replace: 'return session.seq < 0' },
    ],
  },
  {
    name: 'unknown-is-stopped',
    what: 'A state that the keeper does not know is taken for Stopped.',
    breaks: ['L'],
    edits: [
      {
        file: 'shared/protocol/session-2021.ts',
        find: 'status: z.enum(STATUSES),\n  hostname: z.string().nullish(),',
        replace: "status: z.enum(STATUSES).catch('Stopped'),\n  hostname: z.string().nullish(),",
      },
    ],
  },
  {
    name: 'outage-is-absence',
    what: 'A failure of the upstream is taken for its saying that there is no such session.',
    breaks: ['L'],
    edits: [
      {
        file: 'shared/upstream/upstream.ts',
        find: 'return answered.answer.status === 404 ? missing(answered) : undefined;',
        replace: "return { type: 'missing', sentAt: answered.sentAt };",
      },
    ],
  },
  {
    name: 'unauthorized-is-absence',
    what: 'A token that is not taken is read as: there is no such session.',
    breaks: ['L'],
    edits: [
      {
        file: 'shared/upstream/upstream.ts',
        find: 'answer.status !== 401 || attempt > 0',
        replace: 'attempt >= 0',
      },
      {
        file: 'shared/upstream/upstream.ts',
        find: 'return answered.answer.status === 404 ? missing(answered) : undefined;',
        replace: `return answered.answer.status === 404 || answered.answer.status === 401
    ? { type: 'missing', sentAt: answered.sentAt }
    : undefined;`,
      },
    ],
  },
  {
    name: 'conflict-is-success',
    what: 'A create that is answered with 409 counts as made.',
    breaks: ['W', 'V', 'L', 'error'],
    edits: [
      {
        file: 'shared/upstream/upstream.ts',
        find: "if (status === 409) return { type: 'exists' };",
        replace: "if (status === 409) return { type: 'accepted' };",
      },
    ],
  },
  {
    name: 'refusal-is-success',
    what: 'An extension that the upstream refuses counts as granted.',
    breaks: ['K', 'V', 'A'],
    edits: [
      {
        file: 'shared/evolve.ts',
        find: 'next: { ...session, refused: { maxLeaseMinutes: act.maxLeaseMinutes, at: now } },',
        replace: 'next: { ...session, leases: { ...session.leases, grantedMinutes: act.maxLeaseMinutes } },',
      },
    ],
  },
  {
    name: 'lease-shrinks',
    what: 'What the upstream has granted is believed to shrink.',
    breaks: ['K', 'V'],
    edits: [
      {
        file: 'shared/evolve.ts',
        find: 'Math.max(session.leases.grantedMinutes, sighting.leaseMinutes)',
        replace: 'Math.min(session.leases.grantedMinutes || 1e6, sighting.leaseMinutes)',
      },
    ],
  },
  {
    name: 'own-expiry',
    what: 'The keeper declares a session Expired by its own reckoning.',
    breaks: ['L'],
    edits: [
      {
        file: 'shared/evolve.ts',
        find: 'return same(unanswered(settled, act, outcome.retryAfterMs, now));',
        replace: `if (
        settled.observed.status === 'Ready' &&
        now > settled.observed.readyAt.early + settled.leases.grantedMinutes * 60_000
      )
        return end(settled, { status: 'Expired', because: 'expired', message: null }, now);
      return same(unanswered(settled, act, outcome.retryAfterMs, now));`,
      },
    ],
  },
];
