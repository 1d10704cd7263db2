import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Tables before properties: most mutants fall to a table, and the first failure ends the run. */
class TablesFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const isProperty = ({ moduleId }: TestSpecification): boolean => moduleId.includes('/test/property/');
    const sorted = await super.sort(files);
    return sorted.toSorted((left, right) => Number(isProperty(left)) - Number(isProperty(right)));
  }
}

/**
 * The tests of what reckons with leases and idleness, for mutation testing. Unlike in `npm test`, each file loads its
 * imports itself: a constant is reckoned when its module is loaded, and a file that found it loaded already would never
 * see the mutated one.
 */
export default defineConfig({
  test: {
    include: ['test/{unit,property}/{lease,idle,decide,evolve,ending}*.test.ts', 'test/unit/session.test.ts'],
    setupFiles: ['test/mutation/repeatable.ts'],
    sequence: { sequencer: TablesFirst },
    testTimeout: 60_000,
  },
});
