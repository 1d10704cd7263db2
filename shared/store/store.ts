import { UnreadableRowError } from '../errors.ts';
import type { HistoryEvent } from '../outcome.ts';
import {
  type Activity,
  type EndedSession,
  idleFactsOf,
  type LiveSession,
  type Session,
  type SessionKey,
} from '../session.ts';
import { shownLeaseEnd, shownStatus } from '../view.ts';
import {
  afterPrefix,
  dueBound,
  readActivity,
  readEnded,
  readLive,
  rowKeys,
  type Shown,
  sessionIdOfDueRow,
  writeActivity,
  writeEvent,
  writeSession,
  writeShown,
} from './rows.ts';
import type { Columns, Row, RowChange, Table } from './table.ts';

/** The activity row as it was read; its etag guards the decision to stop. */
export interface TrackedActivity extends Activity {
  etag: string;
  shown: Shown;
}

/** A record as it was read, with what is needed to change exactly that version of it. */
export interface Found<Kind extends Session = Session> {
  session: Kind;
  etag: string;
  activity: TrackedActivity;
}

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
  /** Live sessions in the order of their ids; a row that cannot be read comes as its error. */
  list(accountId: string): AsyncIterable<LiveSession | UnreadableRowError>;
  /** Ids of the sessions that are due at `now`, the longest due first. */
  due(accountId: string, now: number): AsyncIterable<string>;
  ping(): Promise<void>;
}

/** Table Storage takes at most 100 changes in a transaction. */
const BATCH = 100;

