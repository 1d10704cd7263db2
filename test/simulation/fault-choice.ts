import { chanceOf } from './chance.ts';

/**
 * Which kinds of faults the run of a seed has. They are enumerated rather than drawn: each kind alone, and each pair of
 * two in a run of just those, comes again after as many seeds as there are; and ten seeds in a row have something of everything.
 */
const TURNS = ['alone', 'pair', 'all', 'pair', 'triple', 'alone', 'pair', 'all', 'pair', 'alone'] as const;

export const chosenBy = <Kind>(seed: number, kinds: readonly Kind[]): readonly Kind[] => {
  const place = seed % TURNS.length;
  const turn = TURNS[place] ?? 'all';
  const [eachRound, before] = [TURNS, TURNS.slice(0, place)].map(
    (turns) => turns.filter((other) => other === turn).length,
  ) as [number, number];
  const index = Math.floor(seed / TURNS.length) * eachRound + before;
  switch (turn) {
    case 'alone':
      return kinds.slice(index % kinds.length, (index % kinds.length) + 1);
    case 'pair':
      return pairOf(index, kinds);
    case 'triple':
      return chanceOf(seed, 'faults chosen').shuffled(kinds).slice(0, 3);
    case 'all':
      return kinds;
    default:
      return turn satisfies never;
  }
};

export const pairsOf = (count: number): number => (count * (count - 1)) / 2;

export const triplesOf = (count: number): number => (pairsOf(count) * (count - 2)) / 3;

/**
 * Each round pairs every kind with the one that comes so many places after it in their circle: so that each kind is
 * soon met, and with one of another sort first. The last round of an even number is half as long: it would meet all twice.
 */
const pairOf = <Kind>(index: number, kinds: readonly Kind[]): readonly Kind[] => {
  const count = kinds.length;
  const farthest = Math.floor((count - 1) / 2);
  const place = index % pairsOf(count);
  const round = Math.floor(place / count);
  const apart = round < farthest ? farthest - round : count / 2;
  const one = place % count;
  return kinds.filter((_, at) => at === one || at === (one + apart) % count);
};
