import type { Reporter, TestModule } from 'vitest/node';

/** Ends a run with one line for machines: `N passed, N failed`, and `, N skipped` where that is so. */
export class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    const states = modules.flatMap((module) =>
      [...module.children.allTests()].map((test) => test.result().state),
    );
    const count = (state: string): number => states.filter((one) => one === state).length;
    // A file that cannot be loaded has no tests, and an error outside any test is nobody's: both are failures.
    const broken = modules.filter(
      (module) => module.state() === 'failed' && module.errors().length > 0,
    ).length;
    const failed = count('failed') + broken + errors.length;
    const skipped = count('skipped') + count('pending');
    const rest = skipped > 0 ? `, ${skipped} skipped` : '';
    // After the other reporters have said their last word.
    process.once('exit', () =>
      process.stdout.write(`\n${count('passed')} passed, ${failed} failed${rest}\n`),
    );
  }
}
