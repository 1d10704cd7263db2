import type { Instant } from '../../shared/lease.ts';
import type { AccountRules } from '../../shared/session.ts';
import { CLOCKS_DIFFER_MS, START_WINDOW_MS } from './bounds.ts';
import type { FaultName } from './fault-kinds.ts';
import type { Faults } from './faults.ts';
import type { Process } from './process.ts';
import type { TableRows } from './table-rows.ts';
import type { World } from './world.ts';

/** R: the calls of all instances together keep the gap, and the time that the upstream told somebody to wait. */
export interface RateCheck {
  /** A call leaves; what it gives back is told where it was answered 401, and so was no call. */
  leaves(what: string): { refused(): void };
  /** An instance is handed an answer that tells to wait: all instances have to, unless something befalls it at once. */
  told(process: Process, retryAfterMs: number): void;
}

/** A slot is taken before the call leaves: by so much calls may come closer together. */
const SLACK_MS = START_WINDOW_MS + CLOCKS_DIFFER_MS;

/** Longer than this nobody is held back. */
const LONGEST_MS = 120_000;
/** An instance that hears that it is to wait has told the others, where nothing is in its way. */
const WRITTEN_WITHIN_MS = 1_000;
/** What an instance is busy with at the table while it hears of it: an operation that waits for its time-out. */
const BUSY_MS = 3_000;
/** What keeps one that was told from telling the others. */
const IN_THE_WAY: readonly FaultName[] = [
  'table-outage',
  'table-throttled',
  'table-500',
  'table-reply-lost',
  'table-timeout',
  'table-slow',
  'table-restored',
  'crash',
  'freeze',
  'pause',
  'redeploy',
  'function-timeout',
  'clock-jump',
];

interface Surroundings {
  world: World;
  faults: Faults;
  rows: TableRows;
  accountId: string;
  rules: AccountRules;
  /** The keepers' time beside the world's. */
  skewMs: () => number;
}

export const createRateCheck = ({
  world,
  faults,
  rows,
  accountId,
  rules,
  skewMs,
}: Surroundings): RateCheck => {
  const { callGapMs } = rules;
  /** When the next call may leave, were all of them exactly a gap apart. */
  let dueAt = 0;
  /** The row said: nobody before. Calls whose slot was taken by then may still leave. */
  let heldBack: { from: Instant; until: Instant } | undefined;
  /** The upstream's own memory of whom it told to wait: what no call of anybody may come between. */
  let waits: { from: Instant; until: Instant }[] = [];

  const isInTheWay = (from: Instant): boolean =>
    IN_THE_WAY.some((name) => (faults.latest(name) ?? Number.NEGATIVE_INFINITY) >= from);

  rows.watch(({ partition, changes, isRestored }) => {
    // What the row said of calls is forgotten with everything else.
    if (isRestored) {
      dueAt = 0;
      heldBack = undefined;
      waits = [];
    }
    if (partition !== accountId || !changes.some(({ rowKey }) => rowKey === 'gate')) return;
    const next = rows.get(accountId, 'gate')?.columns.nextCallAt;
    const until = (next instanceof Date ? next.getTime() : 0) - skewMs();
    // Further ahead than the gap: an answer that told to wait.
    if (until > world.now() + callGapMs + CLOCKS_DIFFER_MS && until > (heldBack?.until ?? 0))
      heldBack = { from: world.now() + SLACK_MS, until: until - CLOCKS_DIFFER_MS };
  });

  return {
    told(process, retryAfterMs) {
      const at = world.now();
      const until = at + Math.min(retryAfterMs, LONGEST_MS) - CLOCKS_DIFFER_MS;
      if (process.isPaused()) return;
      world.quietly(WRITTEN_WITHIN_MS, () => {
        if (!process.isAlive() || process.isPaused() || isInTheWay(at - BUSY_MS)) return;
        // A slot that was taken before it was written may still be used.
        const from = world.now() + SLACK_MS;
        waits = [...waits.filter((wait) => wait.until > from), ...(from < until ? [{ from, until }] : [])];
      });
    },
    leaves(what) {
      const now = world.now();
      const fail = (text: string): void =>
        world.fail({ invariant: 'R', at: now, sessionId: '', text: `${what} leaves ${text}` });
      if (now < dueAt - SLACK_MS) fail(`${dueAt - now} ms before its turn, with a call each ${callGapMs} ms`);
      if (heldBack !== undefined && now > heldBack.from && now < heldBack.until)
        fail(`${heldBack.until - now} ms before the time that the upstream told to wait`);
      const told = waits.find(({ from, until }) => from < now && now < until);
      if (told !== undefined) fail(`${told.until - now} ms before the end of what the upstream told to wait`);
      dueAt = Math.max(now, dueAt) + callGapMs;
      return {
        refused() {
          dueAt -= callGapMs;
        },
      };
    },
  };
};
