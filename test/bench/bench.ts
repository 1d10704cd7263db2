import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Part } from './figures.ts';
import { machineNow } from './machine.ts';
import { readOptions } from './options.ts';
import { type Result, reportOf } from './report.ts';
import { textTable } from './table.ts';

/** Where the run says what it does, prints what it found, and writes its document. */
export interface Surroundings {
  say(line: string): void;
  print(text: string): void;
  folder: string;
  /** For the document's date, and to say how long a part took. */
  now(): Date;
}

/**
 * Runs the parts that are named, or all, one after another: a goal that is missed is shown as missed. The document is
 * written only where all were run, so that it never mixes two runs.
 *
 * @throws Error where an option is at fault, or a part cannot be run
 */
export const runBench = async (
  args: readonly string[],
  all: readonly Part[],
  { say, print, folder, now }: Surroundings,
): Promise<void> => {
  const { parts, isAll, isJson, seed } = readOptions(args, all);
  const machine = machineNow(now());
  const results: Result[] = [];
  for (const part of parts) {
    const begunAt = now().getTime();
    say(`${part.name} …`);
    const measured = await part.run({ seed, progress: (text) => say(`${part.name}: ${text}`) });
    say(`${part.name}: done in ${Math.round((now().getTime() - begunAt) / 1000)} s`);
    results.push({ part, ...measured });
  }
  const figures = results.map((result) => ({ name: result.part.name, figures: result.figures }));
  print(isJson ? JSON.stringify({ machine, seed, parts: figures }, null, 2) : textTable(figures));
  if (!isAll) return;
  mkdirSync(folder, { recursive: true });
  for (const { pictures = {} } of results)
    for (const [name, picture] of Object.entries(pictures)) writeFileSync(join(folder, name), picture);
  const document = join(folder, 'benchmarks.md');
  writeFileSync(document, reportOf(results, machine, seed));
  say(`written: ${document}`);
};
