import type { Figure, Part } from '../figures.ts';
import { countSweep } from '../inside/counts.ts';
import { headlineOf, quantile } from '../inside/rounds.ts';
import { type AccountTimes, measureSweeps, type Pair } from '../sweeping/measure.ts';
import { formatNumber } from '../table.ts';

const TRACKED = [1_000, 10_000, 100_000] as const;
const [FEW, MANY] = [100, 1_000] as const;
const ROUNDS = 11;
/** Rows that a sweep reads whatever is due: the gate a few times, and who was due a moment ago. */
const CONSTANT_ROWS = 20;
const GOAL = { rows: 1.1, time: 1.3 } as const;

type Time = (pair: Pair) => number;

const wholeMs: Time = ({ sweep: { totalMs } }) => totalMs;
const queryMs: Time = ({ sweep }) => sweep.queryMs;
const restMs: Time = (pair) => wholeMs(pair) - queryMs(pair);
const bareMs: Time = (pair) => pair.bareMs;

/** What the largest account takes of what the smallest one takes, round by round. */
const growthOf = (measured: readonly AccountTimes[], time: Time): number[] => {
  const [small = [], large = []] = [measured[0]?.few, measured.at(-1)?.few];
  return small.map((pair, round) => {
    const beside = large[round];
    return beside === undefined ? Number.NaN : time(beside) / time(pair);
  });
};

const timeFigures = (measured: readonly AccountTimes[]): Figure[] => {
  const [least = 0, , most = 0] = TRACKED;
  const growth = `${FEW} due: ${formatNumber(most)} tracked ÷ ${formatNumber(least)}`;
  const [whole = [], rest = [], bare = []] = [wholeMs, restMs, bareMs].map((time) =>
    growthOf(measured, time),
  );
  const beyond = rest.map((ratio, round) => ratio / (bare[round] ?? Number.NaN));
  const goal = { most: GOAL.time };
  const last = measured.at(-1);
  return [
    { name: `${growth}, the whole sweep on Azurite`, ...headlineOf(whole), unit: '' },
    { name: `${growth}, without range queries`, ...headlineOf(rest), unit: '', goal },
    { name: `${growth}, the bare operations of the same`, ...headlineOf(bare), unit: '' },
    { name: `${growth}, beyond that of the bare operations`, ...headlineOf(beyond), unit: '', goal },
    {
      name: `${formatNumber(most)} tracked: full scan ÷ sweep of ${FEW} due`,
      value: (last?.scanMs ?? Number.NaN) / quantile(last?.few.map(wholeMs) ?? [], 0.5),
      unit: '',
    },
  ];
};

const HEAD = `| tracked | due | whole sweep ms | in range queries ms | the rest ms | bare operations ms | full scan ms |
| ---: | ---: | ---: | ---: | ---: | ---: | ---: |`;

const rowsOf = ({ tracked, few, many, scanMs }: AccountTimes): string[] => {
  const row = (due: number, pairs: readonly Pair[], scan: number | undefined): string => {
    const times = [wholeMs, queryMs, restMs, bareMs].map((time) => quantile(pairs.map(time), 0.5));
    const cells = [...times, scan].map((ms) => (ms === undefined ? '' : formatNumber(Math.round(ms))));
    return `| ${[formatNumber(tracked), formatNumber(due), ...cells].join(' | ')} |`;
  };
  return [row(FEW, few, scanMs), row(MANY, [many], undefined)];
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

export const sweep: Part = {
  name: 'sweep',
  about: `
One sweep of an account with so many tracked sessions, all in one partition as the real layout has them, beside so many
that are due for a renewal: each takes its reads, two transactions and an upstream call. *Tracked* sessions have all their rows.
The accounts of all sizes, each on an Azurite of its own, take turns in rounds.

- **rows of the index, records**: how many the sweep reads of each, in a table in memory that counts
  ([the scenes](../test/bench/inside/counts.ts)); the goal is ${GOAL.rows} × due, and ${CONSTANT_ROWS} more. Of each session that
  is due it reads the row of the index, the record with its activity, and the gate.
- **growth with the table**: Azurite itself is slower where there are more rows. Its range query looks at all of
  them, however few it gives: its time is shown apart. And a change looks for its row's place in an index from end to end,
  which no client can help; so the same reads, transactions and upstream calls are made beside each sweep, by their bare clients and
  as many at a time. *Beyond that* is the sweep's growth ÷ theirs: at 1 the sweep grows as they do, and below 1 it also has work
  of its own that does not grow.
- **full scan**: of the records, which is what a poller reads to find what is due.
- Each ten minutes (\`KEEPER_OBSERVE_INTERVAL\`) one sweep also counts the account, and reads all of its records for that.`,

  async run({ progress }) {
    const plan = { tracked: TRACKED, few: FEW, many: MANY, rounds: ROUNDS };
    const measured = await measureSweeps(plan, progress);
    progress('rows');
    return {
      figures: [...(await rowFigures()), ...timeFigures(measured)],
      remarks: [HEAD, ...measured.flatMap(rowsOf)].join('\n'),
    };
  },
};
