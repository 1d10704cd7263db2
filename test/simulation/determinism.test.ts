import { afterEach, describe, expect, it, vi } from 'vitest';
import { chosenBy } from './fault-choice.ts';
import { FAULT_KINDS } from './fault-kinds.ts';
import { simulate } from './run.ts';
import { runSeeds } from './seeds.ts';
import type { WorkerReport } from './worker.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

describe('a simulation', () => {
  it('is the same again, to the byte, for the same seed', async () => {
    const once = await simulate({ seed: 7, hours: 6, isWholeTrace: true });
    // Beside another one, so that they take turns.
    const [again] = await Promise.all([
      simulate({ seed: 7, hours: 6, isWholeTrace: true }),
      simulate({ seed: 8, hours: 3 }),
    ]);
    expect(again.trace.length).toBeGreaterThan(100);
    expect(again.trace.join('\n')).toBe(once.trace.join('\n'));
    expect(again.steps).toBe(once.steps);
  });

  it.each([
    { what: 'one kind of fault', kinds: 1 },
    { what: 'all kinds', kinds: Object.keys(FAULT_KINDS).length },
  ])('with $what is the same in a worker, to the byte, for a whole day', async ({ kinds }) => {
    const seeds = Array.from({ length: 50 }, (_, index) => index + 1);
    const seed = seeds.find((one) => chosenBy(one, Object.keys(FAULT_KINDS)).length === kinds) ?? 0;
    const options = { hours: 24, isWholeTrace: true } as const;
    const reports: WorkerReport[] = [];
    await runSeeds({ ...options, seeds: 1, firstSeed: seed, workers: 1 }, (report) => reports.push(report));
    const inline = await simulate({ ...options, seed });
    expect(inline.chosen).toHaveLength(kinds);
    expect(inline.trace.length).toBeGreaterThan(1_000);
    expect(reports[0]?.trace.join('\n')).toBe(inline.trace.join('\n'));
    expect(reports[0]?.faults).toEqual([...inline.faults]);
  });

  it('is another one for another seed', async () => {
    const [one, other] = [await simulate({ seed: 1, hours: 3 }), await simulate({ seed: 2, hours: 3 })];
    expect(one.trace.join('\n')).not.toBe(other.trace.join('\n'));
  });

  it('asks no clock and no chance of this machine', async () => {
    const real = (): never => {
      throw new Error('this is real');
    };
    vi.spyOn(Date, 'now').mockImplementation(real);
    vi.spyOn(Math, 'random').mockImplementation(real);
    vi.spyOn(globalThis, 'setTimeout').mockImplementation(real);
    const { violation, steps } = await simulate({ seed: 7, hours: 6 });
    expect(violation).toBeUndefined();
    expect(steps).toBeGreaterThan(1_000);
  });
});
