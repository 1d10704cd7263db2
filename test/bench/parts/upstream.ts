import { createBooks, isLiving } from '../../simulation/upstream-books.ts';
import { createWorld } from '../../simulation/world.ts';
import type { Arrangement } from '../arrangements/arrangement.ts';
import { createCuller } from '../arrangements/culler.ts';
import { createDirect, type Direct } from '../arrangements/direct.ts';
import { createShowcase } from '../arrangements/showcase.ts';
import { createToolkit } from '../arrangements/toolkit.ts';
import type { Figure, Part } from '../figures.ts';
import { createAccount } from '../simulated/account.ts';
import { APART_MS, createKeptSessions } from '../simulated/kept.ts';

const HOUR_MS = 3_600_000;
const COUNTS = [1, 10, 100] as const;
/** By then all of them are Ready and have been renewed; the end is well before the service's cap of a day. */
const [FROM_MS, TO_MS] = [3 * HOUR_MS, 21 * HOUR_MS];

const GOALS: Readonly<Record<number, number>> = { 1: 8, 100: 1.5 };

/** What goes on for a while, with the calls so far. */
interface Run {
  run(untilMs: number): Promise<void>;
  calls(): number;
  living(): number;
}

const perSessionHour = async ({ run, calls, living }: Run, count: number): Promise<number> => {
  await run(FROM_MS);
  const before = calls();
  await run(TO_MS);
  if (living() !== count) throw new Error(`of ${count} sessions ${living()} are left`);
  return (calls() - before) / count / ((TO_MS - FROM_MS) / HOUR_MS);
};

/** By the real keeper, with the default gap of five seconds between calls. */
export const keeperCalls = (count: number, seed: number): Promise<number> => {
  const account = createAccount(seed);
  const { world, books } = account;
  createKeptSessions(account, { count });
  const run: Run = {
    run: (untilMs) => account.run(world.start + untilMs),
    calls: () => account.calls().length,
    living: () => books.living().length,
  };
  return perSessionHour(run, count);
};

type Others = 'toolkit' | 'showcase' | 'culler';

/** By what people use instead, with each session in use all the time. */
export const otherCalls = (kind: Others, count: number, seed: number): Promise<number> => {
  const world = createWorld(seed);
  const books = createBooks(world);
  const direct: Direct = createDirect(world, books);
  const arrangements: Record<Others, () => Arrangement> = {
    toolkit: () => createToolkit(world, direct),
    showcase: () => createShowcase(world, direct, books.find),
    culler: () => createCuller(world, direct),
  };
  const arrangement = arrangements[kind]();
  for (let index = 1; index <= count; index += 1) {
    const id = `kept-${index}`;
    world.quietly(index * APART_MS, () => {
      arrangement.create(id);
      arrangement.attend(id, { isOpen: true, isUsed: true });
    });
  }
  const run: Run = {
    run: (untilMs) => world.run(world.start + untilMs),
    calls: arrangement.calls,
    living: () => books.living().filter(isLiving).length,
  };
  return perSessionHour(run, count);
};

const OTHERS: readonly [Others, string][] = [
  ['toolkit', 'desktop toolkit'],
  ['showcase', 'Unity showcase'],
  ['culler', 'idle culler'],
];

export const upstream: Part = {
  name: 'upstream',
  about: `
Calls per session and hour that reach the upstream, in simulated time, once the sessions are Ready: the average of 18 hours,
with every session in use. The keeper is the real one (\`createKeeper\` on the doubles of the simulation, without faults),
with the default gap of five seconds. Beside it are the algorithms of the two known clients, as they are written
([the sources](../test/bench/arrangements)), and a script that lists everything each five minutes to stop what is idle.
The showcase makes few calls because it looks at nothing: it cannot tell whether its session is still there, and lets it
die at the cap. The culler extends nothing, and needs leases of a whole day.

The same seed gives the same figures to the last digit; other seeds move them by less than 1 %.`,

  async run({ seed, progress }) {
    const figures: Figure[] = [];
    for (const count of COUNTS) {
      progress(`${count} kept sessions`);
      const of = count === 1 ? '1 session' : `${count} sessions`;
      const unit = 'calls/h each';
      const most = GOALS[count];
      const value = await keeperCalls(count, seed);
      figures.push({ name: `keeper, ${of}`, value, unit, ...(most === undefined ? {} : { goal: { most } }) });
      for (const [kind, name] of OTHERS)
        figures.push({ name: `${name}, ${of}`, value: await otherCalls(kind, count, seed), unit });
    }
    return { figures };
  },
};
