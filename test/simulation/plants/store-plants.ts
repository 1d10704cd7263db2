import type { Plant } from './plant.ts';

/** Bugs in what is written to the table, and under which condition. */
export const STORE_PLANTS: readonly Plant[] = [
  {
    name: 'blind-record',
    what: 'A record is written without looking whether it has changed since it was read.',
    breaks: ['call', 'L', 'W', 'K', 'A', 'rows'],
    edits: [
      {
        file: 'shared/store/commit.ts',
        find: 'columns: writeSession(next), etag: found.etag',
        replace: "columns: writeSession(next), etag: '*'",
      },
    ],
  },
  {
    name: 'own-write-unknown',
    what: 'A conflict with the own write whose reply was lost is taken for somebody else’s.',
    breaks: ['error'],
    edits: [
      {
        file: 'shared/store/commit.ts',
        find: 'found?.session.opId === next.opId && found.session.life === next.life ? found : undefined',
        replace: 'found === undefined ? found : undefined',
      },
    ],
  },
  {
    name: 'own-write-unchecked',
    what: 'After a conflict the record counts as written, whoever wrote it.',
    breaks: ['L', 'K', 'W', 'error', 'call'],
    edits: [
      {
        file: 'shared/store/commit.ts',
        find: 'found?.session.opId === next.opId && found.session.life === next.life ? found : undefined',
        replace: 'found',
      },
    ],
  },
  {
    name: 'stop-unguarded',
    what: 'A stop is decided without looking whether the session was used meanwhile.',
    breaks: ['W'],
    edits: [
      {
        file: 'shared/store/commit.ts',
        find: "etag: stops ? found.activity.etag : '*',",
        replace: "etag: '*',",
      },
    ],
  },
  {
    name: 'use-unguarded',
    what: 'Use is noted although the activity row has changed since it was read.',
    breaks: ['W'],
    edits: [
      {
        file: 'shared/store/store.ts',
        find: 'rowKey: rowKeys.activity(sessionId), columns, etag },',
        replace: "rowKey: rowKeys.activity(sessionId), columns, etag: etag && '*' },",
      },
    ],
  },
  {
    name: 'not-closed',
    what: 'The transaction that decides a stop does not close the session to further use.',
    breaks: ['W'],
    edits: [
      {
        file: 'shared/store/commit.ts',
        find: "const closed = next.desired.state === 'stopped';",
        replace: 'const closed = false;',
      },
    ],
  },
  {
    name: 'due-row-left',
    what: 'A session that is due at another instant keeps its old due row as well.',
    breaks: ['rows'],
    edits: [
      {
        file: 'shared/store/commit.ts',
        find: 'oldDue === newDue ? [] : [{',
        replace: 'oldDue !== "" ? [] : [{',
      },
    ],
  },
  {
    name: 'due-row-kept',
    what: 'A session that is due at another instant stays in the index where it was.',
    breaks: ['rows'],
    edits: [
      {
        file: 'shared/store/commit.ts',
        find: 'rowKeys.due(next.dueAt, sessionId),\n    ];',
        replace: 'rowKeys.due(found.session.dueAt, sessionId),\n    ];',
      },
    ],
  },
  {
    name: 'record-left',
    what: 'The record of an ended session stays among the living.',
    breaks: ['rows', 'T'],
    edits: [
      {
        file: 'shared/store/commit.ts',
        find: "{ type: 'delete', rowKey: rowKeys.live(sessionId) },",
        replace: '',
      },
    ],
  },
  {
    name: 'record-revived',
    what: 'A writer that comes late puts a record that has ended back among the living.',
    breaks: ['rows', 'T', 'A', 'call'],
    edits: [
      {
        file: 'shared/store/commit.ts',
        find: "{ type: 'update', rowKey: rowKeys.live(sessionId), columns: writeSession(next), etag: found.etag }",
        replace: "{ type: 'put', rowKey: rowKeys.live(sessionId), columns: writeSession(next) }",
      },
    ],
  },
  {
    name: 'no-history',
    what: 'A change of state leaves no row of history.',
    breaks: ['A'],
    edits: [
      {
        file: 'shared/store/commit.ts',
        find: "{ type: 'put', rowKey: newDue, columns: {} },\n      ...others,",
        replace: "{ type: 'put', rowKey: newDue, columns: {} },",
      },
    ],
  },
  {
    name: 'forgotten-early',
    what: 'An ended session is forgotten after ten minutes, and its id is free again.',
    breaks: ['T', '1', 'W', 'L'],
    edits: [
      {
        file: 'shared/ending.ts',
        find: 'dueAt: now + RETENTION_MS,',
        replace: 'dueAt: now + RETENTION_MS / 4320,',
      },
    ],
  },
  {
    name: 'due-seen-late',
    what: 'The sweep reads the due index only up to ten minutes ago.',
    breaks: ['L', 'K', 'V'],
    edits: [
      {
        file: 'shared/store/due.ts',
        find: 'dueBound(now + 1)',
        replace: 'dueBound(now - 600_000)',
      },
    ],
  },
  {
    name: 'change-untold',
    what: 'A change of the policy leaves no row of history.',
    breaks: ['A'],
    edits: [
      {
        file: 'shared/wishes.ts',
        find: "events: [{ at: now, kind: 'changed', because: 'client', detail }],",
        replace: 'events: [],',
      },
    ],
  },
  {
    name: 'event-elsewhere',
    what: 'The history of one session is written to another.',
    breaks: ['A'],
    edits: [
      {
        file: 'shared/store/history.ts',
        find: 'rowKey: rowKeys.event(sessionId, seq + index + 1)',
        replace: "rowKey: rowKeys.event('x' + sessionId, seq + index + 1)",
      },
    ],
  },
  {
    name: 'event-of-another-kind',
    what: 'Every event says that a status has changed, whatever has.',
    breaks: ['A'],
    edits: [
      {
        file: 'shared/store/history.ts',
        find: 'columns: writeEvent(event),',
        replace: "columns: writeEvent({ ...event, kind: 'status', because: 'client', detail: {} }),",
      },
    ],
  },
];
