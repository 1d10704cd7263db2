import { pairsOf, triplesOf } from './fault-choice.ts';
import { FAULT_KINDS, type FaultName } from './fault-kinds.ts';
import type { WorkerReport } from './worker.ts';

/** How much of what can go wrong has gone wrong, in all runs together. */
export interface Coverage {
  add(report: Pick<WorkerReport, 'chosen' | 'faults'>): void;
  hits(): number;
  neverHit(): FaultName[];
  /** For people: each kind with its count, and what was met alone, in pairs and in triples. */
  lines(): string[];
}

/** So many pairs that were never met are told by name: whoever wants them all knows which to run by themselves. */
const MOST_NAMED = 20;

export const createCoverage = (): Coverage => {
  const names = Object.keys(FAULT_KINDS) as FaultName[];
  const counts = new Map<FaultName, number>();
  /** Alone, in pairs, in triples: only of runs in which nothing else could happen. */
  const met = [new Set<string>(), new Set<string>(), new Set<string>()] as const;
  const countOf = (name: FaultName): number => counts.get(name) ?? 0;

  const pairsNeverMet = (): string[] => {
    const never = names
      .toSorted()
      .flatMap((one, index, sorted) => sorted.slice(index + 1).map((other) => [one, other] as const))
      .filter(([one, other]) => !met[1].has(`${one} ${other}`));
    return never.length > MOST_NAMED
      ? []
      : never.map((pair) => `never met in a pair: --faults ${pair.join(',')}`);
  };

  return {
    add({ chosen, faults }) {
      for (const [name, hits] of faults) counts.set(name, countOf(name) + hits);
      if (chosen.length > met.length) return;
      const hit = faults.map(([name]) => name).sort();
      if (chosen.length === 1) for (const name of hit) met[0].add(name);
      for (const [index, one] of hit.entries())
        for (const other of hit.slice(index + 1)) met[1].add(`${one} ${other}`);
      if (hit.length === 3) met[2].add(hit.join(' '));
    },
    hits: () => [...counts.values()].reduce((sum, count) => sum + count, 0),
    neverHit: () => names.filter((name) => countOf(name) === 0),
    lines() {
      const many = names.length;
      return [
        ...names.map((name) =>
          countOf(name) === 0 ? `${name}: NEVER HIT` : `${name}: ${countOf(name)} hits`,
        ),
        `alone: ${met[0].size} of ${many}, in pairs: ${met[1].size} of ${pairsOf(many)}, ` +
          `in triples: ${met[2].size} of ${triplesOf(many)}`,
        ...pairsNeverMet(),
      ];
    },
  };
};
