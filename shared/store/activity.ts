import { UnreadableRowError } from '../errors.ts';
import {
  type Activity,
  idleFactsOf,
  type LiveSession,
  lostActivity,
  type Session,
  type SessionKey,
} from '../session.ts';
import { shownLeaseEnd, shownStatus } from '../view.ts';
import { readActivity, rowKeys, type Shown, writeActivity, writeShown } from './rows.ts';
import type { Columns, Row, Table } from './table.ts';

/** The activity row: signs of use, and beside them what a heartbeat answers with. */

/** The activity row as it was read; its etag guards the decision to stop. */
export interface TrackedActivity extends Activity {
  etag: string;
  shown: Shown;
}

/** The row as it is now; undefined where there is none. One that cannot be read is as good as none. */
export const readActivityRow = async (
  table: Table,
  { accountId, sessionId }: SessionKey,
): Promise<TrackedActivity | undefined> => {
  const row = await table.get(accountId, rowKeys.activity(sessionId));
  const activity = row === undefined ? undefined : activityOrError(row);
  return activity instanceof UnreadableRowError ? undefined : activity;
};

const activityOrError = (row: Row): TrackedActivity | UnreadableRowError => {
  try {
    return { ...readActivity(row), etag: row.etag };
  } catch (error) {
    if (error instanceof UnreadableRowError) return error;
    throw error;
  }
};

/**
 * Makes the row of a live session anew where it is missing or cannot be read, which is no reason that it could neither be
 * extended nor stopped. Gives what was wrong with the row that it replaced.
 */
export const restoreActivity = async (
  table: Table,
  session: LiveSession,
  now: number,
): Promise<UnreadableRowError | undefined> => {
  const rowKey = rowKeys.activity(session.sessionId);
  const row = await table.get(session.accountId, rowKey);
  const wrong = row === undefined ? undefined : activityOrError(row);
  // Somebody else has restored it.
  if (row !== undefined && !(wrong instanceof UnreadableRowError)) return undefined;
  const columns = activityColumns(lostActivity(session, now), session);
  // A conflict means that somebody else was first, which serves as well: the caller reads again.
  const submitted = await table.submit(session.accountId, [
    row === undefined
      ? { type: 'create', rowKey, columns }
      : { type: 'update', rowKey, columns, etag: row.etag },
  ]);
  return submitted.type === 'written' && wrong instanceof UnreadableRowError ? wrong : undefined;
};

/** What the row shows of a session; each transaction of the record writes it anew. */
export const shownOf = (session: Session): Shown => ({
  status: shownStatus(session),
  leaseEnd: shownLeaseEnd(session),
  ...(session.life === 'live'
    ? idleFactsOf(session)
    : { readySeenAt: null, idleTimeoutMinutes: null, idleArmed: false }),
});

/** All columns of a row that is made. */
export const activityColumns = (
  { lastActivityAt, coveredUntil, closed }: Activity,
  session: Session,
): Columns => ({
  ...writeActivity({ lastActivityAt, coveredUntil, closed }),
  ...writeShown(shownOf(session)),
});
