import { StorageUnavailableError, UnreadableRowError } from '../errors.ts';
import type { HistoryEvent } from '../outcome.ts';
import type { Activity, EndedSession, LiveSession, Session, SessionKey } from '../session.ts';
import {
  activityColumns,
  readActivityRow,
  restoreActivity,
  shownOf,
  type TrackedActivity,
} from './activity.ts';
import { createCommits, type Found } from './commit.ts';
import { createDueIndex, type DueIndex } from './due.ts';
import { type GateChange, gateRows, readGateRow, submitGate, type TrackedGate } from './gate.ts';
import { createHistory, eventRows } from './history.ts';
import {
  afterPrefix,
  firstAfter,
  readEnded,
  readLive,
  rowKeys,
  unknownColumns,
  writeSession,
} from './rows.ts';
import type { Row, Table } from './table.ts';

/**
 * Sessions in Table Storage. Everything about one session changes in one transaction under the record's etag, so it
 * never has no due row, or two; and no answer of the table is taken for more than it says.
 */
export interface Store extends DueIndex {
  /** The record, living or ended. A live session without an activity row that can be read gets one that covers it until now. */
  read(key: SessionKey, now: number): Promise<Found | undefined>;
  /**
   * Adds a session with its activity, due row and first events; undefined where the id is taken, or the gate has
   * changed meanwhile. `isOver` spares a look at what the caller has just looked at.
   */
  insert(
    session: LiveSession,
    activity: Activity,
    events: readonly HistoryEvent[],
    gate?: GateChange,
    isOver?: boolean,
  ): Promise<Found<LiveSession> | undefined>;
  /** Whether there is an ended session of this id, which no other one gets then. */
  isOver(key: SessionKey): Promise<boolean>;
  /** Replaces the record that was found by the next one; undefined where it, or the gate, has changed meanwhile. */
  commit(
    found: Found<LiveSession>,
    next: Session,
    events: readonly HistoryEvent[],
    now: number,
    gate?: GateChange,
  ): Promise<Found | undefined>;
  /** Adds to the history of a session that is over; false where somebody else did meanwhile, or changed the gate. */
  addEvent(session: EndedSession, event: HistoryEvent, gate?: GateChange): Promise<boolean>;
  readGate(accountId: string): Promise<TrackedGate>;
  /** Changes the gate by itself; undefined where it has changed meanwhile. */
  changeGate(accountId: string, change: GateChange): Promise<TrackedGate | undefined>;
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

/** `reportFault` is told of a row that could not be read, and was made anew. */
export const createStore = (
  table: Table,
  newId: () => string,
  reportFault: (key: SessionKey, error: UnreadableRowError) => void = () => undefined,
): Store => {
  const readTracked = (key: SessionKey): Promise<TrackedActivity | undefined> => readActivityRow(table, key);
  const isOver = async ({ accountId, sessionId }: SessionKey): Promise<boolean> =>
    (await table.get(accountId, rowKeys.ended(sessionId))) !== undefined;

  const read = async (key: SessionKey, now: number): Promise<Found | undefined> => {
    const [row, activity] = await Promise.all([
      table.get(key.accountId, rowKeys.live(key.sessionId)),
      readTracked(key),
    ]);
    if (row === undefined) return readOver(key, activity);
    const session = readLive(key.accountId, row);
    const found = { session, etag: row.etag, unknown: unknownColumns(row) };
    if (activity !== undefined) return { ...found, activity };
    const wrong = await restoreActivity(table, session, now);
    if (wrong !== undefined) reportFault(key, wrong);
    const restored = await readTracked(key);
    // Lost once more: the session is known all the same, and whoever asks again finds it.
    if (restored === undefined)
      throw new StorageUnavailableError('The table has lost a row that was just written.', {
        retryAfterSeconds: 1,
      });
    return { ...found, activity: restored };
  };

  const readOver = async (
    key: SessionKey,
    activity: TrackedActivity | undefined,
  ): Promise<Found | undefined> => {
    const row = await table.get(key.accountId, rowKeys.ended(key.sessionId));
    if (row === undefined) return undefined;
    const session = readEnded(key.accountId, row);
    const { etag } = row;
    return { session, etag, unknown: unknownColumns(row), activity: activity ?? untracked(session) };
  };

  const { commitLive, commitEnded, ownWrite } = createCommits(table, read);

  const history = createHistory(table);

  return {
    read,
    readActivity: readTracked,
    ping: table.ping,

    readGate: (accountId) => readGateRow(table, accountId),
    changeGate: (accountId, change) => submitGate(table, accountId, change),

    isOver,

    async insert(session, activity, events, gate, isKnownOver) {
      const { accountId, sessionId } = session;
      // An ended session's activity row keeps its id from being used again; this is for a table that has lost it.
      if (isKnownOver ?? (await isOver(session))) return undefined;
      const next = { ...session, opId: newId(), seq: events.length };
      const columns = activityColumns(activity, next);
      const submitted = await table.submit(accountId, [
        { type: 'create', rowKey: rowKeys.live(sessionId), columns: writeSession(next) },
        // The row of an ended session is kept as long as its record: no id is used twice.
        { type: 'create', rowKey: rowKeys.activity(sessionId), columns },
        { type: 'put', rowKey: rowKeys.due(next.dueAt, sessionId), columns: {} },
        ...eventRows(sessionId, 0, events),
        ...gateRows(gate),
      ]);
      if (submitted.type === 'conflict') {
        const own = await ownWrite(next, session.createdAt);
        return own?.session.life === 'live' ? { ...own, session: own.session } : undefined;
      }
      const etag = submitted.etags.get(rowKeys.live(sessionId)) ?? '';
      const activityEtag = submitted.etags.get(rowKeys.activity(sessionId)) ?? '';
      const tracked = { ...activity, shown: shownOf(next), etag: activityEtag };
      return { session: next, etag, unknown: {}, activity: tracked };
    },

    async commit(found, session, events, now, gate) {
      const { sessionId } = found.session;
      const attempt = (seq: number): Promise<Found | undefined> => {
        const next = { ...session, opId: newId(), seq: seq + events.length };
        const rows = [...eventRows(sessionId, seq, events), ...gateRows(gate)];
        return next.life === 'live'
          ? commitLive(found, next, rows, now)
          : commitEnded(found, next, rows, now);
      };
      const committed = await attempt(found.session.seq);
      if (committed !== undefined || events.length === 0) return committed;
      const last = await history.ahead(found);
      return last === undefined ? undefined : attempt(last);
    },

    addEvent: history.add,
    forget: history.forget,

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

    ...createDueIndex(table),
  };
};

const untracked = (session: EndedSession): TrackedActivity => ({
  lastActivityAt: session.endedAt,
  coveredUntil: session.endedAt,
  closed: true,
  shown: shownOf(session),
  etag: '',
});

const liveOrError = (accountId: string, row: Row): LiveSession | UnreadableRowError => {
  try {
    return readLive(accountId, row);
  } catch (error) {
    if (error instanceof UnreadableRowError) return error;
    throw error;
  }
};
