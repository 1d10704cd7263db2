import { MINUTE_MS } from '../../shared/lease.ts';
import type { AccountRules } from '../../shared/session.ts';
import { part } from './columns.ts';
import type { Faults } from './faults.ts';
import { isNeighbour } from './neighbours.ts';
import type { Standing } from './standing.ts';
import type { Story } from './story.ts';
import type { TableRows } from './table-rows.ts';
import type { Books } from './upstream-books.ts';
import type { World } from './world.ts';

interface Surroundings {
  world: World;
  faults: Faults;
  books: Books;
  rows: TableRows;
  accountId: string;
  rules: AccountRules;
  standing: Standing;
  stories: ReadonlyMap<string, Story>;
}

/** What happens without anybody's asking the keeper: servers die, or somebody else stops them; the table is an old one. */
export const createMishaps = ({
  world,
  faults,
  books,
  rows,
  accountId,
  rules,
  standing,
  stories,
}: Surroundings): void => {
  const chance = world.chance('mishaps');
  const befallServers = (): void => {
    const living = books.living().filter((server) => !isNeighbour(server));
    if (living.length === 0) return;
    const server = chance.pick(living);
    if (faults.strikes('upstream-server-dies')) {
      books.end(server, 'Error', { code: 'ServerFailed', message: 'The server has died.' });
    } else if (faults.strikes('upstream-stopped-elsewhere')) books.end(server, 'Stopped');
  };

  let orphans = 0;
  const befallUpstream = (): void => {
    if (!faults.strikes('upstream-orphan')) return;
    orphans += 1;
    const { isExclusive } = rules;
    books.create({
      id: `orphan-${orphans}`,
      size: 'Standard',
      leaseMinutes: chance.pick([30, 90, 400]),
      startsInMs: 20_000,
      isFull: false,
      isForeign: !isExclusive,
      isOrphan: isExclusive,
    });
  };

  /** Younger, and the keeper could not tell that something is amiss: what was used since may be taken for idle. */
  const YOUNGEST_BACKUP_MS = rules.awayMs + MINUTE_MS;
  let isRestoring = false;
  const befallTime = (): void => {
    if (isRestoring || !faults.draws('table-restored')) return;
    isRestoring = true;
    const restore = rows.backUp(accountId);
    const from = world.now();
    world.after(chance.integer(YOUNGEST_BACKUP_MS, 40 * MINUTE_MS), () => {
      isRestoring = false;
      const before = recordedStatuses();
      restore();
      faults.hit('table-restored');
      world.trace.note('table', `is as it was ${Math.round((world.now() - from) / 1000)} s ago`);
      // What its users did since is forgotten; and what they do at this moment may be of either time.
      for (const story of stories.values()) if (isTouched(story, from)) standing.excuse(story.id);
      // A launch whose end is forgotten may be given up for what is known of it now.
      for (const [id, status] of recordedStatuses())
        if (status !== 'Ready' && status !== before.get(id)) standing.excuse(id);
    });
  };

  /** What is on record of each living session, whose server may have been found long after it was there. */
  const recordedStatuses = (): Map<string, unknown> =>
    new Map(
      [...stories.keys()].map((id) => [id, part(rows.get(accountId, `session:${id}`), 'observed')?.status]),
    );

  const isTouched = (
    { id, askedAt, policyAt, stopAskedAt, terminal, mayBeUsedUntil, promised }: Story,
    from: number,
  ): boolean => {
    const server = books.find(id);
    const latest = [
      askedAt,
      policyAt,
      stopAskedAt,
      terminal?.at,
      promised?.at,
      server?.endedAt,
      server?.readyAt,
    ];
    return latest.some((at) => at !== undefined && at !== null && at >= from) || mayBeUsedUntil > world.now();
  };

  const befall = (): void => {
    world.after(chance.integer(10_000, 60_000), befall);
    befallServers();
    befallUpstream();
    befallTime();
  };
  world.after(60_000, befall);
};
