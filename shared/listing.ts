import { foresee } from './decide.ts';
import type { UnreadableRowError } from './errors.ts';
import type { Gateway } from './gateway.ts';
import type { Keeper } from './keeper.ts';
import { inParallel } from './parallel.ts';
import type { Surroundings } from './reconcile.ts';
import { type LiveSession, lostActivity } from './session.ts';
import { reportRow } from './telemetry.ts';
import type { SessionView } from './view.ts';

/** A part of an account's living sessions. */
export interface ListPage {
  views: SessionView[];
  /** The id behind which the next page goes on; undefined where there is nothing more. */
  next: string | undefined;
}

/**
 * Lists of an account's sessions, from the table alone and in the order of their ids: whatever is created or stopped
 * between two pages, no session is shown twice, and none that lives all along is missed. A row that cannot be read is
 * reported and left out.
 */
export const createListing = (
  { accountId, store, clock, telemetry }: Surroundings,
  gateway: Gateway,
): Pick<Keeper, 'list' | 'page'> => {
  const readable = (row: LiveSession | UnreadableRowError): LiveSession[] => {
    if (!(row instanceof Error)) return [row];
    reportRow(telemetry, 'list', row, { accountId });
    return [];
  };

  const viewsOf = async (rows: readonly (LiveSession | UnreadableRowError)[]): Promise<SessionView[]> => {
    const rules = await gateway.rulesLately();
    return inParallel(rows.flatMap(readable), async (session) => {
      const now = clock.now();
      const activity = (await store.readActivity(session)) ?? lostActivity(session, now);
      return { session, activity, next: foresee(session, activity, now, rules) };
    });
  };

  return {
    async list() {
      const rows: (LiveSession | UnreadableRowError)[] = [];
      for await (const { row } of store.list(accountId)) rows.push(row);
      return viewsOf(rows);
    },

    async page(after, count) {
      const rows: (LiveSession | UnreadableRowError)[] = [];
      let last: string | undefined;
      for await (const { sessionId, row } of store.list(accountId, { after, atATime: count + 1 })) {
        if (rows.length === count) return { views: await viewsOf(rows), next: last };
        rows.push(row);
        last = sessionId;
      }
      return { views: await viewsOf(rows), next: undefined };
    },
  };
};
