import { UnreadableRowError } from '../errors.ts';
import type { HistoryEvent } from '../outcome.ts';
import type { Activity, EndedSession, LiveSession, Session, SessionKey } from '../session.ts';
import { activityColumns, readActivityRow, shownOf, type TrackedActivity } from './activity.ts';
import { createCommits, type Found } from './commit.ts';
import {
  afterPrefix,
  dueBound,
  firstAfter,
  readDueKey,
  readEnded,
  readLive,
  rowKeys,
  writeEvent,
  writeSession,
} from './rows.ts';
import type { Row, RowChange, Table } from './table.ts';

/**
 * Sessions in Table Storage. Everything about one session changes in one transaction under the record's etag, so it
 * never has no due row, or two; and no answer of the table is taken for more than it says.
 */
export interface Store {
  /** The record, living or ended. A live session without an activity row gets one that says: active now. */
  read(key: SessionKey, now: number): Promise<Found | undefined>;
  /** Adds a session with its activity, due row and first event; undefined where the id is taken. */
  insert(
    session: LiveSession,
    activity: Activity,
    events: readonly HistoryEvent[],
  ): Promise<Found<LiveSession> | undefined>;
  /** Replaces the record that was found by the next one; undefined where it has changed meanwhile. */
  commit(
    found: Found<LiveSession>,
    next: Session,
    events: readonly HistoryEvent[],
    now: number,
  ): Promise<Found | undefined>;
  /** Removes an ended session with its history; false where somebody else removed a part of it meanwhile. */
  forget(session: EndedSession): Promise<boolean>;
  readActivity(key: SessionKey): Promise<TrackedActivity | undefined>;
  /** Notes use; false where the activity row has changed meanwhile. */
  cover(
    key: SessionKey,
    activity: TrackedActivity,
    lastActivityAt: number,
    coveredUntil: number,
  ): Promise<boolean>;
  /** Live sessions in the order of their ids, from behind `after`. */
  list(accountId: string, part?: ListPart): AsyncIterable<ListedRow>;
  /** What is due at `now`, the longest due first. */
  due(accountId: string, now: number): AsyncIterable<DueRow>;
  /** Removes a due row that has no record, as a damaged table may have; a record that is there keeps it. */
  dropDue(key: SessionKey, at: number): Promise<void>;
  ping(): Promise<void>;
}

/** From behind which id, and how many rows the table is asked for at a time. */
export interface ListPart {
  after: string | undefined;
  atATime: number;
}

/** A live session; a row that cannot be read comes as its error. */
export interface ListedRow {
  sessionId: string;
  row: LiveSession | UnreadableRowError;
}

/** A row of the due index: which session, and the instant of its key. */
export interface DueRow {
  sessionId: string;
  at: number;
}

/** Table Storage takes at most 100 changes in a transaction. */
const BATCH = 100;

