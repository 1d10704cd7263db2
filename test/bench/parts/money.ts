import { MINUTE_MS } from '../../../shared/lease.ts';
import { chartSvg } from '../chart.ts';
import type { Figure, Part } from '../figures.ts';
import { HABITS } from '../month/habits.ts';
import { monthOf } from '../month/month.ts';
import { oracleMs, waitingMs } from '../month/oracle.ts';
import { PROMISED_MINUTES } from '../month/replay.ts';
import {
  ACCOUNTS,
  ARRANGEMENTS,
  type ArrangementName,
  addReports,
  type MonthReport,
  type MonthTask,
} from '../month/run.ts';
import { formatNumber } from '../table.ts';
import { inWorkers } from '../workers.ts';

const HOUR_MS = 60 * MINUTE_MS;
const GOAL_BILL = 1.1;
const PICTURE = 'benchmarks-money.svg';

/** The longest runs first, so that all cores are done at about the same time. */
const ORDER = ['keeper', 'keeper-10', 'toolkit', 'culler', 'showcase', 'fixed-8', 'fixed-4'] as const;

/** What the month costs by foresight of three kinds, and by none at all. */
interface Bounds {
  /** Keeps the promise of half an hour. */
  oracle: number;
  /** Nobody ever has to begin anew. */
  patient: number;
  /** The time of use alone. */
  use: number;
  /** Keeps the promise, and knows nothing of the future. */
  unforeseeing: number;
}

const boundsOf = (seed: number): Bounds => {
  const sittings = monthOf(seed);
  const oracle = oracleMs(sittings, PROMISED_MINUTES);
  return {
    oracle,
    patient: oracleMs(sittings, Number.POSITIVE_INFINITY),
    use: oracleMs(sittings, 0),
    unforeseeing: oracle + waitingMs(sittings, PROMISED_MINUTES),
  };
};

type Reports = ReadonlyMap<ArrangementName, MonthReport>;

const hours = (ms: number): number => ms / HOUR_MS;

const figuresOf = (reports: Reports, { oracle, patient, use, unforeseeing }: Bounds): Figure[] => [
  ...[...reports].flatMap(([name, report]): Figure[] => {
    const goals =
      name === 'keeper' ? { bill: { goal: { most: GOAL_BILL } }, cut: { goal: { most: 0 } } } : {};
    const of = ARRANGEMENTS[name];
    return [
      {
        name: `${of}: bill ÷ the oracle's`,
        value: report.billedMs / report.oracleMs,
        unit: '',
        ...goals.bill,
      },
      { name: `${of}: users cut off`, value: report.cutOff, unit: '', ...goals.cut },
    ];
  }),
  { name: 'keeper: bill ÷ the least without foresight', value: ratio(reports, unforeseeing), unit: '' },
  { name: "least without foresight: bill ÷ the oracle's", value: unforeseeing / oracle, unit: '' },
  { name: "the time of use alone ÷ the oracle's", value: use / oracle, unit: '' },
  { name: "nobody begins anew, with foresight ÷ the oracle's", value: patient / oracle, unit: '' },
];

const ratio = (reports: Reports, bound: number): number => (reports.get('keeper')?.billedMs ?? 0) / bound;

const tableOf = (reports: Reports, oracle: number): string => {
  const row = (cells: readonly (string | number)[]): string =>
    `| ${cells.map((cell) => (typeof cell === 'number' ? formatNumber(cell) : cell)).join(' | ')} |`;
  return [
    `| arrangement | server-hours billed | ÷ oracle | users cut off | begun anew | of them within ${PROMISED_MINUTES} min | minutes of work lost | upstream calls |`,
    '| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |',
    row(['oracle', Math.round(hours(oracle)), 1, 0, '', 0, '', '']),
    ...[...reports].map(
      ([name, { billedMs, oracleMs: foreseen, cutOff, begunAnew, begunAnewEarly, lostMs, calls }]) =>
        row([
          ...[ARRANGEMENTS[name], Math.round(hours(billedMs)), billedMs / foreseen, cutOff],
          ...[begunAnew, begunAnewEarly, Math.round(lostMs / MINUTE_MS), calls],
        ]),
    ),
  ].join('\n');
};

const OWN: ReadonlySet<ArrangementName> = new Set(['keeper', 'keeper-10']);

/** Where others are better than the keeper, by what the run has shown. */
const winnersOf = (reports: Reports): string => {
  const own = reports.get('keeper');
  if (own === undefined) return '';
  const measures = [
    ['are billed less', 'billedMs'],
    ['make fewer calls', 'calls'],
    ['make fewer users begin anew', 'begunAnew'],
    ['lose fewer minutes of work', 'lostMs'],
  ] as const;
  const lines = measures.flatMap(([what, measure]) => {
    const better = [...reports].filter(([name, report]) => !OWN.has(name) && report[measure] < own[measure]);
    const names = better.map(([name]) => ARRANGEMENTS[name]).join('; ');
    return better.length === 0 ? [] : [`- These ${what}: ${names}.`];
  });
  return lines.length === 0 ? 'Nothing is better than the keeper in any column.' : lines.join('\n');
};

