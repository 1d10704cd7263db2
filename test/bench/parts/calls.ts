import { randomUUID } from 'node:crypto';
import { MINUTE_MS } from '../../../shared/lease.ts';
import { type RowChange, TABLE_NAME } from '../../../shared/store/table.ts';
import type { Figure, Part } from '../figures.ts';
import type { CallName } from '../inside/app.ts';
import { CALL_CASES, countCall, settleGate, shareOfWrites } from '../inside/counts.ts';
import { createFloors, noting, type Samples } from '../inside/floors.ts';
import { contestOf, type Ids, type Match, matchesOf } from '../inside/matches.ts';
import { type RealStage, startRealStage } from '../inside/real-table.ts';
import { contend, type Outcome, type Pace } from '../inside/rounds.ts';
import { seedSessions } from '../inside/seed.ts';
import { formatNumber } from '../table.ts';

const [ALONE, TOGETHER] = [1, 32] as const;
/**
 * One at a time they take turns call by call, so that whatever the machine does besides falls on both. Many in flight
 * need longer rounds: in the end of each there are fewer.
 */
const paceOf = (inFlight: number, isLong: boolean): Pace =>
  inFlight === ALONE
    ? { inFlight, each: 1, rounds: isLong ? 180 : 500, warming: isLong ? 40 : 100 }
    : { inFlight, each: isLong ? 64 : 160, rounds: isLong ? 9 : 11, warming: 1 };

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

const rowOf = (name: string, inFlight: number, { ours, floor, ratio }: Outcome): string => {
  const cells = [ours, floor].flatMap(({ perSecond, p50Ms, p99Ms }) => [perSecond, p50Ms, p99Ms]);
  const numbers = [...cells, ratio.value].map(formatNumber);
  return `| ${[name, inFlight, ...numbers, ratio.spread.map(formatNumber).join('–')].join(' | ')} |`;
};

interface Timed {
  figure: Figure;
  row: string;
}

const HEAD = `| call | in flight | req/s | p50 ms | p99 ms | floor: req/s | p50 ms | p99 ms | time ÷ floor's | spread |
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
the same Azurite and the same upstream, processes of their own that answer at once, and take turns: call by call where
there is one at a time, and in longer rounds where ${TOGETHER} are in flight. The headline is the median of the rounds' ratios.
The instance is warm.

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
      const measure = async (match: Match, inFlight: number): Promise<Timed> => {
        const { name, floor, goal, session, isLong } = match;
        progress(`${name}, ${inFlight} in flight`);
        const pace = paceOf(inFlight, isLong);
        if (session === 'uncovered') await refill(2 * pace.each * (pace.warming + pace.rounds));
        const outcome = await contend(contestOf(match, prepare, floors, ids), pace);
        return {
          figure: {
            name: `${name} ÷ ${floor}, ${inFlight} in flight`,
            ...{ ...outcome.ratio, unit: '', ...(goal && { goal }) },
          },
          row: rowOf(name, inFlight, outcome),
        };
      };
      const timed: Timed[] = [];
      // From the last one, the list, while there are no other sessions: the other calls leave some behind.
      for (const match of matchesOf(TRACKED).toReversed())
        timed.unshift(await measure(match, ALONE), await measure(match, TOGETHER));
      progress('counts');
      return {
        figures: [...timed.map(({ figure }) => figure), ...(await countFigures())],
        remarks: [HEAD, ...timed.map(({ row }) => row)].join('\n'),
      };
    } finally {
      await stage.stop();
    }
  },
};
