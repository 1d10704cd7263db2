import type { EndedSession, LiveSession, Session, SessionKey } from '../session.ts';
import { activityColumns, shownOf, type TrackedActivity } from './activity.ts';
import { rowKeys, type Shown, writeSession, writeShown } from './rows.ts';
import type { Columns, RowChange, Table } from './table.ts';

/** The transactions that change a record: all of it or nothing, and only the version that was read. */

/** A record as it was read, with what is needed to change exactly that version of it. */
export interface Found<Kind extends Session = Session> {
  session: Kind;
  etag: string;
  activity: TrackedActivity;
  /** What a newer version has written into the record, and this one does not know. */
  unknown: Columns;
}

/**
 * Both give the record as it is now, or undefined where it had changed before. `others` are rows that are written along
 * with it: its history, and the gate where it is for a call.
 */
export interface Commits {
  commitLive(
    found: Found<LiveSession>,
    next: LiveSession,
    others: readonly RowChange[],
    now: number,
  ): Promise<Found | undefined>;
  commitEnded(
    found: Found<LiveSession>,
    next: EndedSession,
    others: readonly RowChange[],
    now: number,
  ): Promise<Found | undefined>;
  /** After a conflict: was it our own write whose reply was lost? Then it counts as written. */
  ownWrite(next: Session, now: number): Promise<Found | undefined>;
}

/** What the activity row shows from now on, with what a newer version has written beside it. */
const shownAfter = ({ activity }: Found, next: Session): Shown => ({ ...activity.shown, ...shownOf(next) });

export const createCommits = (
  table: Table,
  read: (key: SessionKey, now: number) => Promise<Found | undefined>,
): Commits => {
  const ownWrite = async (next: Session, now: number): Promise<Found | undefined> => {
    const found = await read(next, now);
    return found?.session.opId === next.opId && found.session.life === next.life ? found : undefined;
  };

  const commitLive = async (
    found: Found<LiveSession>,
    next: LiveSession,
    others: readonly RowChange[],
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
        columns: { ...writeShown(shownAfter(found, next)), closed },
        // A stop is decided on the activity that was read: use in between breaks it. Otherwise use is left alone.
        etag: stops ? found.activity.etag : '*',
      },
      // Also where the instant stays: a due row that was lost is mended by the next change.
      { type: 'put', rowKey: newDue, columns: {} },
      ...others,
    ];
    const removal: RowChange[] = oldDue === newDue ? [] : [{ type: 'delete', rowKey: oldDue }];
    const written = (etags: ReadonlyMap<string, string>): Found<LiveSession> => ({
      session: next,
      unknown: found.unknown,
      etag: etags.get(rowKeys.live(sessionId)) ?? '',
      activity: {
        ...found.activity,
        closed,
        shown: shownAfter(found, next),
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
    others: readonly RowChange[],
    now: number,
  ): Promise<Found | undefined> => {
    const { accountId, sessionId } = next;
    const activityKey = rowKeys.activity(sessionId);
    const guard = await table.get(accountId, activityKey);
    if (!(await isUnchanged(found))) return undefined;
    const shown = { ...writeShown(shownAfter(found, next)), closed: true };
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
      {
        type: 'create',
        rowKey: rowKeys.ended(sessionId),
        columns: { ...found.unknown, ...writeSession(next) },
      },
      activity,
      ...(isIndexed ? [{ type: 'delete', rowKey: oldDue } as const] : []),
      { type: 'put', rowKey: rowKeys.due(next.dueAt, sessionId), columns: {} },
      ...others,
    ]);
    if (submitted.type === 'conflict') return ownWrite(next, now);
    const etag = submitted.etags.get(rowKeys.ended(sessionId)) ?? '';
    const { unknown } = found;
    return {
      session: next,
      etag,
      unknown,
      activity: { ...found.activity, closed: true, shown: shownAfter(found, next) },
    };
  };

  const isUnchanged = async ({ session, etag }: Found): Promise<boolean> =>
    (await table.get(session.accountId, rowKeys.live(session.sessionId)))?.etag === etag;

  const hasRow = async (accountId: string, rowKey: string): Promise<boolean> =>
    (await table.get(accountId, rowKey)) !== undefined;

  return { commitLive, commitEnded, ownWrite };
};
