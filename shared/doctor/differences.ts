import type { UnreadableRowError } from '../errors.ts';
import { type Instant, MINUTE_MS } from '../lease.ts';
import type { Outcome, Sighting } from '../outcome.ts';
import type { Activity, LiveSession, Session } from '../session.ts';
import type { DueRow } from '../store/due.ts';

/** Where what the table says is not what the upstream says, or not what it says in another row. Pure. */

export type DifferenceKind =
  | 'status'
  | 'lease'
  | 'stop unconfirmed'
  | 'other upstream'
  | 'overdue'
  | 'pending'
  | 'no due row'
  | 'stale due row'
  | 'due row without record'
  | 'no activity row'
  | 'activity'
  | 'unreadable'
  | 'server without record'
  | 'server of an ended session';

export interface Difference {
  kind: DifferenceKind;
  text: string;
}

/** What the upstream says of one session; undefined where it was not asked. */
export type Told = Outcome | undefined;

/** A record with what stands beside it. */
export interface Compared {
  session: LiveSession;
  activity: Activity | UnreadableRowError | undefined;
  /** The instants under which the due index has it. */
  dueAts: readonly Instant[];
  told: Told;
}

export interface Terms {
  /** Whom the configuration names as the upstream. */
  endpoint: string;
  now: Instant;
  /** Between two sweeps. */
  tickMs: number;
}

/** Everything that is not as it should be about a living record. */
const NO_DUE_ROW = {
  kind: 'no due row',
  text: 'no sweep finds it before it is long due, and the whole account is listed',
} as const;

export const differencesOf = (compared: Compared, terms: Terms): Difference[] => [
  ...upstreamDifferences(compared, terms),
  ...timeDifferences(compared.session, terms),
  ...indexDifferences(compared),
  ...activityDifferences(compared),
];

/** While a call is under way, the upstream may be ahead of its answer. */
const upstreamDifferences = ({ session, told }: Compared, { endpoint, now, tickMs }: Terms): Difference[] => {
  if (session.upstream !== endpoint) {
    const text = `its server is at ${session.upstream}, which the configuration does not name`;
    return [{ kind: 'other upstream', text }];
  }
  if (session.pending !== null && session.pending.until > now) return [];
  if (told?.type === 'missing') return missingDifferences(session);
  if (told?.type !== 'found') return [];
  const differences: Difference[] = [];
  const { status, leaseMinutes } = told.sighting;
  if (status !== session.observed.status) {
    const text = `the table says ${session.observed.status}, the upstream ${statusText(told.sighting)}`;
    differences.push({ kind: 'status', text });
  }
  if (leaseMinutes !== session.leases.grantedMinutes) {
    const text = `the table says ${session.leases.grantedMinutes} min, the upstream ${leaseMinutes} min`;
    differences.push({ kind: 'lease', text });
  }
  const { desired } = session;
  const isThere = status === 'Starting' || status === 'Ready';
  if (desired.state === 'stopped' && isThere && now - desired.at > 2 * tickMs + MINUTE_MS) {
    const text = `it was to be stopped ${ago(desired.at, now)} (${desired.because}), and its server is there`;
    differences.push({ kind: 'stop unconfirmed', text });
  }
  return differences;
};

const statusText = ({ status, errorMessage }: Sighting): string =>
  errorMessage === null ? status : `${status} (${errorMessage})`;

/** A server that no answer has told of need not have been made. */
const missingDifferences = ({ observed }: LiveSession): Difference[] => {
  if (observed.status === 'Requested') return [];
  const text = `the table says ${observed.status}, the upstream has no such session (404)`;
  return [{ kind: 'status', text }];
};

const timeDifferences = ({ dueAt, pending }: LiveSession, { now, tickMs }: Terms): Difference[] => {
  const late = now - 2 * tickMs;
  const differences: Difference[] = [];
  if (dueAt < late)
    differences.push({ kind: 'overdue', text: `it was due ${ago(dueAt, now)}, and no sweep came to it` });
  if (pending !== null && pending.until < late) {
    const text = `its ${pending.op} ended ${ago(pending.until, now)}, and what came of it is not recorded`;
    differences.push({ kind: 'pending', text });
  }
  return differences;
};

const indexDifferences = ({ session, dueAts }: Compared): Difference[] => {
  const stale = dueAts.filter((at) => at !== session.dueAt);
  return [
    ...(dueAts.includes(session.dueAt) ? [] : [NO_DUE_ROW]),
    ...stale.map((at) => ({ kind: 'stale due row', text: `one at ${new Date(at).toISOString()}` }) as const),
  ];
};

const activityDifferences = ({ session, activity }: Compared): Difference[] => {
  if (activity === undefined)
    return [{ kind: 'no activity row', text: 'it is made anew, as active then, when the session is read' }];
  if (activity instanceof Error) return [{ kind: 'unreadable', text: activity.message }];
  const isOver = session.desired.state === 'stopped';
  if (activity.closed === isOver) return [];
  const text = isOver
    ? 'it takes heartbeats, of a session that is being stopped'
    : 'it takes no heartbeats, of a session that runs';
  return [{ kind: 'activity', text }];
};

/** What is wrong with a row of the due index that belongs to no living record. */
export const dueRowDifference = (
  { sessionId, at }: DueRow,
  record: Session | UnreadableRowError | undefined,
): Difference | undefined => {
  if (record instanceof Error) return { kind: 'unreadable', text: record.message };
  const text = `${sessionId} at ${new Date(at).toISOString()}`;
  if (record === undefined) return { kind: 'due row without record', text };
  return record.dueAt === at ? undefined : { kind: 'stale due row', text };
};

const ago = (at: Instant, now: Instant): string => {
  const seconds = Math.round((now - at) / 1000);
  return seconds < 120 ? `${seconds} s ago` : `${Math.round(seconds / 60)} min ago`;
};