export const createStore = (table: Table, newId: () => string): Store => {
  const readTracked = (key: SessionKey): Promise<TrackedActivity | undefined> => readActivityRow(table, key);
  const hasRow = async (accountId: string, rowKey: string): Promise<boolean> =>
    (await table.get(accountId, rowKey)) !== undefined;

  /** A lost activity row is made anew as active now: missing evidence is never a reason to reap. */
  const restoreActivity = async (session: LiveSession, now: number): Promise<void> => {
    const closed = session.desired.state === 'stopped';
    const columns = activityColumns({ lastActivityAt: now, coveredUntil: now, closed }, session);
    // A conflict means that somebody else restored it first, which serves as well: the caller reads again.
    await table.submit(session.accountId, [
      { type: 'create', rowKey: rowKeys.activity(session.sessionId), columns },
    ]);
  };

  const read = async (key: SessionKey, now: number): Promise<Found | undefined> => {
    const [row, activity] = await Promise.all([
      table.get(key.accountId, rowKeys.live(key.sessionId)),
      readTracked(key),
    ]);
    if (row === undefined) return readOver(key, activity);
    const session = readLive(key.accountId, row);
    if (activity !== undefined) return { session, etag: row.etag, activity };
    await restoreActivity(session, now);
    const restored = await readTracked(key);
    return restored === undefined ? undefined : { session, etag: row.etag, activity: restored };
  };

  const readOver = async (
    key: SessionKey,
    activity: TrackedActivity | undefined,
  ): Promise<Found | undefined> => {
    const row = await table.get(key.accountId, rowKeys.ended(key.sessionId));
    if (row === undefined) return undefined;
    const session = readEnded(key.accountId, row);
    return { session, etag: row.etag, activity: activity ?? untracked(session) };
  };

  const { commitLive, commitEnded, ownWrite } = createCommits(table, read);

  const removeAll = async (accountId: string, keys: readonly string[]): Promise<boolean> => {
    if (keys.length === 0) return true;
    return (await table.submit(accountId, keys.map(removal))).type === 'written';
  };

  return {
    read,
    readActivity: readTracked,
    ping: table.ping,

    async insert(session, activity, events) {
      const { accountId, sessionId } = session;
      // An ended session's activity row keeps its id from being used again; this is for a table that has lost it.
      if (await hasRow(accountId, rowKeys.ended(sessionId))) return undefined;
      const next = { ...session, opId: newId(), seq: events.length };
      const columns = activityColumns(activity, next);
      const submitted = await table.submit(accountId, [
        { type: 'create', rowKey: rowKeys.live(sessionId), columns: writeSession(next) },
        // The row of an ended session is kept as long as its record: no id is used twice.
        { type: 'create', rowKey: rowKeys.activity(sessionId), columns },
        { type: 'put', rowKey: rowKeys.due(next.dueAt, sessionId), columns: {} },
        ...eventRows(sessionId, 0, events),
      ]);
      if (submitted.type === 'conflict') {
        const own = await ownWrite(next, session.createdAt);
        return own?.session.life === 'live' ? { ...own, session: own.session } : undefined;
      }
      const etag = submitted.etags.get(rowKeys.live(sessionId)) ?? '';
      const activityEtag = submitted.etags.get(rowKeys.activity(sessionId)) ?? '';
      return { session: next, etag, activity: { ...activity, shown: shownOf(next), etag: activityEtag } };
    },

    commit(found, session, events, now) {
      const { sessionId, seq } = found.session;
      const next = { ...session, opId: newId(), seq: seq + events.length };
      const rows = eventRows(sessionId, seq, events);
      return next.life === 'live' ? commitLive(found, next, rows, now) : commitEnded(found, next, rows, now);
    },

    async forget(session) {
      const { accountId, sessionId, dueAt } = session;
      const ended = rowKeys.ended(sessionId);
      const prefix = rowKeys.eventsOf(sessionId);
      const events: string[] = [];
      for await (const { rowKey } of table.list(accountId, prefix, afterPrefix(prefix))) events.push(rowKey);
      // The id may be used again as soon as the record is gone: nothing is removed but together with a sign of it.
      let etag = (await table.get(accountId, ended))?.etag;
      for (let first = 0; first < events.length; first += BATCH - 1) {
        if (etag === undefined) return false;
        const removals = events.slice(first, first + BATCH - 1).map(removal);
        const touch: RowChange = { type: 'update', rowKey: ended, columns: {}, etag };
        const submitted = await table.submit(accountId, [touch, ...removals]);
        if (submitted.type === 'conflict') return false;
        etag = submitted.etags.get(ended);
      }
      const others = [rowKeys.activity(sessionId), rowKeys.due(dueAt, sessionId)];
      const present = await Promise.all(others.map((rowKey) => hasRow(accountId, rowKey)));
      return removeAll(accountId, [ended, ...others.filter((_, index) => present[index])]);
    },

    async cover({ accountId, sessionId }, { etag }, lastActivityAt, coveredUntil) {
      const columns = { lastActivityAt: new Date(lastActivityAt), coveredUntil: new Date(coveredUntil) };
      const submitted = await table.submit(accountId, [
        { type: 'update', rowKey: rowKeys.activity(sessionId), columns, etag },
      ]);
      return submitted.type === 'written';
    },

    async *list(accountId, part) {
      const prefix = rowKeys.live('');
      const from = part?.after === undefined ? prefix : firstAfter(rowKeys.live(part.after));
      for await (const row of table.list(accountId, from, afterPrefix(prefix), part?.atATime))
        yield { sessionId: row.rowKey.slice(prefix.length), row: liveOrError(accountId, row) };
    },

    async *due(accountId, now) {
      for await (const { rowKey } of table.list(accountId, dueBound(0), dueBound(now + 1))) {
        yield readDueKey(rowKey);
      }
    },

    async dropDue({ accountId, sessionId }, at) {
      const records = [rowKeys.live(sessionId), rowKeys.ended(sessionId)];
      const present = await Promise.all(records.map((rowKey) => hasRow(accountId, rowKey)));
      if (!present.includes(true)) await removeAll(accountId, [rowKeys.due(at, sessionId)]);
    },
  };
};

const removal = (rowKey: string): RowChange => ({ type: 'delete', rowKey });

const untracked = (session: EndedSession): TrackedActivity => ({
  lastActivityAt: session.endedAt,
  coveredUntil: session.endedAt,
  closed: true,
  shown: shownOf(session),
  etag: '',
});

const eventRows = (sessionId: string, seq: number, events: readonly HistoryEvent[]): RowChange[] =>
  events.map((event, index) => ({
    type: 'create',
    rowKey: rowKeys.event(sessionId, seq + index + 1),
    columns: writeEvent(event),
  }));

const liveOrError = (accountId: string, row: Row): LiveSession | UnreadableRowError => {
  try {
    return readLive(accountId, row);
  } catch (error) {
    if (error instanceof UnreadableRowError) return error;
    throw error;
  }
};
