import type { PartialStrykerOptions } from '@stryker-mutator/api/core';

/** Mutation testing of the arithmetic that all else rests on. What it tells: docs/mutation.md. */
export default {
  mutate: ['shared/lease.ts', 'shared/session.ts'],
  plugins: ['@stryker-mutator/vitest-runner'],
  testRunner: 'vitest',
  vitest: { configFile: 'test/mutation/vitest.config.ts', related: false },
  // Only the tests that reach a mutant are run with it.
  coverageAnalysis: 'perTest',
  // Not copied for the run. Stryker would rewrite the tsconfig, with a compiler API that TypeScript 7 does not have.
  ignorePatterns: ['tsconfig*.json', 'dist', '.data', 'coverage'],
  // One process: the tests wait for nothing, so that more of them only compete.
  concurrency: 1,
  reporters: ['progress', 'clear-text'],
  clearTextReporter: { logTests: false, reportTests: false },
  // Nothing is left behind, even where a run fails; one that is broken off does leave its copy.
  cleanTempDir: 'always',
  // Constants are what these files are made of: that each mutant of one costs a whole run is no surprise.
  warnings: { unknownOptions: true, preprocessorErrors: true, unserializableOptions: true, slow: false },
  thresholds: { high: 95, low: 90, break: 90 },
} satisfies PartialStrykerOptions;
