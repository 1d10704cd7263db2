import type { RunReport } from '../run.ts';
import { askAbout } from './ask.ts';
import { type Caught, readCaught, writeCaught } from './caught.ts';
import { findSeed, type Search } from './find.ts';
import { PLANTS, plantNamed } from './plants.ts';

/** What `npm run simulate` does with planted bugs. */

/** Every planted bug, and the seed that catches it. */
export const listPlants = (say: (line: string) => void): void => {
  const caught = readCaught();
  for (const { name, what } of PLANTS) say(lineOf(name, caught[name], what));
  const found = PLANTS.filter(({ name }) => caught[name] !== undefined).length;
  say(`${found} of ${PLANTS.length} planted bugs caught`);
};

const lineOf = (name: string, caught: Caught | undefined, what: string): string => {
  const by = caught === undefined ? 'by no seed' : `seed ${caught.seed}, ${caught.invariant}`;
  return `${name.padEnd(24)} ${by.padEnd(16)} ${what}`;
};

/** Runs with the planted bug until a seed catches it. @throws Error where there is no such plant */
export const searchPlant = (
  name: string,
  search: Search,
  say: (line: string) => void,
  told: (report: RunReport) => void,
): Promise<RunReport | undefined> => {
  const plant = plantNamed(name);
  say(`planted: ${plant.what}`);
  return findSeed(plant, search, told);
};

/**
 * Looks for the first seed that catches each planted bug, or the one that is named, side by side, and writes the table
 * anew. False: one is not caught.
 */
export const findPlants = async (
  { firstSeed, seeds, hours, plant, workers }: Search & { plant: string | undefined; workers: number },
  say: (line: string) => void,
): Promise<boolean> => {
  // Those that took long the last time begin first.
  const known = readCaught();
  const asked = plant === undefined ? PLANTS : [plantNamed(plant)];
  const found = new Map(Object.entries(known));
  for (const { name } of asked) found.delete(name);
  const seedOf = (name: string): number => known[name]?.seed ?? seeds;
  const names = asked.map(({ name }) => name).sort((one, other) => seedOf(other) - seedOf(one));
  const questions = names.map((name) => ({ name, firstSeed, seeds, hours }));
  await askAbout(questions, workers, (name, caught) => {
    if (caught !== undefined) found.set(name, caught);
    say(lineOf(name, caught, ''));
  });
  const inOrder = PLANTS.flatMap(({ name }) => {
    const caught = found.get(name);
    return caught === undefined ? [] : [[name, caught] as const];
  });
  writeCaught(Object.fromEntries(inOrder));
  say(`${inOrder.length} of ${PLANTS.length} planted bugs caught, each within ${seeds} seeds`);
  return inOrder.length === PLANTS.length;
};
