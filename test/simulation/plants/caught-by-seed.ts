import { askAbout } from './ask.ts';
import { type Caught, readCaught } from './caught.ts';
import { PLANTS } from './plants.ts';

/** The runs by which `--find-plants` found the seeds were so long: another length is another story. */
const HOURS = 24;
const WORKERS = 2;

/**
 * Runs those plants with the seeds that the table has for them, and says what is wrong: nothing, as long as each is
 * caught by its seed, and by an invariant that it is known to break.
 */
export const wrongInTable = async (
  isMeant: (caught: Caught | undefined) => boolean,
): Promise<readonly string[]> => {
  const table = readCaught();
  const meant = PLANTS.filter(({ name }) => isMeant(table[name]));
  const questions = meant.map(({ name }) => ({
    name,
    firstSeed: table[name]?.seed ?? 1,
    seeds: 1,
    hours: HOURS,
  }));
  const wrong: string[] = [];
  await askAbout(questions, WORKERS, (name, caught) => {
    const breaks = PLANTS.find((plant) => plant.name === name)?.breaks ?? [];
    if (caught === undefined) wrong.push(`${name} is not caught by seed ${table[name]?.seed ?? 'none'}`);
    else if (!breaks.includes(caught.invariant)) wrong.push(`${name} breaks ${caught.invariant} as well`);
  });
  return wrong;
};

/** Caught so early in its run that it costs next to nothing; the others are for `npm run soak`. */
export const isQuick = (caught: Caught | undefined): boolean => caught === undefined || caught.minutes <= 360;
