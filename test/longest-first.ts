import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Mostly waiting, for real minutes: whatever computes goes on beside them. */
const WAITING = ['package', 'keep-and-reap', 'outages', 'start', 'kills', 'functions-host'];
/** Then those that compute most, and at last the small ones, so that no core has nothing to do at the end. */
const PROJECTS = ['simulation', 'parts', 'fast'];

/** The order of the test files. Without it the longest would begin when nearly all others have ended. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const rank = new Map(sorted.map((file) => [file, rankOf(file)]));
    // Stable: equal ones stay as they are, the longer ones of the last run first.
    return sorted.sort((left, right) => (rank.get(left) ?? 0) - (rank.get(right) ?? 0));
  }
}

const rankOf = ({ moduleId, project }: TestSpecification): number => {
  const group = project.config.sequence.groupOrder * 100;
  const waits = WAITING.findIndex((name) => moduleId.endsWith(`/${name}.test.ts`));
  return group + (waits >= 0 ? waits : WAITING.length + PROJECTS.indexOf(project.name));
};
