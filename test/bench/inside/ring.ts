import { randomUUID } from 'node:crypto';
import { MINUTE_MS } from '../../../shared/lease.ts';
import { type RowChange, TABLE_NAME } from '../../../shared/store/table.ts';
import { settleGate } from './counts.ts';
import { createFloors, noting, type Samples } from './floors.ts';
import { contestOf, type Ids, type Match } from './matches.ts';
import { onRealStage, type RealStage } from './real-table.ts';
import { contend, type Outcome, type Pace } from './rounds.ts';
import { seedSessions } from './seed.ts';

/** Where calls and their floors meet: one account with some tracked sessions, in an Azurite of its own. */
export interface Ring {
  contend(match: Match, pace: Pace): Promise<Outcome>;
  stop(): Promise<void>;
}

const COVERED_FOR_MS = 600 * MINUTE_MS;
const SEEDED_AT_A_TIME = 4;

export const startRing = (tracked: number): Promise<Ring> => onRealStage((stage) => ringOn(stage, tracked));

const ringOn = async (stage: RealStage, tracked: number): Promise<Ring> => {
  const samples = await sample(stage);
  const app = await stage.appOn((table) => table);
  await settleGate(app.store, stage.clock.now());
  const floors = createFloors(stage.connectionString, TABLE_NAME, stage.upstreamUrl, samples);
  const { ids, refill } = await idsIn(stage, tracked);
  return {
    async contend(match, pace) {
      if (match.session === 'uncovered') await refill(2 * pace.each * (pace.warming + pace.rounds));
      const contest = contestOf(match, (name, id) => app.prepare(name, id).run, floors, ids);
      return contend(contest, pace);
    },
    stop: stage.stop,
  };
};

/** What one create and one stop write, for the floors. */
const sample = async (stage: RealStage): Promise<Samples> => {
  const written: (readonly RowChange[])[] = [];
  const app = await stage.appOn((table) => noting(table, written));
  const sessionId = randomUUID();
  await app.prepare('create', sessionId).run();
  const create = written.splice(0);
  await app.prepare('stop', sessionId).run();
  return { sessionId, create, stop: written.splice(0) };
};

/** Sessions in the table, handed out one by one; those that are covered may be used again and again. */
const idsIn = async (
  { clock, submit, upstreamUrl }: RealStage,
  tracked: number,
): Promise<{ ids: Ids; refill(count: number): Promise<void> }> => {
  const now = clock.now();
  const seed = async (count: number, coveredUntil: number): Promise<string[]> => {
    const slots = Array.from({ length: count }, () => ({
      sessionId: randomUUID(),
      dueAt: now + COVERED_FOR_MS,
    }));
    const shape = { upstreamUrl, now, coveredUntil, leaseMinutes: 700 };
    await seedSessions(submit, shape, slots, SEEDED_AT_A_TIME);
    return slots.map(({ sessionId }) => sessionId);
  };
  const covered = await seed(tracked, now + COVERED_FOR_MS);
  const fresh: string[] = [];
  let turn = 0;
  return {
    ids: {
      covered() {
        turn += 1;
        return covered[turn % tracked] ?? '';
      },
      uncovered: () => fresh.pop() ?? '',
    },
    async refill(count) {
      fresh.push(...(await seed(count, now - MINUTE_MS)));
    },
  };
};
