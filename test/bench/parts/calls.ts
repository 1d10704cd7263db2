import { randomUUID } from 'node:crypto';
import { MINUTE_MS } from '../../../shared/lease.ts';
import { type RowChange, TABLE_NAME } from '../../../shared/store/table.ts';
import type { Figure, Part } from '../figures.ts';
import type { CallName } from '../inside/app.ts';
import { CALL_CASES, countCall, settleGate, shareOfWrites } from '../inside/counts.ts';
import { createFloors, noting, type Samples } from '../inside/floors.ts';
import { type Ids, matchesOf } from '../inside/matches.ts';
import { type RealStage, startRealStage } from '../inside/real-table.ts';
import { contend, type Outcome, type Pace } from '../inside/rounds.ts';
import { seedSessions } from '../inside/seed.ts';
import { formatNumber } from '../table.ts';

const [ALONE, TOGETHER] = [1, 32] as const;
const paceOf = (inFlight: number, isLong: boolean): Pace =>
  inFlight === ALONE
    ? { inFlight, each: isLong ? 20 : 60, rounds: 9 }
    : { inFlight, each: isLong ? 96 : 320, rounds: 5 };

const TRACKED = 20;
const COVERED_FOR_MS = 600 * MINUTE_MS;

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
const idsIn = async (stage: RealStage): Promise<{ ids: Ids; refill(count: number): Promise<void> }> => {
  const now = stage.clock.now();
  const { submit, upstreamUrl } = stage;
  const seed = async (count: number, coveredUntil: number): Promise<string[]> => {
    const slots = Array.from({ length: count }, () => ({
      sessionId: randomUUID(),
      dueAt: now + COVERED_FOR_MS,
    }));
    await seedSessions(submit, { upstreamUrl, now, coveredUntil, leaseMinutes: 700 }, slots, 4);
    return slots.map(({ sessionId }) => sessionId);
  };
  const covered = await seed(TRACKED, now + COVERED_FOR_MS);
  const fresh: string[] = [];
  let turn = 0;
  return {
    ids: {
      covered() {
        turn += 1;
        return covered[turn % TRACKED] ?? '';
      },
      uncovered: () => fresh.pop() ?? '',
    },
    async refill(count) {
      fresh.push(...(await seed(count, now - MINUTE_MS)));
    },
  };
};

const rowOf = (name: string, inFlight: number, { ours, floor, ratio, spread }: Outcome): string => {
  const cells = [ours, floor].flatMap(({ perSecond, p50Ms, p99Ms }) => [perSecond, p50Ms, p99Ms]);
  const numbers = [...cells, ratio].map(formatNumber);
  return `| ${[name, inFlight, ...numbers, spread.map(formatNumber).join('–')].join(' | ')} |`;
};

const HEAD = `| call | in flight | req/s | p50 ms | p99 ms | floor: req/s | p50 ms | p99 ms | time ÷ floor's | of rounds |
| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |`;

const countFigures = async (): Promise<Figure[]> => {
  const figures: Figure[] = [];
  for (const one of CALL_CASES) {
    const { reads, queries, writes, upstream } = await countCall(one);
    const isCreate = one.call === 'create' || one.call === 'createV1';
    figures.push(
      { name: `${one.name}: table reads`, value: reads + queries, unit: '' },
      {
        name: `${one.name}: table writes`,
        value: writes,
        unit: '',
        ...(isCreate ? { goal: { most: 2 } } : {}),
      },
      {
        name: `${one.name}: upstream calls`,
        value: upstream,
        unit: '',
        ...(isCreate ? { goal: { most: 1 } } : {}),
      },
    );
  }
  const share = await shareOfWrites(1_000, 10_000, 10 * MINUTE_MS);
  const name = 'beats that write, of 1,000 sessions each 10 s';
  return [...figures, { name, value: share, unit: '', goal: { most: 0.2 } }];
};

export const calls: Part = {
  name: 'calls',
  about: `
What a call takes through the app's own handlers (token, checks, keeper, answer; without the host around them), beside
the floor: the bare \`@azure/data-tables\` operations, and the bare upstream call, that it cannot do without. Both use
the same Azurite and the same upstream, processes of their own that answer at once, and take turns in rounds; the headline
is the median of the rounds' ratios, one call at a time and ${TOGETHER} in flight. The instance is warm.

What comes on top of the floor is known. A create reads the account's gate before its first transaction, because an upstream
that told to wait is left alone by all instances, also where there is no gap between calls; and one with an id of the client's
looks, beside that, whether a session of this id has ended. A stop is written down before it is begun, and read when it
is done. A list reads the signs of use of each session, which are rows of their own so that a heartbeat costs one read.

The counts are those that \`npm test\` guards ([the scenes](../test/bench/inside/counts.ts)): they are the same in each run.`,

  async run({ progress }) {
    const stage = await startRealStage();
    try {
      const samples = await sample(stage);
      const app = await stage.appOn((table) => table);
      await settleGate(app.store, stage.clock.now());
      const prepare = (name: CallName, id: string) => app.prepare(name, id).run;
      const floors = createFloors(stage.connectionString, TABLE_NAME, stage.upstreamUrl, samples);
      const { ids, refill } = await idsIn(stage);
      const figures: Figure[] = [];
      const rows: string[] = [];
      // The list first, while there are no other sessions: the other calls leave some behind.
      for (const { name, floor, goal, isLong, isFresh, contest } of matchesOf(
        prepare,
        floors,
        TRACKED,
      ).toReversed()) {
        for (const inFlight of [ALONE, TOGETHER]) {
          progress(`${name}, ${inFlight} in flight`);
          const pace = paceOf(inFlight, isLong);
          if (isFresh) await refill(2 * pace.each * (pace.rounds + 1));
          const outcome = await contend(contest(ids), pace);
          const figure = {
            name: `${name} ÷ ${floor}, ${inFlight} in flight`,
            value: outcome.ratio,
            unit: '',
          };
          figures.push(goal === undefined ? figure : { ...figure, goal });
          rows.push(rowOf(name, inFlight, outcome));
        }
      }
      progress('counts');
      return {
        figures: [...figures, ...(await countFigures())],
        remarks: `${HEAD}\n${rows.join('\n')}`,
      };
    } finally {
      await stage.stop();
    }
  },
};
