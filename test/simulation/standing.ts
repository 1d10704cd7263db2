import type { Instant } from '../../shared/lease.ts';
import type { Row } from '../../shared/store/table.ts';
import { RULES } from './bounds.ts';
import type { TableRows } from './table-rows.ts';
import type { World } from './world.ts';

/**
 * What the keeper excuses itself with: that it was away, or that its brake was on. Each excuse is checked as it is
 * written, and then told to the checks of the servers in the world's time.
 */
export interface Standing {
  /** Nobody is idle by what happened before. */
  graceFrom(): Instant;
  heldUntil(sessionId: string): Instant;
  /** A session of which the keeper was told lies, or has lost what it knew, by no fault of its own. */
  excuse(sessionId: string): void;
  isExcused(sessionId: string): boolean;
  /** Since when its record is over although its server was running, because the upstream said so. */
  strayedAt(sessionId: string): Instant | undefined;
  strays(sessionId: string): void;
}

interface Surroundings {
  world: World;
  rows: TableRows;
  accountId: string;
  /** The keepers' time beside the world's. */
  skewMs: number;
}

/** Clocks of two instances beside each other, and the way of a write. */
const SLACK_MS = 3_000;
const LONGEST_HOLD_MS = 30 * 60_000;
const BRAKE_LEAST = 5;
const BRAKE_WINDOW_MS = 10 * 60_000;

export const createStanding = ({ world, rows, accountId, skewMs }: Surroundings): Standing => {
  const fail = (sessionId: string, text: string): void =>
    world.fail({ invariant: 'L', at: world.now(), sessionId, text });
  /** When a stop that nobody asked for, or a disappearance, was written. */
  let unasked: Instant[] = [];

  /** Read once for each time that they are written: the checks ask for them all the time. */
  let graceFrom = 0;
  const holds = new Map<string, Instant>();

  const instantOf = (row: Row | undefined, column: string): Instant => {
    const value = row?.columns[column];
    return value instanceof Date ? value.getTime() : Number(value ?? 0) || 0;
  };
  rows.watch(({ changes, before, isRestored }) => {
    for (const { rowKey } of changes) {
      const [kind, id = ''] = rowKey.split(':');
      if (kind === 'gate') noteGrace(before.get(rowKey), isRestored);
      if (kind === 'session') noteHold(id, isRestored);
      if (kind === 'event' && !isRestored) noteUnasked(rowKey);
    }
  });

  const noteGrace = (before: Row | undefined, isRestored: boolean): void => {
    const [was, sweptAt] = [graceFrom, instantOf(before, 'sweptAt')];
    graceFrom = instantOf(rows.get(accountId, 'gate'), 'graceFrom');
    if (isRestored || sweptAt === 0 || graceFrom <= was) return;
    const awayMs = graceFrom - sweptAt;
    if (awayMs < RULES.awayMs - SLACK_MS) fail('', `the keeper says that it was away, for ${awayMs} ms`);
  };

  const noteHold = (sessionId: string, isRestored: boolean): void => {
    const until = instantOf(rows.get(accountId, `session:${sessionId}`), 'heldUntil');
    const was = holds.get(sessionId) ?? 0;
    if (until === was) return;
    holds.set(sessionId, until);
    if (isRestored || until === 0) return;
    const lately = unasked.filter((at) => at > world.now() - BRAKE_WINDOW_MS - SLACK_MS).length;
    if (lately < BRAKE_LEAST)
      fail(sessionId, `${sessionId}: held after ${lately} stops that nobody asked for`);
    if (until - skewMs > world.now() + LONGEST_HOLD_MS + SLACK_MS)
      fail(sessionId, `${sessionId}: held for too long`);
  };

  const noteUnasked = (rowKey: string): void => {
    const columns = rows.get(accountId, rowKey)?.columns;
    const isStop = columns?.kind === 'stop' && columns.because !== 'asked';
    const isOther = columns?.kind === 'stray' || (columns?.kind === 'ended' && columns.because === 'gone');
    if (isStop || isOther) unasked = [...unasked.slice(-100), world.now()];
  };

  const excused = new Set<string>();
  const strayed = new Map<string, Instant>();
  return {
    graceFrom: () => graceFrom - skewMs,
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
