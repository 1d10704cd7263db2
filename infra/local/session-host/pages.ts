import type { ContinuationScope, Continuations } from '../../../shared/continuation.ts';
import { PAGE_SIZE } from '../../../shared/protocol/session-2021.ts';
import type { LivingEntry } from './entry.ts';

export interface Page {
  entries: LivingEntry[];
  /** Where the next page goes on; undefined on the last one. */
  continuation: string | undefined;
}

/**
 * One page of the living sessions, oldest first. A continuation names the last session shown and not a count, so
 * that sessions which end between two pages make nobody be left out.
 *
 * @throws BadRequestError for a continuation that was not given out here, for this account and api-version
 */
export const pageOf = async (
  living: readonly LivingEntry[],
  continuation: string | undefined,
  scope: ContinuationScope,
  continuations: Continuations,
): Promise<Page> => {
  const start = continuation === undefined ? '' : await continuations.read(scope, continuation);
  const rest = living
    .filter((entry) => placeOf(entry) > start)
    .sort((left, right) => (placeOf(left) < placeOf(right) ? -1 : 1));
  const entries = rest.slice(0, PAGE_SIZE);
  const last = entries.at(-1);
  const hasMore = rest.length > entries.length && last !== undefined;
  return {
    entries,
    continuation: hasMore ? await continuations.issue(scope, placeOf(last)) : undefined,
  };
};

/** Sorts as text: instants have one length. */
const placeOf = (entry: LivingEntry): string => `${new Date(entry.createdAt).toISOString()} ${entry.id}`;
