import { describe, expect, it } from 'vitest';
import { createCoverage } from './coverage.ts';
import { FAULT_KINDS, type FaultName } from './fault-kinds.ts';

const NAMES = Object.keys(FAULT_KINDS) as FaultName[];
const PAIRS = NAMES.flatMap((one, index) => NAMES.slice(index + 1).map((other): FaultName[] => [one, other]));

const coverageOf = (runs: readonly (readonly FaultName[])[]) => {
  const coverage = createCoverage();
  for (const chosen of runs) coverage.add({ chosen, faults: chosen.map((name) => [name, 2]) });
  return coverage;
};

describe('what has gone wrong in all runs together', () => {
  it('counts every hit, and names the kinds that there was none of', () => {
    const coverage = coverageOf([['crash', 'freeze'], ['crash']]);
    expect(coverage.hits()).toBe(6);
    expect(coverage.neverHit()).toEqual(NAMES.filter((name) => name !== 'crash' && name !== 'freeze'));
    expect(coverage.lines()).toContain('crash: 4 hits');
    expect(coverage.lines()).toContain('pause: NEVER HIT');
    expect(coverage.lines().at(-1)).toMatch(/^alone: 1 of \d+, in pairs: 1 of \d+, in triples: 0 of \d+$/);
  });

  it('has a pair only where nothing but a few kinds could happen', () => {
    const coverage = coverageOf([NAMES]);
    expect(coverage.neverHit()).toEqual([]);
    expect(coverage.lines().at(-1)).toMatch(/in pairs: 0 of/);
  });

  it('says how to run the last few pairs that were never met', () => {
    const isMissing = ([one, other]: readonly FaultName[]): boolean => one === 'crash' && other === 'freeze';
    const coverage = coverageOf(PAIRS.filter((pair) => !isMissing(pair)));
    expect(coverage.lines().at(-1)).toBe('never met in a pair: --faults crash,freeze');
    expect(coverageOf(PAIRS).lines().at(-1)).toMatch(/^alone/);
  });
});
