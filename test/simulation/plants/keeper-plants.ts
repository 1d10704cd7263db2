import type { Plant } from './plant.ts';

/** Bugs in what clients are answered, and in the sweep. */
export const KEEPER_PLANTS: readonly Plant[] = [
  {
    name: 'stop-answered-early',
    what: 'A stop is answered before it is written down.',
    breaks: ['L'],
    edits: [
      {
        file: 'shared/keeper.ts',
        find: 'const committed = await commitWish(sessionId, stopped);',
        replace: `commitWish(sessionId, stopped).catch(() => undefined);
      if (sessionId !== '') return { unfinished: true };
      const committed = await commitWish(sessionId, stopped);`,
      },
    ],
  },
  {
    name: 'use-unwritten',
    what: 'A heartbeat is acknowledged, and nothing is written down.',
    breaks: ['W'],
    edits: [
      {
        file: 'shared/keeper.ts',
        find: 'if (await store.cover(keyOf(sessionId), activity, now, coveredUntil)) {',
        replace: 'if (coveredUntil > 0) {',
      },
    ],
  },
  {
    name: 'use-unconfirmed',
    what: 'A heartbeat is acknowledged although the row that it was to be written to had changed.',
    breaks: ['W'],
    edits: [
      {
        file: 'shared/keeper.ts',
        find: 'if (await store.cover(keyOf(sessionId), activity, now, coveredUntil)) {',
        replace:
          'if ((await store.cover(keyOf(sessionId), activity, now, coveredUntil)) || coveredUntil > 0) {',
      },
    ],
  },
  {
    name: 'lease-promised',
    what: 'A longer lease is answered yes before the upstream has granted it.',
    breaks: ['K', 'error'],
    edits: [
      {
        file: 'shared/keeper.ts',
        find: 'const isGranted = leaseMinutes === undefined || owesNothing(committed.session, leaseMinutes);',
        replace: 'const isGranted = leaseMinutes === undefined || committed.session.life.length > 0;',
      },
    ],
  },
  {
    name: 'lease-cut',
    what: 'Fractions of a minute of the lease that a client asks for are cut off.',
    breaks: ['K'],
    edits: [
      { file: 'shared/lease.ts', find: 'Math.ceil(floorMinutes)', replace: 'Math.floor(floorMinutes)' },
      {
        file: 'shared/wishes.ts',
        find: 'Math.max(Math.ceil(wanted.leaseMinutes), atLeast)',
        replace: 'Math.max(Math.floor(wanted.leaseMinutes), atLeast)',
      },
    ],
  },
  {
    name: 'unlisted-is-gone',
    what: 'A session that a list does not show counts as gone.',
    breaks: ['L'],
    edits: [
      {
        file: 'shared/together.ts',
        find: 'if (!page.unreadable.has(sessionId)) return [];',
        replace: `if (!page.unreadable.has(sessionId)) {
        await record(one, { type: 'missing', sentAt: limits.until - 60_000 });
        return [sessionId];
      }`,
      },
    ],
  },
  {
    name: 'sweep-gives-up',
    what: 'The first fault of one session ends the sweep of all.',
    breaks: ['L', 'K', 'V'],
    edits: [
      {
        file: 'shared/sweep.ts',
        find: 'looks.set(sessionId, MAX_LOOKS);',
        replace: 'throw new StorageUnavailableError(sessionId);',
      },
    ],
  },
  {
    name: 'first-batch-only',
    what: 'A sweep ends after its first batch, however much is due.',
    breaks: ['L', 'K', 'V'],
    edits: [
      { file: 'shared/sweep.ts', find: 'const BATCH = 64;', replace: 'const BATCH = 1;' },
      {
        file: 'shared/sweep.ts',
        find: 'await sweepRows(rows);',
        replace: 'await sweepRows(rows);\n        if (rows.length > 0) return true;',
      },
    ],
  },
  {
    name: 'gate-beside-unread',
    what: 'What the gate says while a new session is inserted is not heeded by its first call.',
    breaks: ['R'],
    edits: [
      {
        file: 'shared/creating.ts',
        find: "opensAt(gate, now) > now ? 'the upstream has told to wait' : undefined",
        replace: "opensAt(gate, now) > now && now < 0 ? 'the upstream has told to wait' : undefined",
      },
    ],
  },
  {
    name: 'change-no-use',
    what: 'A change is no sign of use.',
    breaks: ['W'],
    edits: [
      {
        file: 'shared/keeper.ts',
        find: 'const current = isUse ? await withUse(sessionId, before) : before;',
        replace: "const current = isUse && sessionId === '' ? await withUse(sessionId, before) : before;",
      },
    ],
  },
  {
    name: 'audit-throws',
    what: 'Every look at the whole account ends in an error of the keeper’s own, which it only reports.',
    breaks: ['error'],
    edits: [
      {
        file: 'shared/audit.ts',
        find: '    if (strangers.length === 0 || !isAtEnd(walk)) return;',
        replace:
          "    if (askedAt > 0) throw new TypeError('x is undefined');\n    if (strangers.length === 0 || !isAtEnd(walk)) return;",
      },
    ],
  },
];
