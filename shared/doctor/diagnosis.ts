import type { Instant } from '../lease.ts';
import type { Surroundings } from '../reconcile.ts';
import { createStore } from '../store/store.ts';
import type { Table } from '../store/table.ts';
import { type AccountState, accountState } from './account-state.ts';
import { type Difference, dueRowDifference } from './differences.ts';
import { type Evidence, gatherEvidence } from './evidence.ts';
import { type Rehearsal, rehearseSweep } from './rehearsal.ts';
import { createRehearsalTable } from './rehearsal-table.ts';
import { type SessionState, sessionStates } from './session-state.ts';
import { type StrangerState, strangerStates } from './stranger-state.ts';

/** An account held against its upstream, with its next sweep as it would be if it began now. */
export interface Diagnosis {
  accountId: string;
  upstream: string;
  at: Instant;
  account: AccountState;
  sessions: readonly SessionState[];
  strangers: readonly StrangerState[];
  /** What is wrong with rows that belong to no readable record. */
  rows: readonly Difference[];
  sweep: Rehearsal;
  /** How many there are in all. */
  differences: number;
  /** Whether the upstream has said of everything what it has. */
  isWhole: boolean;
}

/** What the doctor needs; of the table only what reads. */
export type DoctorSurroundings = Omit<Surroundings, 'store' | 'telemetry'> & {
  table: Pick<Table, 'get' | 'list' | 'ping'>;
};

/**
 * Holds the table against the upstream, and rehearses the next sweep. Nothing is changed: of the table it has only what
 * reads, and of the upstream it asks for a list and for single sessions.
 *
 * @throws StorageUnavailableError
 */
export const diagnose = async (
  surroundings: DoctorSurroundings,
  { tickMs, isForced }: { tickMs: number; isForced: boolean },
): Promise<Diagnosis> => {
  const { accountId, upstream, rules, table, newId } = surroundings;
  // What is shown and what is rehearsed are the same rows.
  const store = createStore(createRehearsalTable(table), newId);
  const evidence = await gatherEvidence({ ...surroundings, store }, isForced);
  const strangers = strangerStates(evidence, rules);
  const seen = { ...evidence, listing: withoutEnding(evidence.listing, strangers) };
  const sweep = await rehearseSweep({ ...surroundings, store }, seen);

  const terms = { endpoint: upstream.endpoint, now: evidence.at, tickMs };
  const sessions = sessionStates(evidence, rules, terms, sweep.acts);
  const rows = rowDifferences(evidence);
  const ofSessions = [...sessions, ...strangers].flatMap(({ differences }) => differences);
  const isUntold = ({ told }: SessionState) => told?.type === 'inconclusive' || told?.type === 'unsent';
  return {
    ...{ accountId, upstream: upstream.endpoint, at: evidence.at },
    account: accountState(evidence, rules),
    ...{ sessions, strangers, rows, sweep },
    differences: ofSessions.length + rows.length,
    isWhole: evidence.listing.type === 'listed' && evidence.listing.isWhole && !sessions.some(isUntold),
  };
};

/** A server whose session ended after it was listed is taken for gone. */
const withoutEnding = (
  listing: Evidence['listing'],
  strangers: readonly StrangerState[],
): Evidence['listing'] => {
  if (listing.type !== 'listed') return listing;
  const ending = strangers.filter(({ decision }) => decision.because === 'ending');
  const ids = new Set(ending.map(({ sessionId }) => sessionId));
  return { ...listing, sightings: new Map([...listing.sightings].filter(([id]) => !ids.has(id))) };
};

const rowDifferences = ({ rows, strangers, dueRows, endedDue }: Evidence): Difference[] => [
  ...[...rows.map(({ row }) => row), ...strangers].flatMap((row): Difference[] =>
    row instanceof Error ? [{ kind: 'unreadable', text: row.message }] : [],
  ),
  ...dueRows.flatMap((row) =>
    endedDue.has(row.sessionId) ? (dueRowDifference(row, endedDue.get(row.sessionId)) ?? []) : [],
  ),
];
