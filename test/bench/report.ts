import type { Measured, Part } from './figures.ts';
import type { Machine } from './machine.ts';
import { markdownTable } from './table.ts';

/** A part with what it measured. */
export interface Result extends Measured {
  part: Part;
}

/** `docs/benchmarks.md`, whole: nobody edits it by hand. */
export const reportOf = (results: readonly Result[], machine: Machine, seed: number): string =>
  [
    '# Benchmarks',
    '',
    'Written by `npm run bench`; not edited by hand. A single part runs with `npm run bench -- NAME`, its figures for',
    'machines come with `--json`, and another month, where chance draws one, with `--seed 2`. Times of one machine say little',
    'about another: where a figure has a goal, it is a ratio within one run, or a count.',
    '',
    'What is timed in rounds has their median as its value, and the middle half of them as its *spread*. A goal that lies',
    'within the spread is *near*: another run may say otherwise. Counts and simulations are the same in each run.',
    '',
    markdownTable(results.map(({ part, figures }) => ({ name: part.name, figures }))),
    '',
    `Measured on ${machine.date} with ${machine.cores} cores (${machine.processor}), ${machine.memoryGiB} GiB of memory, Node ${machine.node}`,
    `and ${Object.entries(machine.packages)
      .map(([name, version]) => `${name} ${version}`)
      .join(', ')}; seed ${seed}.`,
    '',
    ...results.flatMap(({ part, remarks }) => [
      `## ${part.name}`,
      '',
      part.about.trim(),
      '',
      ...(remarks === undefined ? [] : [remarks.trim(), '']),
    ]),
  ].join('\n');
