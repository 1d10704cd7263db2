import { defineConfig } from 'vitest/config';
import { ClosingLine } from './test/closing-line.ts';
import { LongestFirst } from './test/longest-first.ts';

/** What only computes: one worker for each core of the smallest machine, and nothing beside that waits for a clock. */
const COMPUTING = { maxWorkers: 2, sequence: { groupOrder: 0 } } as const;
/** Most of its time is spent waiting for the stack's clock, not computing: more workers than cores. */
const WAITING = { maxWorkers: 4, sequence: { groupOrder: 1 } } as const;

/** Files of one worker share what they import, which is half of the time of the small ones; none leaves a trace. */
const SHARED_IMPORTS = { isolate: false } as const;

export default defineConfig({
  test: {
    reporters: ['default', new ClosingLine()],
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        test: {
          name: 'fast',
          ...COMPUTING,
          ...SHARED_IMPORTS,
          pool: 'threads',
          include: ['test/{unit,property}/**/*.test.ts'],
          // Properties take a second or two each, and more where other files are at work beside them.
          testTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'parts',
          ...WAITING,
          ...SHARED_IMPORTS,
          include: ['test/{contract,integration,browser}/**/*.test.ts'],
          // Above what a test waits for one thing (test/stack.ts), several times in a row.
          testTimeout: 240_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'simulation',
          ...COMPUTING,
          include: ['test/simulation/**/*.test.ts'],
          testTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'alone',
          include: ['test/alone/**/*.test.ts'],
          testTimeout: 240_000,
          hookTimeout: 120_000,
          // What measures times, or needs the whole machine, comes after everything else, one file at a time.
          sequence: { groupOrder: 2 },
          fileParallelism: false,
        },
      },
      ...(process.env.LEASE_KEEPER_SOAK
        ? [
            {
              test: {
                name: 'soak',
                include: ['test/soak/**/*.test.ts', 'test/integration/fuzz.test.ts'],
                fileParallelism: false,
                testTimeout: 900_000,
                hookTimeout: 120_000,
              },
            },
          ]
        : []),
    ],
  },
});
