import { describe, expect, it } from 'vitest';
import { chosenBy, pairsOf, triplesOf } from './fault-choice.ts';
import { FAULT_KINDS } from './fault-kinds.ts';

const KINDS = Object.keys(FAULT_KINDS);
const chosenByFirst = (seeds: number, kinds: readonly string[] = KINDS): (readonly string[])[] =>
  Array.from({ length: seeds }, (_, index) => chosenBy(index + 1, kinds));
const different = (chosen: readonly (readonly string[])[], count: number): Set<string> =>
  new Set(chosen.filter(({ length }) => length === count).map((kinds) => [...kinds].sort().join(' ')));

describe('what a seed chooses', () => {
  it.each([KINDS, KINDS.slice(1)])('is in 5,000 seeds each kind alone, and each pair', (...kinds) => {
    const chosen = chosenByFirst(5_000, kinds);
    expect(different(chosen, 1).size).toBe(kinds.length);
    expect(different(chosen, 2).size).toBe(pairsOf(kinds.length));
  });

  it('is in 200 seeds each kind several times, alone or with one other', () => {
    const few = chosenByFirst(200).filter(({ length }) => length <= 2);
    const times = KINDS.map((kind) => few.filter((chosen) => chosen.includes(kind)).length);
    expect(Math.min(...times)).toBeGreaterThanOrEqual(3);
  });

  it('is all kinds for every fifth seed, and three of them for some', () => {
    const chosen = chosenByFirst(200);
    expect(chosen.filter(({ length }) => length === KINDS.length)).toHaveLength(40);
    expect(different(chosen, 3).size).toBe(20);
  });

  it('counts what there is', () => {
    expect([pairsOf(4), triplesOf(4), triplesOf(5)]).toEqual([6, 4, 10]);
  });
});
