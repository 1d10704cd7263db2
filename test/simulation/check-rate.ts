import type { Instant } from '../../shared/lease.ts';
import type { AccountRules } from '../../shared/session.ts';
import { CLOCKS_DIFFER_MS, START_WINDOW_MS } from './bounds.ts';
import type { TableRows } from './table-rows.ts';
import type { World } from './world.ts';

/** R: the calls of all instances together keep the gap, and the time that the upstream told somebody to wait. */
export interface RateCheck {
  /** A call leaves; what it gives back is told where it was answered 401, and so was no call. */
  leaves(what: string): { refused(): void };
  /** An instance that lives on heard that it is to wait, with nothing between it and the table. */
  told(retryAfterMs: number): void;
}

/** A slot is taken before the call leaves: by so much calls may come closer together. */
const SLACK_MS = START_WINDOW_MS + CLOCKS_DIFFER_MS;

/** Longer than this nobody is held back. */
const LONGEST_MS = 120_000;
const WRITTEN_WITHIN_MS = 3_000;

interface Surroundings {
  world: World;
  rows: TableRows;
  accountId: string;
  rules: AccountRules;
  /** The keepers' time beside the world's. */
  skewMs: () => number;
}

export const createRateCheck = ({ world, rows, accountId, rules, skewMs }: Surroundings): RateCheck => {
  const { callGapMs } = rules;
  /** When the next call may leave, were all of them exactly a gap apart. */
  let dueAt = 0;
  /** The row said: nobody before. Calls whose slot was taken by then may still leave. */
  let heldBack: { from: Instant; until: Instant } | undefined;

  rows.watch(({ partition, changes, isRestored }) => {
    // What the row said of calls is forgotten with everything else.
    if (isRestored) {
      dueAt = 0;
      heldBack = undefined;
    }
    if (partition !== accountId || !changes.some(({ rowKey }) => rowKey === 'gate')) return;
    const next = rows.get(accountId, 'gate')?.columns.nextCallAt;
    const until = (next instanceof Date ? next.getTime() : 0) - skewMs();
    // Further ahead than the gap: an answer that told to wait.
    if (until > world.now() + callGapMs + CLOCKS_DIFFER_MS && until > (heldBack?.until ?? 0))
      heldBack = { from: world.now() + SLACK_MS, until: until - CLOCKS_DIFFER_MS };
  });

  return {
    told(retryAfterMs) {
      const until = world.now() + Math.min(retryAfterMs, LONGEST_MS);
      world.quietly(WRITTEN_WITHIN_MS, () => {
        const next = rows.get(accountId, 'gate')?.columns.nextCallAt;
        const held = (next instanceof Date ? next.getTime() : 0) - skewMs();
        if (held >= until - CLOCKS_DIFFER_MS || until < world.now()) return;
        const text = 'an instance was told to wait, and the others are not';
        world.fail({ invariant: 'R', at: world.now(), sessionId: '', text });
      });
    },
    leaves(what) {
      const now = world.now();
      const fail = (text: string): void =>
        world.fail({ invariant: 'R', at: now, sessionId: '', text: `${what} leaves ${text}` });
      if (now < dueAt - SLACK_MS) fail(`${dueAt - now} ms before its turn, with a call each ${callGapMs} ms`);
      if (heldBack !== undefined && now > heldBack.from && now < heldBack.until)
        fail(`${heldBack.until - now} ms before the time that the upstream told to wait`);
      dueAt = Math.max(now, dueAt) + callGapMs;
      return {
        refused() {
          dueAt -= callGapMs;
        },
      };
    },
  };
};
