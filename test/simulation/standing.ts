import { type Gate, NEW_GATE } from '../../shared/gate.ts';
import type { Instant } from '../../shared/lease.ts';
import { readGate, readLive } from '../../shared/store/rows.ts';
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

  const gateNow = (): Gate => {
    const row = rows.get(accountId, 'gate');
    return row === undefined ? NEW_GATE : readGate(row);
  };
  const heldUntil = (sessionId: string): Instant => {
    const row = rows.get(accountId, `session:${sessionId}`);
    const until = row === undefined ? null : readLive(accountId, row).heldUntil;
    return until === null ? 0 : until - skewMs;
  };

  rows.watch(({ changes, before, isRestored }) => {
    if (isRestored) return;
    for (const { rowKey } of changes) {
      if (rowKey === 'gate')
        checkGrace(before.get(rowKey) === undefined ? undefined : readGate(before.get(rowKey) as never));
      if (rowKey.startsWith('session:'))
        checkHold(rowKey.slice('session:'.length), before.get(rowKey)?.columns.heldUntil);
      if (rowKey.startsWith('event:')) noteUnasked(rowKey);
    }
  });

  const checkGrace = (before: Gate | undefined): void => {
    const gate = gateNow();
    if (before === undefined || gate.graceFrom <= before.graceFrom || before.sweptAt === null) return;
    const awayMs = gate.graceFrom - before.sweptAt;
    if (awayMs < RULES.awayMs - SLACK_MS) fail('', `the keeper says that it was away, for ${awayMs} ms`);
  };

  const checkHold = (sessionId: string, before: unknown): void => {
    const row = rows.get(accountId, `session:${sessionId}`);
    if (row === undefined || row.columns.heldUntil === before) return;
    const until = heldUntil(sessionId);
    if (until === 0) return;
    const lately = unasked.filter((at) => at > world.now() - BRAKE_WINDOW_MS - SLACK_MS).length;
    if (lately < BRAKE_LEAST)
      fail(sessionId, `${sessionId}: held after ${lately} stops that nobody asked for`);
    if (until > world.now() + LONGEST_HOLD_MS + SLACK_MS) fail(sessionId, `${sessionId}: held for too long`);
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
    graceFrom: () => gateNow().graceFrom - skewMs,
    heldUntil,
    excuse: (sessionId) => void excused.add(sessionId),
    isExcused: (sessionId) => excused.has(sessionId),
    strayedAt: (sessionId) => strayed.get(sessionId),
    strays(sessionId) {
      excused.add(sessionId);
      strayed.set(sessionId, world.now());
    },
  };
};
