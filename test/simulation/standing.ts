import type { Instant } from '../../shared/lease.ts';
import type { Row } from '../../shared/store/table.ts';
import { RULES } from './bounds.ts';
import { instantOf } from './columns.ts';
import type { Faults } from './faults.ts';
import type { TableRows } from './table-rows.ts';
import type { Invariant } from './violation.ts';
import type { World } from './world.ts';

/**
 * What the keeper excuses itself with: that it was away, or that its brake was on. Each excuse is checked as it is
 * written, and then told to the checks of the servers in the world's time.
 */
export interface Standing {
  /** Nobody with this idle timeout is idle by what happened before. */
  graceFrom(idleTimeoutMs: number): Instant;
  /**
   * The same at the time when it was decided to stop the session, by what the sweeps themselves show as well, and by when
   * no client could be heard.
   */
  awayUntil(sessionId: string, idleTimeoutMs: number): Instant;
  heldUntil(sessionId: string): Instant;
  /** A session of which the keeper was told lies, or has lost what it knew, by no fault of its own. */
  excuse(sessionId: string): void;
  isExcused(sessionId: string): boolean;
  /** Since when its record is over although its server was running, because the upstream said so. */
  strayedAt(sessionId: string): Instant | undefined;
  strays(sessionId: string): void;
}

interface Absence {
  until: Instant;
  lengthMs: number;
}

interface Surroundings {
  world: World;
  faults: Pick<Faults, 'spells'>;
  rows: TableRows;
  accountId: string;
  /** The keepers' time beside the world's. */
  skewMs: number;
}

/** Clocks of two instances beside each other, and the way of a write. */
const SLACK_MS = 3_000;
const LONGEST_HOLD_MS = 30 * 60_000;
const BRAKE_LEAST = 5;
const BRAKE_SHARE = 0.25;
const BRAKE_WINDOW_MS = 10 * 60_000;
const HOLD_SPENT_MS = 60 * 60_000;
/** What an event says of a launch that came to nothing before there was a server. */
const NO_SERVER = ['refused to create', 'the upstream could not be asked'];

