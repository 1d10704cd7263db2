import type { Plant } from './plant.ts';

/** Bugs in who calls the upstream, and when. */
export const CALL_PLANTS: readonly Plant[] = [
  {
    name: 'no-pending',
    what: 'A call is made without a word in the record that it is under way.',
    breaks: ['call'],
    edits: [
      {
        file: 'shared/intent.ts',
        find: '{ ...session, pending, dueAt: pending.until }',
        replace: '{ ...session, pending: null, dueAt: pending.until }',
      },
      {
        file: 'shared/reconcile.ts',
        find: 'if (current.session.pending?.opId !== pending.opId) return undefined;',
        replace: '',
      },
    ],
  },
  {
    name: 'pending-ignored',
    what: 'A session is acted on although somebody else’s call is under way.',
    breaks: ['call'],
    edits: [{ file: 'shared/decide.ts', find: 'session.pending?.until ?? 0', replace: '0' }],
  },
  {
    name: 'late-start',
    what: 'A call leaves however long ago it was committed.',
    breaks: ['call', 'L', 'R'],
    edits: [
      {
        file: 'shared/upstream/upstream.ts',
        find: 'startBy !== undefined && sentAt > startBy',
        replace: 'startBy !== undefined && sentAt > until',
      },
    ],
  },
  {
    name: 'window-overrun',
    what: 'A call is not broken off at the end of its window.',
    breaks: ['call'],
    edits: [
      {
        file: 'shared/upstream/upstream.ts',
        find: 'const signal = clock.abortAt(until);',
        replace: 'const signal = clock.abortAt(until + 120_000);',
      },
    ],
  },
  {
    name: 'server-before-row',
    what: 'A server is asked for before the row that lets a sweep find it.',
    breaks: ['call', 'L', '1'],
    edits: [
      {
        file: 'shared/creating.ts',
        find: 'const inserted = await store.insert(',
        replace: `await upstream.create(
        wanted.sessionId,
        { maxLeaseTimeMinutes: next.creation.maxLeaseMinutes, size: wanted.size, models: [] },
        httpLimits(),
      );
      const inserted = await store.insert(`,
      },
    ],
  },
  {
    name: 'second-id',
    what: 'A create that got no answer is repeated under a new id.',
    breaks: ['1', 'call'],
    edits: [
      {
        file: 'shared/reconcile.ts',
        find: 'return upstream.create(sessionId, wanted, window);',
        replace:
          'return upstream.create(session.creation.attempts > 1 ? `$' +
          '{sessionId}-again` : sessionId, wanted, window);',
      },
    ],
  },
  {
    name: 'retry-after-believed',
    what: 'A Retry-After of an hour is waited for.',
    breaks: ['L', 'K', 'V'],
    edits: [
      {
        file: 'shared/evolve.ts',
        find: 'retryAfterMs === null ? 0 : believedMs(retryAfterMs);',
        replace: 'retryAfterMs ?? 0;',
      },
    ],
  },
  {
    name: 'endless-back-off',
    what: 'Each attempt in vain doubles the wait for the next one, without an end.',
    breaks: ['L', 'K', 'V'],
    edits: [
      {
        file: 'shared/evolve.ts',
        find: '(2 ** Math.min(failures, 10) - 1), RETRY_LONGEST_MS)',
        replace: '(2 ** Math.min(failures, 10) - 1), 60 * RETRY_LONGEST_MS)',
      },
    ],
  },
];
