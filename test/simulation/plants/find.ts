import type { FaultName } from '../fault-kinds.ts';
import type { RunReport } from '../run.ts';
import { loadWith } from './loader.ts';
import type { Plant } from './plant.ts';

export interface Search {
  firstSeed: number;
  seeds: number;
  hours: number;
  faults?: readonly FaultName[] | undefined;
}

/** Runs seed after seed with the plant until one catches it: its report, or undefined. `told` of each that has run. */
export const findSeed = async (
  plant: Plant,
  { firstSeed, seeds, hours, faults }: Search,
  told: (report: RunReport) => void = () => undefined,
): Promise<RunReport | undefined> => {
  const simulate = await loadWith(plant);
  for (let seed = firstSeed; seed < firstSeed + seeds; seed += 1) {
    const report = await simulate({ seed, hours, faults });
    told(report);
    if (report.violation !== undefined) return report;
  }
  return undefined;
};
