import { StorageUnavailableError } from './errors.ts';

/**
 * What a sweep has with its table: one operation that fails is nothing unusual, and stops nothing; so many of them one
 * after another are a table that is down, and end the sweep.
 */
export interface Patience {
  /** The result, however many tries it takes. @throws StorageUnavailableError where the table is down */
  insist<Result>(work: () => Promise<Result>): Promise<Result>;
  /** The result, or the other one where the table failed. @throws StorageUnavailableError where the table is down */
  orElse<Result>(work: () => Promise<Result>, otherwise: Result): Promise<Result>;
}

const MAX_TABLE_FAILURES = 5;

/** `report` is told of each failure. */
export const createPatience = (report: (error: StorageUnavailableError) => void): Patience => {
  let failures = 0;

  const attempt = async <Result>(work: () => Promise<Result>): Promise<{ result: Result } | undefined> => {
    try {
      const result = await work();
      failures = 0;
      return { result };
    } catch (error) {
      if (!(error instanceof StorageUnavailableError)) throw error;
      failures += 1;
      if (failures > MAX_TABLE_FAILURES) throw error;
      report(error);
      return undefined;
    }
  };

  return {
    async insist(work) {
      for (;;) {
        const done = await attempt(work);
        if (done !== undefined) return done.result;
      }
    },
    orElse: async (work, otherwise) => ((await attempt(work)) ?? { result: otherwise }).result,
  };
};
