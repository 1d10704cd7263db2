import { expect, it } from 'vitest';
import { createCoverage } from '../simulation/coverage.ts';
import { describeViolation, runSeeds } from '../simulation/seeds.ts';

/** As `npm run simulate -- --seeds 200`, on both cores. */
const RUN = { seeds: 200, firstSeed: 1, hours: 24, workers: 2 } as const;
const LAST_STEPS = 40;

it('keeps every invariant for two hundred simulated days, with every fault', async () => {
  const wrong: string[] = [];
  const coverage = createCoverage();
  let [steps, seeds] = [0, 0];
  const begunAt = performance.now();
  await runSeeds(RUN, (report) => {
    seeds += 1;
    steps += report.steps;
    coverage.add(report);
    const text = describeViolation(report, RUN, LAST_STEPS);
    if (text !== undefined) wrong.push(text);
  });
  const seconds = Math.round((performance.now() - begunAt) / 1000);
  console.log(
    `seeds ${seeds}, steps ${steps}, faults ${coverage.hits()}, violations ${wrong.length}, in ${seconds} s`,
  );
  expect(wrong).toEqual([]);
  expect(seeds).toBe(RUN.seeds);
  expect(coverage.neverHit()).toEqual([]);
});
