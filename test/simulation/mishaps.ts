import { rowKeys } from '../../shared/store/rows.ts';
import { DAMAGED } from './check-table.ts';
import type { Faults } from './faults.ts';
import type { TableRows } from './table-rows.ts';
import type { Books } from './upstream-books.ts';
import type { World } from './world.ts';

interface Surroundings {
  world: World;
  faults: Faults;
  books: Books;
  rows: TableRows;
  accountId: string;
}

/**
 * What happens without anybody's asking the keeper: servers die, or somebody else stops them; and the table gets a
 * record that cannot be read.
 */
export const createMishaps = ({ world, faults, books, rows, accountId }: Surroundings): void => {
  const chance = world.chance('mishaps');
  let damaged = 0;

  const befallServers = (): void => {
    const living = books.living();
    if (living.length === 0) return;
    const server = chance.pick(living);
    if (faults.strikes('upstream-server-dies')) {
      books.end(server, 'Error', { code: 'ServerFailed', message: 'The server has died.' });
    } else if (faults.strikes('upstream-stopped-elsewhere')) books.end(server, 'Stopped');
  };

  const befallTable = (): void => {
    // Each costs every sweep of the rest of the run.
    if (damaged > 0 || !faults.strikes('row-damaged')) return;
    damaged += 1;
    const id = `${DAMAGED}-${damaged}`;
    rows.submit(accountId, [
      { type: 'create', rowKey: rowKeys.live(id), columns: { seq: 'x' } },
      { type: 'create', rowKey: rowKeys.due(world.now() - 1_000, id), columns: {} },
    ]);
    world.trace.note('table', `${id}: a record that nobody can read`);
  };

  const befall = (): void => {
    world.after(chance.integer(10_000, 60_000), befall);
    befallServers();
    befallTable();
  };
  world.after(60_000, befall);
};
