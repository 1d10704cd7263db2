import { BadRequestError } from '../../../shared/errors.ts';
import type { LivingEntry } from './entry.ts';

/** How many sessions one page of the list has at most. */
export const PAGE_SIZE = 100;

export interface Page {
  entries: LivingEntry[];
  /** Where the next page goes on; undefined on the last one. */
  continuation: string | undefined;
}

/**
 * One page of the living sessions, oldest first. A continuation names the last session shown and not a count, so
 * that sessions which end between two pages make nobody be left out.
 *
 * @throws BadRequestError for a continuation that was not given out here
 */
export const pageOf = (living: readonly LivingEntry[], after: string | undefined): Page => {
  const start = after === undefined ? '' : decode(after);
  const rest = living
    .filter((entry) => placeOf(entry) > start)
    .sort((left, right) => (placeOf(left) < placeOf(right) ? -1 : 1));
  const entries = rest.slice(0, PAGE_SIZE);
  const last = entries.at(-1);
  const hasMore = rest.length > entries.length && last !== undefined;
  return { entries, continuation: hasMore ? Buffer.from(placeOf(last)).toString('base64url') : undefined };
};

/** Sorts as text: instants have one length. */
const placeOf = (entry: LivingEntry): string => `${new Date(entry.createdAt).toISOString()} ${entry.id}`;

const decode = (continuation: string): string => {
  const place = Buffer.from(continuation, 'base64url').toString();
  if (/^\d{4}-\d\d-\d\dT[\d:.]+Z [\w-]+$/.test(place)) return place;
  throw new BadRequestError('The continuation is not one that was given out here.', {
    target: 'continuation',
  });
};
