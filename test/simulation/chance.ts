import { chanceFrom } from '../chance.ts';

/** Chance of a run: everything that is not decided by the product is decided here, by the seed. */
export interface Chance {
  /** In [0, 1). */
  next(): number;
  hits(probability: number): boolean;
  /** A whole number from `least` to `most`, both possible. */
  integer(least: number, most: number): number;
  pick<T>(items: readonly T[]): T;
  shuffled<T>(items: readonly T[]): T[];
}

/**
 * A stream of its own for each name: a fault that is added draws from its own stream, and leaves the rest of a seed's
 * story as it was, as far as it can.
 */
export const chanceOf = (seed: number, name: string): Chance => {
  const next = chanceFrom(Math.imul(seed + 1, 0x9e3779b1) ^ hashOf(name));
  const integer = (least: number, most: number): number => least + Math.floor(next() * (most - least + 1));
  return {
    next,
    hits: (probability) => probability > 0 && next() < probability,
    integer,
    pick: (items) => items[Math.floor(next() * items.length)] as (typeof items)[number],
    shuffled(items) {
      const rest = [...items];
      return items.flatMap(() => rest.splice(integer(0, rest.length - 1), 1));
    },
  };
};

/** FNV-1a. */
const hashOf = (text: string): number => {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return hash >>> 0;
};
