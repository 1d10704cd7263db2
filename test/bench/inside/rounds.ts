/** Work that is measured against other work in the same run: the two take turns, so that both meet the same machine. */
export interface Contest {
  /** Each gives one piece of work, made before it is measured. */
  ours(): Work;
  floor(): Work;
}

export type Work = () => Promise<unknown>;

export interface Pace {
  inFlight: number;
  /** Pieces of work of each side in a round. */
  each: number;
  rounds: number;
  /** So many more before them warm what is compiled and connected on the way, and do not count. */
  warming: number;
}

export interface Side {
  perSecond: number;
  p50Ms: number;
  p99Ms: number;
}

export interface Outcome {
  ours: Side;
  floor: Side;
  /** Our time ÷ the floor's. */
  ratio: Headline;
}

/** What many rounds say together. */
export interface Headline {
  /** Their median. */
  value: number;
  /** The middle half of them. */
  spread: readonly [number, number];
}

export const headlineOf = (rounds: readonly number[]): Headline => ({
  value: quantile(rounds, 0.5),
  spread: [quantile(rounds, 0.25), quantile(rounds, 0.75)],
});

export const contend = async (contest: Contest, pace: Pace): Promise<Outcome> => {
  const ours: Round[] = [];
  const floor: Round[] = [];
  for (let round = -pace.warming; round < pace.rounds; round += 1) {
    const isOursFirst = round % 2 === 0;
    const first = await run(isOursFirst ? contest.ours : contest.floor, pace);
    const second = await run(isOursFirst ? contest.floor : contest.ours, pace);
    if (round < 0) continue;
    ours.push(isOursFirst ? first : second);
    floor.push(isOursFirst ? second : first);
  }
  const ratios = ours.map(({ totalMs }, index) => totalMs / (floor[index]?.totalMs ?? Number.NaN));
  return {
    ours: sideOf(ours),
    floor: sideOf(floor),
    ratio: headlineOf(ratios),
  };
};

interface Round {
  totalMs: number;
  timesMs: readonly number[];
}

const run = async (make: () => Work, { inFlight, each }: Pace): Promise<Round> => {
  const queue = Array.from({ length: each }, make).values();
  const timesMs: number[] = [];
  const startedAt = performance.now();
  const worker = async (): Promise<void> => {
    for (const work of queue) {
      const begunAt = performance.now();
      await work();
      timesMs.push(performance.now() - begunAt);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, worker));
  return { totalMs: performance.now() - startedAt, timesMs };
};

const sideOf = (rounds: readonly Round[]): Side => {
  const timesMs = rounds.flatMap((round) => round.timesMs);
  const totalMs = rounds.reduce((sum, round) => sum + round.totalMs, 0);
  return {
    perSecond: (timesMs.length / totalMs) * 1000,
    p50Ms: quantile(timesMs, 0.5),
    p99Ms: quantile(timesMs, 0.99),
  };
};

/** By the nearest rank, and the mean of the two in the middle for the median of an even number. */
export const quantile = (values: readonly number[], share: number): number => {
  const sorted = values.toSorted((one, other) => one - other);
  const at = share * (sorted.length - 1);
  const [low, high] = [sorted[Math.floor(at)] ?? Number.NaN, sorted[Math.ceil(at)] ?? Number.NaN];
  return share === 0.5 ? (low + high) / 2 : (sorted[Math.round(at)] ?? Number.NaN);
};
