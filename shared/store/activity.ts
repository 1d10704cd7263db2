import { type Activity, idleFactsOf, type Session, type SessionKey } from '../session.ts';
import { shownLeaseEnd, shownStatus } from '../view.ts';
import { readActivity, rowKeys, type Shown, writeActivity, writeShown } from './rows.ts';
import type { Columns, Table } from './table.ts';

/** The activity row: signs of use, and beside them what a heartbeat answers with. */

/** The activity row as it was read; its etag guards the decision to stop. */
export interface TrackedActivity extends Activity {
  etag: string;
  shown: Shown;
}

/** The row as it is now; undefined where there is none. */
export const readActivityRow = async (
  table: Table,
  { accountId, sessionId }: SessionKey,
): Promise<TrackedActivity | undefined> => {
  const row = await table.get(accountId, rowKeys.activity(sessionId));
  return row === undefined ? undefined : { ...readActivity(row), etag: row.etag };
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
