import type { Faults } from './faults.ts';
import type { Books } from './upstream-books.ts';
import type { World } from './world.ts';

/** What happens to servers without anybody's asking the keeper: they die, or somebody else stops them. */
export const createMishaps = (world: World, faults: Faults, books: Books): void => {
  const chance = world.chance('mishaps');
  const befall = (): void => {
    world.after(chance.integer(10_000, 60_000), befall);
    const living = books.living();
    if (living.length === 0) return;
    const server = chance.pick(living);
    if (faults.strikes('upstream-server-dies')) {
      books.end(server, 'Error', { code: 'ServerFailed', message: 'The server has died.' });
    } else if (faults.strikes('upstream-stopped-elsewhere')) books.end(server, 'Stopped');
  };
  world.after(60_000, befall);
};
