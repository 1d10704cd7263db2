import { MINUTE_MS } from '../../../shared/lease.ts';
import type { Figure, Part } from '../figures.ts';
import { CALL_CASES, countCall, shareOfWrites } from '../inside/counts.ts';
import { listOf, MATCHES, type Match } from '../inside/matches.ts';
import { type Ring, startRing } from '../inside/ring.ts';
import type { Outcome, Pace } from '../inside/rounds.ts';
import { formatNumber } from '../table.ts';

const TRACKED = 20;
const [ALONE, TOGETHER] = [1, 32] as const;
/** Hundreds of calls of each kind, so that what is compiled on the way is so by then, on both sides and in Azurite. */
const WARMING: Pace = { inFlight: TOGETHER, each: 400, rounds: 1, warming: 0 };
/**
 * One at a time they take turns call by call, so that whatever the machine does besides falls on both. Many in flight
 * need longer rounds: in the end of each there are fewer.
 */
const paceOf = (inFlight: number, isLong: boolean): Pace =>
  inFlight === ALONE
    ? { inFlight, each: 1, rounds: isLong ? 250 : 500, warming: 20 }
    : { inFlight, each: isLong ? 64 : 160, rounds: isLong ? 15 : 21, warming: 1 };

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
The instance is warm: before anything is measured, each call and each floor was made ${WARMING.each} times.

What comes on top of the floor is known. A create reads the account's gate, because an upstream that told to wait is left
alone by all instances, also where there is no gap between calls: beside its first transaction where the keeper chooses the
id, and before it where the client does, together with a look whether a session of this id has ended. A stop is written down
before it is begun, and read when it is done. A list reads the signs of use of each session, which are rows of their own so
that a heartbeat costs one read.

With ${TOGETHER} in flight one process has all of its core to do, and what counts is its computing. A bare point read takes some 135 µs
of it, the same read through the store 165, and the whole heartbeat 255: the rest is the request and the answer of the
functions library, headers, token, limits and JSON, without a single place that stands out in a profile. So the
heartbeat that is covered already, which is next to nothing but that, misses its goal there.

The counts are those that \`npm test\` guards ([the scenes](../test/bench/inside/counts.ts)): they are the same in each run.`,

  async run({ progress }) {
    const measure = async (ring: Ring, match: Match, inFlight: number): Promise<Timed> => {
      const { name, floor, goal, isLong } = match;
      progress(`${name}, ${inFlight} in flight`);
      const outcome = await ring.contend(match, paceOf(inFlight, isLong));
      return {
        figure: {
          name: `${name} ÷ ${floor}, ${inFlight} in flight`,
          ...{ ...outcome.ratio, unit: '', ...(goal && { goal }) },
        },
        row: rowOf(name, inFlight, outcome),
      };
    };
    const timed: Timed[] = [];
    // The list by itself: the other calls leave sessions behind.
    for (const matches of [MATCHES, [listOf(TRACKED)]]) {
      const ring = await startRing(TRACKED);
      try {
        progress('warming up');
        for (const match of matches) await ring.contend(match, WARMING);
        for (const match of matches)
          timed.push(await measure(ring, match, ALONE), await measure(ring, match, TOGETHER));
      } finally {
        await ring.stop();
      }
    }
    progress('counts');
    return {
      figures: [...timed.map(({ figure }) => figure), ...(await countFigures())],
      remarks: [HEAD, ...timed.map(({ row }) => row)].join('\n'),
    };
  },
};
