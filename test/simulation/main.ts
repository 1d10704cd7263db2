import { longestSurvivedOutageMs, RULES } from './bounds.ts';
import { FAULT_KINDS } from './fault-kinds.ts';
import { readOptions, type SimulateOptions, USAGE } from './options.ts';
import { findPlants, listPlants, runPlant } from './plants/commands.ts';
import { loadWith } from './plants/loader.ts';
import { plantNamed } from './plants/plants.ts';
import { type RunReport, simulate } from './run.ts';
import { describeViolation, runSeeds } from './seeds.ts';
import type { WorkerReport } from './worker.ts';

/** `npm run simulate`: many seeds on all cores, or one seed with its trace. */

const LAST_STEPS = 60;
const PROGRESS_MS = 5_000;

interface Totals {
  seeds: number;
  steps: number;
  faults: Map<string, number>;
  /** Pairs of faults that were hit in one and the same run. */
  pairs: Set<string>;
  violations: number;
}

const say = (line: string): void => console.log(line);

const add = (totals: Totals, report: Pick<WorkerReport, 'steps' | 'violation' | 'faults'>): void => {
  totals.seeds += 1;
  totals.steps += report.steps;
  if (report.violation !== undefined) totals.violations += 1;
  for (const [name, hits] of report.faults) totals.faults.set(name, (totals.faults.get(name) ?? 0) + hits);
  const names = report.faults.map(([name]) => name).sort();
  for (const [index, one] of names.entries())
    for (const other of names.slice(index + 1)) totals.pairs.add(`${one} ${other}`);
};

/** Runs one seed here, and shows its trace. */
const replay = async (seed: number, options: SimulateOptions, totals: Totals): Promise<void> => {
  const { hours, faults, isWholeTrace, plant } = options;
  const run = plant === undefined ? simulate : await loadWith(plantNamed(plant));
  const report = await run({ seed, hours, faults, isWholeTrace });
  show(report, hours, isWholeTrace);
  add(totals, { ...report, faults: [...report.faults] });
};

const show = (report: RunReport, hours: number, isWholeTrace: boolean): void => {
  for (const line of isWholeTrace ? report.trace : report.trace.slice(-LAST_STEPS)) say(line);
  say(`faults of this seed: ${report.chosen.join(', ') || 'none'}`);
  const wrong = describeViolation(report, hours, 0);
  if (wrong !== undefined) say(wrong);
};

/** Runs seeds with a planted bug, one after another, until one catches it. */
const runPlanted = async (name: string, options: SimulateOptions, totals: Totals): Promise<void> => {
  const report = await runPlant(name, options, say);
  if (report === undefined) return;
  show(report, options.hours, false);
  add(totals, { ...report, faults: [...report.faults] });
  say(`replay it with --plant ${name} --seed ${report.seed} --hours ${options.hours} --trace`);
};

/** Many seeds, with what came of them as they go, and what their faults were in the end. */
const runAll = async (options: SimulateOptions, totals: Totals): Promise<void> => {
  const { seeds, hours } = options;
  let shownAt = Date.now();
  await runSeeds(options, (report) => {
    add(totals, report);
    const wrong = describeViolation(report, hours, LAST_STEPS);
    if (wrong !== undefined) say(`${wrong}\n`);
    if (Date.now() - shownAt <= PROGRESS_MS) return;
    shownAt = Date.now();
    say(`${totals.seeds} of ${seeds} seeds, ${totals.violations} violations`);
  });
  for (const name of Object.keys(FAULT_KINDS)) {
    const hits = totals.faults.get(name) ?? 0;
    say(hits === 0 ? `${name}: NEVER HIT` : `${name}: ${hits} hits`);
  }
  const kinds = Object.keys(FAULT_KINDS).length;
  say(`pairs of faults hit in one run: ${totals.pairs.size} of ${(kinds * (kinds - 1)) / 2}`);
};

const main = async (): Promise<void> => {
  const options = readOptions(process.argv.slice(2));
  if (options.command === 'list-plants') return listPlants(say);
  if (options.command === 'find-plants') {
    process.exitCode = (await findPlants(options, say)) ? 0 : 1;
    return;
  }
  const totals: Totals = { seeds: 0, steps: 0, faults: new Map(), pairs: new Set(), violations: 0 };
  say(`A kept session survives an outage of ${longestSurvivedOutageMs(RULES) / 1000} s.`);
  if (options.replay !== undefined) await replay(options.replay, options, totals);
  else if (options.plant !== undefined) await runPlanted(options.plant, options, totals);
  else await runAll(options, totals);
  const hits = [...totals.faults.values()].reduce((sum, count) => sum + count, 0);
  say(`seeds ${totals.seeds}, steps ${totals.steps}, faults ${hits}, violations ${totals.violations}`);
  process.exitCode = totals.violations > 0 ? 1 : 0;
};

main().catch((error: unknown) => {
  console.error(`${error instanceof Error ? error.message : String(error)}\n${USAGE}`);
  process.exitCode = 2;
});
