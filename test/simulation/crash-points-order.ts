import { isDeepStrictEqual } from 'node:util';
import { type Instant, MINUTE_MS } from '../../shared/lease.ts';
import type { EndedSession, LiveSession } from '../../shared/session.ts';
import { shownOf } from '../../shared/store/activity.ts';
import { readActivity, readEnded, readLive, rowKeys } from '../../shared/store/rows.ts';
import { shownStatus } from '../../shared/view.ts';
import type { Stage } from './crash-points-stage.ts';
import { ACCOUNT_ID } from './keeper-parts.ts';
import { isLiving, type Server } from './upstream-books.ts';

/** V, to the letter: everything that is not as it should be when the bound is over. */
export const disorder = (stage: Stage): string[] => {
  const { rows, books } = stage;
  const live = new Map<string, LiveSession>();
  const ended = new Map<string, EndedSession>();
  const others: [kind: string, sessionId: string, key: string][] = [];
  for (const key of rows.keys(ACCOUNT_ID)) {
    const [kind = '', ...rest] = key.split(':');
    const row = rows.get(ACCOUNT_ID, key);
    if (row === undefined) continue;
    if (kind === 'session') live.set(rest[0] ?? '', readLive(ACCOUNT_ID, row));
    else if (kind === 'ended') ended.set(rest[0] ?? '', readEnded(ACCOUNT_ID, row));
    else if (KINDS.has(kind)) others.push([kind, rest[kind === 'due' ? 1 : 0] ?? '', key]);
  }

  const keysOf = (wanted: string, sessionId: string): string[] =>
    others.filter(([kind, id]) => kind === wanted && id === sessionId).map(([, , key]) => key);
  const records = [...live.values(), ...ended.values()];
  return [
    ...others
      .filter(([, id]) => !live.has(id) && !ended.has(id))
      .map(([, , key]) => `${key} belongs to no record`),
    ...records.flatMap((session) =>
      [
        ...wrongIndex(session, keysOf('due', session.sessionId), stage.world.now()),
        ...wrongHistory(stage, session, keysOf('event', session.sessionId)),
        ...wrongActivity(stage, session),
      ].map((text) => `${session.sessionId}: ${text}`),
    ),
    ...[...live.values()].flatMap((session) =>
      wrongRecord(session, books.find(session.sessionId), stage.world.now()).map(
        (text) => `${session.sessionId}: ${text}`,
      ),
    ),
    ...books
      .living()
      .filter(({ id, isForeign, stoppingSince }) => !isForeign && stoppingSince === null && !live.has(id))
      .map(({ id }) => `${id}: runs, and has no living record`),
  ];
};

/** What belongs to a session beside its record; the rest of the table is the account's. */
const KINDS: ReadonlySet<string> = new Set(['due', 'event', 'activity']);
/** A sweep comes each minute, and takes its time. */
const SWEEP_MS = MINUTE_MS + 5_000;

const wrongIndex = (
  { sessionId, dueAt }: LiveSession | EndedSession,
  keys: readonly string[],
  now: Instant,
): string[] => [
  ...(keys.length === 1 && keys[0] === rowKeys.due(dueAt, sessionId)
    ? []
    : [`due rows ${keys.join(', ') || 'missing'}, and due at ${dueAt}`]),
  ...(dueAt < now - SWEEP_MS ? [`was due ${now - dueAt} ms ago`] : []),
];

const wrongHistory = (
  { rows }: Stage,
  { sessionId, seq, life }: LiveSession | EndedSession,
  keys: readonly string[],
): string[] => {
  const wanted = Array.from({ length: seq }, (_, index) => rowKeys.event(sessionId, index + 1));
  // An ended record is never written again, and its server may be met later.
  const later = keys.slice(seq);
  const isStray =
    life === 'ended' && later.every((key) => rows.get(ACCOUNT_ID, key)?.columns.kind === 'stray');
  const all = isStray ? [...wanted, ...later] : wanted;
  return all.join() === keys.join() ? [] : [`${seq} events, and in the table ${keys.join(', ')}`];
};

const wrongActivity = ({ rows }: Stage, session: LiveSession | EndedSession): string[] => {
  const row = rows.get(ACCOUNT_ID, rowKeys.activity(session.sessionId));
  if (row === undefined) return ['has no activity row'];
  const { closed, shown } = readActivity(row);
  const isOver = session.life === 'ended' || session.desired.state === 'stopped';
  return [
    ...(closed === isOver ? [] : [`activity is ${closed ? '' : 'not '}closed`]),
    ...(isDeepStrictEqual(shown, shownOf(session))
      ? []
      : [`a heartbeat answers ${JSON.stringify(shown)} for ${shownStatus(session)}`]),
  ];
};

const wrongRecord = (session: LiveSession, server: Server | undefined, now: Instant): string[] => {
  const { pending, observed, leases, desired } = session;
  const found = pending === null ? [] : [`${pending.op} is left pending, until ${pending.until - now} ms`];
  if (desired.state === 'stopped') {
    const runs = server !== undefined && isLiving(server) && server.stoppingSince === null;
    return runs ? [...found, `is to be stopped (${desired.because}), and runs`] : found;
  }
  if (server === undefined) return [...found, 'there is no such server'];
  const since = server.endedAt ?? server.readyAt ?? server.createdAt;
  // Nobody can know at once what the server does by itself.
  if (since > now - SWEEP_MS && server.status !== 'Starting') return found;
  if (server.status !== observed.status)
    found.push(`is ${server.status}, and recorded as ${observed.status}`);
  if (leases.grantedMinutes !== server.leaseMinutes)
    found.push(`has ${server.leaseMinutes} min, and recorded are ${leases.grantedMinutes}`);
  return found;
};
