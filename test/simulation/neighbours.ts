import type { AccountRules } from '../../shared/session.ts';
import type { Books } from './upstream-books.ts';
import type { World } from './world.ts';

/** Others who use the same account of the upstream, in some runs: the list is long, and few of it is the keeper's. */

const SHARE_OF_RUNS = 0.04;
const HOW_MANY = [30, 60];
const PREFIX = 'neighbour-';

export const isNeighbour = ({ id }: { id: string }): boolean => id.startsWith(PREFIX);

export const settleNeighbours = (
  world: World,
  books: Books,
  { isExclusive }: Pick<AccountRules, 'isExclusive'>,
): void => {
  const chance = world.chance('neighbours');
  if (isExclusive || !chance.hits(SHARE_OF_RUNS)) return;
  const count = chance.pick(HOW_MANY);
  for (let index = 1; index <= count; index += 1) {
    books.create({
      ...{ id: `${PREFIX}${index}`, size: 'Standard', leaseMinutes: 1440, startsInMs: 1_000 },
      ...{ isFull: false, isForeign: true },
    });
  }
};
