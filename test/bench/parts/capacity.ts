import { MINUTE_MS } from '../../../shared/lease.ts';
import { mostKept } from '../../simulation/bounds.ts';
import { LONGEST_GROWN_EXTENSION_MINUTES } from '../../simulation/service-terms.ts';
import type { Figure, Part } from '../figures.ts';
import { createAccount, DEFAULT_RULES } from '../simulated/account.ts';
import { createKeptSessions } from '../simulated/kept.ts';
import { formatNumber } from '../table.ts';
import { inWorkers } from '../workers.ts';

const HOUR_MS = 60 * MINUTE_MS;
const GAPS_MS = [5_000, 10_000] as const;
/** More than four rounds of renewals of a full account; and the first session to come has not reached the cap of a day. */
const HELD_HOURS = 12;
/** As short as a kept session's lease may be: the first renewal begins with hardly anything to spare. */
const FIRST_LEASE_MINUTES = 10;
/** A create, and looks until it is Ready: so many gaps between one session that comes and the next. */
const ARRIVALS_APART = 8;
/** So many are asked for, by as many as can be kept. */
const ASKED = 1.05;
const GOAL_SHARE = 0.95;

export interface CapacityTask {
  callGapMs: number;
  seed: number;
}

/** What became of so many sessions that were asked for one after another, to be kept for hours. */
export interface Held {
  asked: number;
  refused: number;
  /** Servers that the service took away because their lease was over. */
  lapsed: number;
  /** Let in, and there at the end. */
  held: number;
}

export const hold = async ({ callGapMs, seed }: CapacityTask): Promise<Held> => {
  const rules = { ...DEFAULT_RULES, callGapMs };
  const account = createAccount(seed);
  const { world, books } = account;
  const asked = Math.ceil(ASKED * mostKept(rules));
  const apartMs = ARRIVALS_APART * callGapMs;
  const arrivals = { count: asked, apartMs, leaseMinutes: FIRST_LEASE_MINUTES };
  const kept = createKeptSessions(account, arrivals, rules);
  await account.run(world.start + asked * apartMs + HELD_HOURS * HOUR_MS);
  const lapsed = [...books.all()].filter(({ status }) => status === 'Expired').length;
  return { asked, refused: kept.refused, lapsed, held: books.living().length };
};

/** One lease each gap, as many as fit into the time that a renewal gives. */
const limitAt = (callGapMs: number, extensionMinutes: number): number =>
  Math.floor((extensionMinutes * MINUTE_MS) / callGapMs);

const figuresOf = (callGapMs: number, { asked, held, refused, lapsed }: Held): Figure[] => {
  const gap = nameOf(callGapMs);
  const limit = limitAt(callGapMs, DEFAULT_RULES.extensionMinutes);
  return [
    { name: `${gap}: held, of ${asked} asked for`, value: held, unit: 'sessions' },
    { name: `${gap}: held ÷ limit of ${limit}`, value: held / limit, unit: '', goal: { least: GOAL_SHARE } },
    { name: `${gap}: refused`, value: refused, unit: 'sessions' },
    { name: `${gap}: lapsed`, value: lapsed, unit: 'sessions', goal: { most: 0 } },
    // Such as one whose create waited for so long that it was given up.
    {
      name: `${gap}: let in and lost otherwise`,
      value: asked - held - refused - lapsed,
      ...{ unit: 'sessions', goal: { most: 0 } },
    },
  ];
};

const nameOf = (callGapMs: number): string => `gap ${callGapMs / 1000} s`;

export const capacity: Part = {
  name: 'capacity',
  about: `
How many kept sessions one account holds without a lapse where the upstream may be called once each 5 s, or once each
10 s, by the real keeper in simulated time. ${Math.round(100 * (ASKED - 1))} % more are asked for than [can be kept](guarantees.md), one after another, and
those that are let in are held for ${HELD_HOURS} hours more: beyond what can be kept there are to be refusals, and no lapses.

The *limit* is extension ÷ gap, with the extension of an hour that is the default: as many sessions as there are calls in the time
that one renewal gives, with no call left for anything else. The keeper can hold more than that, because its extensions reach
further where calls are scarce, up to ${LONGEST_GROWN_EXTENSION_MINUTES / 60} hours. Of the ${formatNumber(limitAt(5_000, LONGEST_GROWN_EXTENSION_MINUTES))} that would be the limit with those, at 5 s, it lets in
a third: half of the calls are left to creates, stops, looks and lists, and a renewal begins early enough to wait for
all others, and an outage.

The same seed gives the same figures.`,

  async run({ seed, progress }) {
    const tasks = GAPS_MS.map((callGapMs): CapacityTask => ({ callGapMs, seed }));
    const file = new URL('./capacity-worker.ts', import.meta.url);
    const answers = await inWorkers<CapacityTask, Held>(file, tasks, ({ callGapMs }) =>
      progress(nameOf(callGapMs)),
    );
    return { figures: answers.flatMap((held, index) => figuresOf(GAPS_MS[index] ?? Number.NaN, held)) };
  },
};