const pictureOf = (reports: Reports, { oracle, use }: Bounds): string => {
  const whole = [...reports].filter(([name]) => name !== 'keeper-10');
  return chartSvg({
    title: `Server-hours billed in a month of ${HABITS.users} users`,
    parts: [
      { name: 'a server in use', light: '#1a7f37', dark: '#3fb950' },
      { name: 'billed beyond it', light: '#d4a72c', dark: '#9e6a03' },
    ],
    rows: [
      {
        name: 'oracle',
        values: [hours(use), hours(oracle - use)],
        note: `${formatNumber(Math.round(hours(oracle)))} h`,
      },
      ...whole.map(([name, { billedMs, cutOff, begunAnewEarly }]) => ({
        name: ARRANGEMENTS[name],
        values: [hours(Math.min(use, billedMs)), hours(Math.max(0, billedMs - use))],
        note: `${formatNumber(Math.round(hours(billedMs)))} h, ${formatNumber(cutOff)} cut off, ${formatNumber(begunAnewEarly)} gone early`,
      })),
    ],
    unit: `hours; "gone early": away for less than ${PROMISED_MINUTES} min, and the session was gone`,
    mark: { value: hours(oracle), name: 'the oracle' },
  });
};

export const money: Part = {
  name: 'money',
  about: `
A month of ${HABITS.users} users on paper, lived through under each arrangement. The people are drawn by
[the generator](../test/bench/month/month.ts) from [one object of assumptions](../test/bench/month/habits.ts): when they come,
how long they work, lunch, meetings, coffee, clients that crash, sessions that are forgotten with the client closed or open,
and jobs that run overnight and must live. Servers take 90 s to start, and cost from
Ready on. The users belong to four accounts, fifty each.

- **keeper**: the real one on simulated time (\`createKeeper\` on the doubles of the simulation), with its default policy
  and five seconds between calls, for sessions created with \`keepAlive\`. Clients send a heartbeat each two minutes while
  somebody works and one when that ends, and are silent in pauses. A client that polls the properties whether it is used or not, as the unchanged desktop toolkit
  does, is a sign of use to the keeper: where it is left open, its session is kept, as long as its own \`maxLifetime\` lets it.
- **fixed leases**: no keeper at all; whoever forgets to stop pays to the end, whoever works longer is cut off.
- **the two known clients**, as their algorithms are written. What a closed client leaves behind is its rest of lease.
- **idle culler**: lists everything each five minutes and stops what was not used for ten. It is given every sign of
  use that the keeper is given.
- **oracle**: knows the future, and promises what the keeper's default promises: whoever is back within
  ${PROMISED_MINUTES} min finds the session. It stops a server at the instant of the last use, and at the beginning of
  every longer pause. Whatever keeps that promise and cuts off nobody cannot be billed less. The culler, the toolkit and the keeper
  with a timeout of 10 min do not keep it, and may be.
- **the least without foresight** keeps the promise too, and so has to wait for ${PROMISED_MINUTES} min wherever nobody
  says that it is over: the keeper's timeout is exactly that wait. Where that alone is above the goal of ${GOAL_BILL.toFixed(2)}, whoever
  reaches the goal breaks the promise, or knows the future.

*Cut off*: the server was taken from somebody at work, or from a job. *Begun anew*: somebody came back from a pause, and
waited for another server. *Work lost*: what was not saved (every ${HABITS.savedEveryMinutes} min; a job loses all), and that wait.

The same seed gives the same month, and the same figures to the last digit; \`--seed 2\` gives another month.`,

  async run({ seed, progress }) {
    const accounts = Array.from({ length: ACCOUNTS }, (_, account) => account);
    const tasks = ORDER.flatMap((name) =>
      // The second run of the real keeper is there for comparison, and dear.
      (name === 'keeper-10' ? accounts.slice(0, 1) : accounts).map(
        (account): MonthTask => ({ name, seed, account }),
      ),
    );
    const bounds = boundsOf(seed);
    const file = new URL('../month/worker.ts', import.meta.url);
    const results = await inWorkers<MonthTask, MonthReport>(file, tasks, ({ name, account }) =>
      progress(`a month with: ${ARRANGEMENTS[name]}, account ${account + 1} of ${ACCOUNTS}`),
    );
    const names = Object.keys(ARRANGEMENTS) as ArrangementName[];
    const ofName = (wanted: ArrangementName): MonthReport =>
      addReports(results.filter((_, index) => tasks[index]?.name === wanted));
    const reports = new Map(names.map((name) => [name, ofName(name)]));
    return {
      figures: figuresOf(reports, bounds),
      remarks: [
        `![Server-hours billed](${PICTURE})`,
        tableOf(reports, bounds.oracle),
        `### Where others win\n\n${winnersOf(reports)}`,
      ].join('\n\n'),
      pictures: { [PICTURE]: pictureOf(reports, bounds) },
    };
  },
};
