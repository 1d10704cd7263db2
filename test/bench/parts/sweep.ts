import type { Table } from '../../../shared/store/table.ts';
import type { Figure, Part } from '../figures.ts';
import { INSIDE_ACCOUNT, type InsideApp } from '../inside/app.ts';
import { calmSeeds, countSweep, dueSeeds, type Seeds, settleGate } from '../inside/counts.ts';
import { type RealStage, startRealStage } from '../inside/real-table.ts';
import { quantile } from '../inside/rounds.ts';
import { seedSessions } from '../inside/seed.ts';
import { formatNumber } from '../table.ts';

const TRACKED = [1_000, 10_000, 100_000] as const;
const [FEW, MANY] = [100, 1_000] as const;
const SWEEPS = { [FEW]: 5, [MANY]: 1 } as const;
/** Rows that a sweep reads whatever is due: the gate a few times, and who was due a moment ago. */
const CONSTANT_ROWS = 20;
const GOAL = { rows: 1.1, time: 1.3 } as const;
const SEEDED_AT_A_TIME = 8;

interface Swept {
  tracked: number;
  due: number;
  totalMs: number;
  /** Of it, in range queries of the index. */
  queryMs: number;
}

interface Watched {
  table: Table;
  /** Time in range queries so far, and what they gave. */
  queries(): { ms: number; rows: number };
}

/** Range queries are timed up to each row that is waited for. */
const watched = (table: Table): Watched => {
  let [ms, rows] = [0, 0];
  return {
    queries: () => ({ ms, rows }),
    table: {
      ...table,
      async *list(...asked) {
        const listed = table.list(...asked)[Symbol.asyncIterator]();
        try {
          for (;;) {
            const begunAt = performance.now();
            const { value, done } = await listed.next();
            ms += performance.now() - begunAt;
            if (done) return;
            rows += 1;
            yield value;
          }
        } finally {
          await listed.return?.();
        }
      },
    },
  };
};

const sweepOnce = async (
  stage: RealStage,
  app: InsideApp,
  { queries }: Watched,
  { tracked, due }: { tracked: number; due: number },
): Promise<Swept> => {
  const now = stage.clock.now();
  await seed(stage, dueSeeds(due, now));
  await settleGate(app.store, stage.clock.now());
  const [before, begunAt] = [queries().ms, performance.now()];
  let looked = 0;
  // On a slow machine the time of one sweep is over before it is done, and the next one goes on.
  for (let isDone = false; !isDone; ) {
    const report = await app.keeper.sweep();
    looked += report.looked;
    isDone = !report.unfinished;
  }
  if (looked < due) throw new Error(`sweeps of ${due} looked at ${looked}`);
  return { tracked, due, totalMs: performance.now() - begunAt, queryMs: queries().ms - before };
};

const seed = ({ submit, upstreamUrl }: RealStage, { shape, slots }: Seeds): Promise<void> =>
  seedSessions(submit, { ...shape, upstreamUrl }, slots, SEEDED_AT_A_TIME);

/** What pollers do: everything is read, to find what is due. */
const scan = async (app: InsideApp, { queries }: Watched): Promise<{ ms: number; rows: number }> => {
  const before = queries();
  for await (const _row of app.store.list(INSIDE_ACCOUNT));
  const after = queries();
  return { ms: after.ms - before.ms, rows: after.rows - before.rows };
};

const ownMs = ({ totalMs, queryMs }: Swept): number => totalMs - queryMs;
const median = (swept: readonly Swept[], of: (one: Swept) => number): number => quantile(swept.map(of), 0.5);

const HEAD = `| tracked | due | whole sweep ms | in range queries ms | the rest ms | full scan: ms | rows |
| ---: | ---: | ---: | ---: | ---: | ---: | ---: |`;

export const sweep: Part = {
  name: 'sweep',
  about: `
One sweep of an account with so many tracked sessions, all in one partition as the real layout has them, of which so many
are due for a renewal: each takes its reads, two transactions and an upstream call. On Azurite, whose own range query
grows with the table however many rows it gives: its time is shown apart. *Tracked* sessions have all their rows.
Beside it is a full scan of the records, which is what a poller reads to find what is due.

- **rows of the index, records**: how many the sweep reads of each, in a table in memory that counts
  ([the scenes](../test/bench/inside/counts.ts)); the goal is 1.1 × due, and ${CONSTANT_ROWS} more. Of each session that
  is due it reads the row of the index, the record with its activity, and the gate.
- Each ten minutes (\`KEEPER_OBSERVE_INTERVAL\`) one sweep also counts the account, and reads all of its records for that.`,

  async run({ progress }) {
    const stage = await startRealStage();
    try {
      const way = watched(stage.table);
      const app = await stage.appOn(() => way.table);
      const swept: Swept[] = [];
      const rows: string[] = [];
      let there = 0;
      const scans: number[] = [];
      for (const tracked of TRACKED) {
        progress(`${tracked} sessions are put into the table`);
        await seed(stage, calmSeeds(there, tracked, stage.clock.now()));
        there = tracked;
        // Warms what is compiled, and the upstream's token.
        await sweepOnce(stage, app, way, { tracked, due: FEW });
        for (const due of [FEW, MANY] as const) {
          progress(`${tracked} tracked, ${due} due`);
          const some: Swept[] = [];
          for (let index = 0; index < SWEEPS[due]; index += 1)
            some.push(await sweepOnce(stage, app, way, { tracked, due }));
          swept.push(...some);
          const scanned = due === FEW ? await scan(app, way) : undefined;
          if (scanned !== undefined) scans.push(scanned.ms);
          const times = [(one: Swept) => one.totalMs, (one: Swept) => one.queryMs, ownMs];
          const cells = [...times.map((of) => median(some, of)), scanned?.ms, scanned?.rows];
          rows.push(
            `| ${[tracked, due, ...cells].map((cell) => (cell === undefined ? '' : formatNumber(Math.round(cell)))).join(' | ')} |`,
          );
        }
      }
      const of = (tracked: number): Swept[] =>
        swept.filter((one) => one.tracked === tracked && one.due === FEW);
      const [least = 0, , most = 0] = TRACKED;
      const growth = (time: (one: Swept) => number): number =>
        median(of(most), time) / median(of(least), time);
      const name = `${FEW} due: ${formatNumber(most)} tracked ÷ ${formatNumber(least)}`;
      const figures: Figure[] = [
        ...(await rowFigures()),
        { name: `${name}, without range queries`, value: growth(ownMs), unit: '', goal: { most: GOAL.time } },
        { name: `${name}, the whole sweep on Azurite`, value: growth(({ totalMs }) => totalMs), unit: '' },
        {
          name: `${formatNumber(most)} tracked: full scan ÷ sweep of ${FEW} due`,
          value: (scans.at(-1) ?? Number.NaN) / median(of(most), ({ totalMs }) => totalMs),
          unit: '',
        },
      ];
      return { figures, remarks: `${HEAD}\n${rows.join('\n')}` };
    } finally {
      await stage.stop();
    }
  },
};

const rowFigures = async (): Promise<Figure[]> => {
  const figures: Figure[] = [];
  for (const tracked of TRACKED)
    for (const due of [FEW, MANY]) {
      if (due > tracked) continue;
      const { indexRows, records } = await countSweep(tracked, due);
      const of = `${formatNumber(tracked)} tracked, ${formatNumber(due)} due`;
      const goal = { most: GOAL.rows * due + CONSTANT_ROWS };
      figures.push(
        { name: `${of}: rows of the index`, value: indexRows, unit: '', goal },
        { name: `${of}: records`, value: records, unit: '', goal },
      );
    }
  return figures;
};
