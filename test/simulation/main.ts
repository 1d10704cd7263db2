import { longestSurvivedOutageMs, mostKept, RULES } from './bounds.ts';
import { createCoverage } from './coverage.ts';
import { readOptions, type SimulateOptions, USAGE, UsageError } from './options.ts';
import { findPlants, listPlants, searchPlant } from './plants/commands.ts';
import { loadWith } from './plants/loader.ts';
import { plantNamed } from './plants/plants.ts';
import { type RunReport, simulate } from './run.ts';
import { describeViolation, runSeeds } from './seeds.ts';
import type { WorkerReport } from './worker.ts';

/** `npm run simulate`: many seeds on all cores, or one seed with its trace, or planted bugs. */

const LAST_STEPS = 60;
const PROGRESS_MS = 5_000;

const say = (line: string): void => console.log(line);

/** What all runs came to: the last line. */
const createTotals = () => {
  const coverage = createCoverage();
  let [seeds, steps, violations] = [0, 0, 0];
  return {
    coverage,
    add(report: Pick<WorkerReport, 'steps' | 'violation' | 'chosen' | 'faults'>): void {
      seeds += 1;
      steps += report.steps;
      if (report.violation !== undefined) violations += 1;
      coverage.add(report);
    },
    violations: () => violations,
    seeds: () => seeds,
    line: () => `seeds ${seeds}, steps ${steps}, faults ${coverage.hits()}, violations ${violations}`,
  };
};

type Totals = ReturnType<typeof createTotals>;

const show = (report: RunReport, options: SimulateOptions): void => {
  for (const line of options.isWholeTrace ? report.trace : report.trace.slice(-LAST_STEPS)) say(line);
  say(`faults of this seed: ${report.chosen.join(', ') || 'none'}`);
  for (const [name, hits] of report.faults) say(`${name}: ${hits} hits`);
  const wrong = describeViolation(report, options, 0);
  if (wrong !== undefined) say(wrong);
};

/** Runs one seed here, and shows its trace. False: it was to catch a planted bug, and has not. */
const replay = async (options: SimulateOptions, totals: Totals): Promise<boolean> => {
  const { seed, hours, faults, isWholeTrace, plant } = options;
  const run = plant === undefined ? simulate : await loadWith(plantNamed(plant));
  const report = await run({ seed, hours, faults, isWholeTrace });
  show(report, options);
  totals.add({ ...report, faults: [...report.faults] });
  const isMissed = plant !== undefined && report.violation === undefined;
  if (isMissed) say(`${plant} is not caught by seed ${seed}`);
  return !isMissed;
};

/** Runs seeds with a planted bug, one after another, until one catches it. False: none has. */
const runPlanted = async (name: string, options: SimulateOptions, totals: Totals): Promise<boolean> => {
  const { firstSeed, seeds } = options;
  const caught = await searchPlant(name, options, say, (report) =>
    totals.add({ ...report, faults: [...report.faults] }),
  );
  if (caught !== undefined) show(caught, options);
  else say(`${name} is not caught by any of the seeds ${firstSeed} to ${firstSeed + seeds - 1}`);
  return caught !== undefined;
};

/** Many seeds, with what came of them as they go, and what their faults were in the end. */
const runAll = async (options: SimulateOptions, totals: Totals): Promise<void> => {
  const { seeds, firstSeed, hours, faults, workers } = options;
  let shownAt = Date.now();
  await runSeeds({ seeds, firstSeed, hours, faults, workers }, (report) => {
    totals.add(report);
    const wrong = describeViolation(report, options, LAST_STEPS);
    if (wrong !== undefined) say(`${wrong}\n`);
    if (Date.now() - shownAt <= PROGRESS_MS) return;
    shownAt = Date.now();
    say(`${totals.seeds()} of ${seeds} seeds, ${totals.violations()} violations`);
  });
  for (const line of totals.coverage.lines()) say(line);
};

/** @returns the status to exit with */
const main = async (): Promise<number> => {
  const options = readOptions(process.argv.slice(2));
  const { command, plant } = options;
  if (command === 'list-plants') {
    listPlants(say);
    return 0;
  }
  if (command === 'find-plants') return (await findPlants(options, say)) ? 0 : 1;
  const totals = createTotals();
  say(`A kept session survives an outage of ${longestSurvivedOutageMs(RULES) / 1000} s.`);
  say(`With a call each five seconds, ${mostKept({ ...RULES, callGapMs: 5_000 })} sessions are kept.`);
  let isDone = true;
  if (command === 'replay') isDone = await replay(options, totals);
  else if (plant !== undefined) isDone = await runPlanted(plant, options, totals);
  else await runAll(options, totals);
  say(totals.line());
  return isDone && totals.violations() === 0 ? 0 : 1;
};

main().then(
  (status) => {
    process.exitCode = status;
  },
  (error: unknown) => {
    if (error instanceof UsageError) console.error(`${error.message}\n${USAGE}`);
    else console.error(error);
    process.exitCode = 2;
  },
);
