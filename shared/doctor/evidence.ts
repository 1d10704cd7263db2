import { UnreadableRowError } from '../errors.ts';
import { opensAt } from '../gate.ts';
import { START_WINDOW_MS } from '../intent.ts';
import type { Instant } from '../lease.ts';
import type { Outcome, Sighting } from '../outcome.ts';
import { inParallel } from '../parallel.ts';
import type { Surroundings } from '../reconcile.ts';
import type { Session } from '../session.ts';
import type { TrackedActivity } from '../store/activity.ts';
import type { DueRow } from '../store/due.ts';
import type { TrackedGate } from '../store/gate.ts';
import type { ListedRow } from '../store/store.ts';
import { type Stranger, unexplained } from '../strangers.ts';
import { readWholeList } from '../upstream/walk.ts';
import { waitUntil } from '../wait.ts';
import type { UpstreamEvidence } from './rehearsal-upstream.ts';

/** Everything that table and upstream say of an account at about the same time. */
export interface Evidence extends UpstreamEvidence {
  /** When the table was read. */
  at: Instant;
  gate: TrackedGate;
  rows: readonly ListedRow[];
  /** Beside each record: undefined where there is none, or the error of one that cannot be read. */
  activities: ReadonlyMap<string, TrackedActivity | UnreadableRowError | undefined>;
  /** The whole due index. */
  dueRows: readonly DueRow[];
  /** The records of what is due and does not live, or undefined where there is none. */
  endedDue: ReadonlyMap<string, Session | UnreadableRowError | undefined>;
  strangers: readonly (Stranger | UnreadableRowError)[];
  /** How often the upstream was asked for this. */
  calls: number;
}

const CALL_TIMEOUT_MS = 10_000;
/** So long the upstream is asked for sessions that are not on its list; what is left then is told as not asked. */
const SINGLY_LONGEST_MS = 60_000;
/** An instant that no session is due after: the last one that a due row can have. */
const END_OF_TIME = 10 ** 15 - 2;

/**
 * Reads an account's part of the table, and asks its upstream for a list and for those that are missing on it. The list
 * comes first: a server that was asked for since is not on it. The calls keep to the account's pace and leave the
 * gate as it is, so they come on top of the keeper's own. Where the upstream told to wait it is not asked, unless
 * `isForced`.
 */
export const gatherEvidence = async (
  { accountId, store, upstream, rules, clock }: Omit<Surroundings, 'telemetry'>,
  isForced: boolean,
): Promise<Evidence> => {
  const gate = await store.readGate(accountId);
  let nextAt = isForced ? clock.now() : opensAt(gate, clock.now());
  let calls = 0;
  const isClosed = nextAt - clock.now() > rules.callGapMs;
  const turn = async (): Promise<Instant> => {
    await waitUntil(clock, nextAt);
    const now = clock.now();
    nextAt = now + rules.callGapMs;
    calls += 1;
    return now + START_WINDOW_MS;
  };
  const list = () =>
    readWholeList(upstream, clock.now, async () => {
      const startBy = await turn();
      return { startBy, until: clock.now() + CALL_TIMEOUT_MS };
    });
  const listing = isClosed ? closed(nextAt - clock.now()) : await list();
  const listed = listing.type === 'listed' ? listing.sightings : new Map<string, Sighting>();

  const at = clock.now();
  const rows: ListedRow[] = [];
  for await (const row of store.list(accountId)) rows.push(row);
  const activities = await readAll(
    rows.map(({ sessionId }) => sessionId),
    (sessionId) => store.readActivity({ accountId, sessionId }),
  );
  const dueRows: DueRow[] = [];
  for await (const row of store.due(accountId, END_OF_TIME)) dueRows.push(row);
  const living = new Set(rows.map(({ sessionId }) => sessionId));
  const readEnded = async (sessionId: string) =>
    (await store.read({ accountId, sessionId }, clock.now()))?.session;
  const others = dueRows.filter((row) => row.at <= at && !living.has(row.sessionId));
  const endedDue = await readAll(
    others.map(({ sessionId }) => sessionId),
    readEnded,
  );
  const unknown = unexplained(listed, living);
  const ended = await readAll(
    unknown.map(([sessionId]) => sessionId),
    readEnded,
  );
  const strangers = unknown.flatMap(([sessionId, sighting]): (Stranger | UnreadableRowError)[] => {
    const session = ended.get(sessionId);
    if (session instanceof UnreadableRowError) return [session];
    return session?.life === 'live' ? [] : [{ sessionId, sighting, ended: session }];
  });

  const singly = new Map<string, Outcome>();
  for (const { sessionId, row } of listing.type === 'listed' ? rows : []) {
    if (row instanceof Error || row.upstream !== upstream.endpoint || listed.has(sessionId)) continue;
    if (clock.now() > at + SINGLY_LONGEST_MS) {
      singly.set(sessionId, { type: 'unsent', because: 'there are too many to ask for' });
      continue;
    }
    await turn();
    singly.set(sessionId, await upstream.observe(sessionId, { until: clock.now() + CALL_TIMEOUT_MS }));
  }
  return { at, gate, listing, singly, rows, activities, dueRows, endedDue, strangers, calls };
};

const closed = (waitMs: number) => {
  const because = `it asked not to be called for another ${Math.ceil(waitMs / 1000)} s`;
  return { type: 'inconclusive', because, retryAfterMs: null } as const;
};

/** What is read of each, with the error of a row that cannot be. */
const readAll = async <Value>(
  sessionIds: readonly string[],
  read: (sessionId: string) => Promise<Value>,
): Promise<Map<string, Value | UnreadableRowError>> => {
  const entries = await inParallel(
    sessionIds,
    async (sessionId): Promise<[string, Value | UnreadableRowError]> => {
      try {
        return [sessionId, await read(sessionId)];
      } catch (error) {
        if (error instanceof UnreadableRowError) return [sessionId, error];
        throw error;
      }
    },
  );
  return new Map(entries);
};