export const createStanding = ({ world, faults, rows, accountId, skewMs }: Surroundings): Standing => {
  const fail = (sessionId: string, text: string, invariant: Invariant = 'L'): void =>
    world.fail({ invariant, at: world.now(), sessionId, text });
  /** When a stop that nobody asked for, or a disappearance, was written. */
  let unasked: Instant[] = [];

  /** Read once for each time that they are written: the checks ask for them all the time. */
  let [graceFrom, awayUntil] = [0, 0];
  let absences: Absence[] = [];
  const holds = new Map<string, Instant>();

  rows.watch(({ changes, before, isRestored }) => {
    for (const { rowKey } of changes) {
      const [kind, id = ''] = rowKey.split(':');
      if (kind === 'gate') noteGrace(before.get(rowKey), isRestored);
      if (kind === 'session') noteHold(id, isRestored);
      if (kind === 'event' && !isRestored) noteUnasked(id, rowKey);
    }
    if (isRestored) unasked = [];
  });

  const noteGrace = (before: Row | undefined, isRestored: boolean): void => {
    const [was, sweptAt] = [graceFrom, instantOf(before, 'sweptAt')];
    const gate = rows.get(accountId, 'gate');
    const granted = instantOf(gate, 'graceFrom');
    // What an old table has forgotten held until this moment; from the next write on, what it says is what counts.
    graceFrom = isRestored ? Math.max(was, granted) : granted;
    const sweptNow = instantOf(gate, 'sweptAt');
    if (sweptAt !== 0 && sweptNow - sweptAt > RULES.awayMs + SLACK_MS) awayUntil = sweptNow;
    noteAbsences(gate, sweptAt, isRestored);
    if (isRestored || sweptAt === 0 || graceFrom <= was) return;
    const awayMs = graceFrom - sweptAt;
    if (awayMs < RULES.awayMs - SLACK_MS) fail('', `the keeper says that it was away, for ${awayMs} ms`);
  };

  /** Each that is new is as long as there was no sweep, and longer than two ticks. */
  const noteAbsences = (gate: Row | undefined, sweptAt: Instant, isRestored: boolean): void => {
    const known = new Set(absences.map(({ until }) => until));
    absences = JSON.parse(String(gate?.columns.absences ?? '[]')) as Absence[];
    for (const { until, lengthMs } of absences) {
      if (isRestored || known.has(until)) continue;
      const isTrue = Math.abs(until - lengthMs - sweptAt) <= SLACK_MS && lengthMs > RULES.absentMs;
      if (!isTrue) fail('', `the keeper says that it was away, for ${lengthMs} ms`);
    }
  };

  /** While the table was down nobody could be heard, whatever the keeper makes of it. */
  const unheardUntil = (by: Instant, idleTimeoutMs: number): Instant =>
    Math.max(
      0,
      ...faults
        .spells('table-outage')
        .filter(({ from, to }) => {
          const lengthMs = to - from - SLACK_MS;
          return to <= by && lengthMs > RULES.absentMs && idleTimeoutMs < 2 * lengthMs;
        })
        .map(({ to }) => to),
    );

  const noteHold = (sessionId: string, isRestored: boolean): void => {
    const row = rows.get(accountId, `session:${sessionId}`);
    // It is over, in this transaction: whether it was held before is asked of its last record.
    if (row === undefined) return;
    const until = instantOf(row, 'heldUntil');
    const was = holds.get(sessionId) ?? 0;
    if (until === was) return;
    holds.set(sessionId, until);
    if (isRestored || until === 0) return;
    if (was !== 0 && was - skewMs > world.now() - HOLD_SPENT_MS) fail(sessionId, `${sessionId}: held again`);
    const lately = unaskedSince(BRAKE_WINDOW_MS + SLACK_MS);
    if (lately < BRAKE_LEAST)
      fail(sessionId, `${sessionId}: held after ${lately} stops that nobody asked for`);
    if (until - skewMs > world.now() + LONGEST_HOLD_MS + SLACK_MS)
      fail(sessionId, `${sessionId}: held for too long`);
  };

  const unaskedSince = (agoMs: number): number => unasked.filter((at) => at > world.now() - agoMs).length;

  /** One that the brake should have held, and has not held before. */
  const isTooMany = (sessionId: string): boolean => {
    const living = rows.keys(accountId).filter((key) => key.startsWith('session:')).length;
    const most = Math.max(BRAKE_LEAST, Math.ceil(living * BRAKE_SHARE));
    return (holds.get(sessionId) ?? 0) === 0 && unaskedSince(BRAKE_WINDOW_MS - SLACK_MS) > most;
  };

  const noteUnasked = (sessionId: string, rowKey: string): void => {
    const columns = rows.get(accountId, rowKey)?.columns;
    // A create that the upstream has refused, or was never sent, ends a session of which no server is known.
    const hasNone =
      columns?.because === 'launch' && NO_SERVER.some((text) => String(columns.detail).includes(text));
    const isStop = columns?.kind === 'stop' && columns.because !== 'asked' && !hasNone;
    const isOther = columns?.kind === 'stray' || (columns?.kind === 'ended' && columns.because === 'gone');
    if (!isStop && !isOther) return;
    verdicts.set(sessionId, { at: world.now(), away: awayNow() });
    if (columns.kind !== 'stray' && isTooMany(sessionId))
      fail(sessionId, `${sessionId}: stopped without a hold, with many others`, 'W');
    unasked = [...unasked.slice(-100), world.now()];
  };

  const awayNow = (): Instant => Math.max(awayUntil, graceFrom);
  /** Since when idleness counted when it was the verdict. */
  const verdicts = new Map<string, { at: Instant; away: Instant }>();

  const excused = new Set<string>();
  const strayed = new Map<string, Instant>();
  return {
    graceFrom(idleTimeoutMs) {
      const touching = absences.filter(({ lengthMs }) => idleTimeoutMs < 2 * lengthMs);
      return Math.max(graceFrom, ...touching.map(({ until }) => until)) - skewMs;
    },
    awayUntil(sessionId, idleTimeoutMs) {
      const { at, away } = verdicts.get(sessionId) ?? { at: world.now(), away: awayNow() };
      return Math.max(away - skewMs, unheardUntil(at, idleTimeoutMs));
    },
    heldUntil(sessionId) {
      const until = holds.get(sessionId) ?? 0;
      return until === 0 ? 0 : until - skewMs;
    },
    excuse: (sessionId) => void excused.add(sessionId),
    isExcused: (sessionId) => excused.has(sessionId),
    strayedAt: (sessionId) => strayed.get(sessionId),
    strays(sessionId) {
      excused.add(sessionId);
      strayed.set(sessionId, world.now());
    },
  };
};