export const createStore = (table: Table, newId: () => string): Store => {
  const readTracked = async ({ accountId, sessionId }: SessionKey): Promise<TrackedActivity | undefined> => {
    const row = await table.get(accountId, rowKeys.activity(sessionId));
    return row === undefined ? undefined : { ...readActivity(row), etag: row.etag };
  };

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

  /** After a conflict: was it our own write whose reply was lost? Then it counts as written. */
  const ownWrite = async (next: Session, now: number): Promise<Found | undefined> => {
    const found = await read(next, now);
    return found?.session.opId === next.opId && found.session.life === next.life ? found : undefined;
  };

  const commitLive = async (
    found: Found<LiveSession>,
    next: LiveSession,
    events: readonly RowChange[],
    now: number,
  ): Promise<Found | undefined> => {
    const { accountId, sessionId } = next;
    const stops = next.desired.state === 'stopped' && found.session.desired.state === 'running';
    const closed = next.desired.state === 'stopped';
    const [oldDue, newDue] = [
      rowKeys.due(found.session.dueAt, sessionId),
      rowKeys.due(next.dueAt, sessionId),
    ];
    const changes: RowChange[] = [
      { type: 'update', rowKey: rowKeys.live(sessionId), columns: writeSession(next), etag: found.etag },
      {
        // Every transaction of a record touches its activity row: see commitEnded, which relies on it.
        type: 'update',
        rowKey: rowKeys.activity(sessionId),
        columns: { ...writeShown(shownOf(next)), closed },
        // A stop is decided on the activity that was read: use in between breaks it. Otherwise use is left alone.
        etag: stops ? found.activity.etag : '*',
      },
      // Also where the instant stays: a due row that was lost is mended by the next change.
      { type: 'put', rowKey: newDue, columns: {} },
      ...events,
    ];
    const removal: RowChange[] = oldDue === newDue ? [] : [{ type: 'delete', rowKey: oldDue }];
    const written = (etags: ReadonlyMap<string, string>): Found<LiveSession> => ({
      session: next,
      etag: etags.get(rowKeys.live(sessionId)) ?? '',
      activity: {
        ...found.activity,
        closed,
        shown: shownOf(next),
        // Use may have been noted since the activity was read: only a guarded write knows that it was not. With the
        // old etag a stop that is decided on this is broken, and decided again.
        etag: stops ? (etags.get(rowKeys.activity(sessionId)) ?? '') : found.activity.etag,
      },
    });
    const submitted = await table.submit(accountId, [...changes, ...removal]);
    if (submitted.type === 'written') return written(submitted.etags);
    const own = await ownWrite(next, now);
    if (own !== undefined) return own;
    if (removal.length === 0 || !(await isUnchanged(found)) || (await hasRow(accountId, oldDue)))
      return undefined;
    // The record is as it was and its due row is gone: a damaged or restored table. The index is mended.
    const repaired = await table.submit(accountId, changes);
    return repaired.type === 'written' ? written(repaired.etags) : ownWrite(next, now);
  };

  /**
   * Moves a record to `ended:`. The SDK deletes without an etag inside a transaction, so the activity row is the
   * guard: every transaction of the record changes it, and it is read before the record is checked. Whatever changed
   * the record after that has changed the guard as well, and this transaction fails.
   */
  const commitEnded = async (
    found: Found<LiveSession>,
    next: EndedSession,
    events: readonly RowChange[],
    now: number,
  ): Promise<Found | undefined> => {
    const { accountId, sessionId } = next;
    const guard = await readTracked(next);
    if (!(await isUnchanged(found))) return undefined;
    const shown = { ...writeShown(shownOf(next)), closed: true };
    const activityKey = rowKeys.activity(sessionId);
    const oldDue = rowKeys.due(found.session.dueAt, sessionId);
    const isIndexed = await hasRow(accountId, oldDue);
    const activity: RowChange =
      guard === undefined
        ? {
            type: 'create',
            rowKey: activityKey,
            columns: activityColumns({ ...found.activity, closed: true }, next),
          }
        : { type: 'update', rowKey: activityKey, columns: shown, etag: guard.etag };
    const submitted = await table.submit(accountId, [
      { type: 'delete', rowKey: rowKeys.live(sessionId) },
      { type: 'create', rowKey: rowKeys.ended(sessionId), columns: writeSession(next) },
      activity,
      ...(isIndexed ? [{ type: 'delete', rowKey: oldDue } as const] : []),
      { type: 'put', rowKey: rowKeys.due(next.dueAt, sessionId), columns: {} },
      ...events,
    ]);
    if (submitted.type === 'conflict') return ownWrite(next, now);
    const etag = submitted.etags.get(rowKeys.ended(sessionId)) ?? '';
    return { session: next, etag, activity: { ...found.activity, closed: true, shown: shownOf(next) } };
  };

  const isUnchanged = async ({ session, etag }: Found): Promise<boolean> =>
    (await table.get(session.accountId, rowKeys.live(session.sessionId)))?.etag === etag;

  const hasRow = async (accountId: string, rowKey: string): Promise<boolean> =>
    (await table.get(accountId, rowKey)) !== undefined;

  const removeAll = async (accountId: string, keys: readonly string[]): Promise<boolean> => {
    if (keys.length === 0) return true;
    const removals = keys.map((rowKey) => ({ type: 'delete', rowKey }) as const);
    return (await table.submit(accountId, removals)).type === 'written';
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

    async forget({ accountId, sessionId, dueAt }) {
      const prefix = rowKeys.eventsOf(sessionId);
      const events: string[] = [];
      for await (const { rowKey } of table.list(accountId, prefix, afterPrefix(prefix))) events.push(rowKey);
      for (let first = 0; first < events.length; first += BATCH) {
        if (!(await removeAll(accountId, events.slice(first, first + BATCH)))) return false;
      }
      const rest = [rowKeys.ended(sessionId), rowKeys.activity(sessionId), rowKeys.due(dueAt, sessionId)];
      const present = await Promise.all(rest.map((rowKey) => hasRow(accountId, rowKey)));
      return removeAll(
        accountId,
        rest.filter((_, index) => present[index]),
      );
    },

    async cover({ accountId, sessionId }, { etag }, lastActivityAt, coveredUntil) {
      const columns = { lastActivityAt: new Date(lastActivityAt), coveredUntil: new Date(coveredUntil) };
      const submitted = await table.submit(accountId, [
        { type: 'update', rowKey: rowKeys.activity(sessionId), columns, etag },
      ]);
      return submitted.type === 'written';
    },

    async *list(accountId) {
      const prefix = rowKeys.live('');
      for await (const row of table.list(accountId, prefix, afterPrefix(prefix)))
        yield liveOrError(accountId, row);
    },

    async *due(accountId, now) {
      for await (const { rowKey } of table.list(accountId, dueBound(0), dueBound(now + 1))) {
        yield sessionIdOfDueRow(rowKey);
      }
    },
  };
};

const shownOf = (session: Session): Shown => ({
  status: shownStatus(session),
  leaseEnd: shownLeaseEnd(session),
  ...(session.life === 'live'
    ? idleFactsOf(session)
    : { readySeenAt: null, idleTimeoutMinutes: null, idleArmed: false }),
});

const activityColumns = ({ lastActivityAt, coveredUntil, closed }: Activity, session: Session): Columns => ({
  ...writeActivity({ lastActivityAt, coveredUntil, closed }),
  ...writeShown(shownOf(session)),
});

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
