import { type Instant, MINUTE_MS } from '../../../shared/lease.ts';
import { type AccountRules, STARTING_OBSERVE_MS } from '../../../shared/session.ts';
import type { Figure, Part } from '../figures.ts';
import { type Account, createAccount, DEFAULT_RULES } from '../simulated/account.ts';
import { createKeptSessions, type Kept } from '../simulated/kept.ts';
import { TIMES } from '../simulated/upstream.ts';
import { inWorkers } from '../workers.ts';

const HOUR_MS = 3_600_000;
const GAPS_MS = [5_000, 10_000] as const;
/** Five rounds of renewals: with hardly anything to spare at first, a shortage of 3 % shows. */
const HELD_HOURS = 5;
/** As short as a kept session's lease may be, so that the first round begins with hardly anything to spare. */
const FIRST_LEASE_MINUTES = 10;
const APART_MS = 100;
/** A create, and looks until it is Ready: so many gaps between one session that comes and the next. */
const ARRIVALS_APART = 8;
const GOAL_SHARE = 0.95;

/** What became of so many sessions that were to be kept for hours. */
export interface Held {
  accepted: number;
  refused: number;
  /** Servers that the service took away because their lease was over. */
  lapsed: number;
  /** Sessions whose create waited for so long that the keeper gave them up. */
  unstarted: number;
}

/** One lease each gap, as many as fit into the time that a renewal gives. */
export const theoreticalLimit = ({
  extensionMinutes,
  callGapMs,
}: Pick<AccountRules, 'extensionMinutes' | 'callGapMs'>): number =>
  Math.floor((extensionMinutes * MINUTE_MS) / callGapMs);

/** What its own keeper lets in, asked for one after another, and what becomes of that. */
export const holdAdmitted = async (wanted: number, rules: AccountRules, seed: number): Promise<Held> => {
  const account = createAccount(seed);
  const keeper = account.keeperOf(rules);
  account.tick(keeper);
  const kept = createKeptSessions(account.world, keeper, {
    count: wanted,
    apartMs: ARRIVALS_APART * rules.callGapMs,
    leaseMinutes: () => FIRST_LEASE_MINUTES,
  });
  return watch(account, kept, account.world.start + wanted * ARRIVALS_APART * rules.callGapMs);
};

/**
 * So many are there, by a keeper that may call as often as it likes, and are left to one that may not: measured is what
 * is held, not how it got there.
 */
export const holdAll = async (wanted: number, rules: AccountRules, seed: number): Promise<Held> => {
  const account = createAccount(seed);
  const { world } = account;
  const loader = account.keeperOf({ ...rules, callGapMs: 0 });
  const kept = createKeptSessions(world, loader, {
    count: wanted,
    apartMs: APART_MS,
    // Their ends are spread over a whole extension, as they would be after a day of coming and going.
    leaseMinutes: (index) =>
      FIRST_LEASE_MINUTES + Math.ceil((index / wanted) * (rules.extensionMinutes - FIRST_LEASE_MINUTES)),
  });
  const readyMs = wanted * APART_MS + TIMES.startsInMs + STARTING_OBSERVE_MS;
  await account.run(world.start + readyMs);
  account.sweepSoon(loader);
  const settledAt = world.start + readyMs + MINUTE_MS / 2;
  await account.run(settledAt);
  account.tick(account.keeperOf(rules));
  return watch(account, kept, settledAt);
};

/** The first lapse settles it. */
const watch = async ({ books, run }: Account, kept: Kept, from: Instant): Promise<Held> => {
  let lapsed = 0;
  for (let hour = 1; hour <= HELD_HOURS && lapsed === 0; hour += 1) {
    await run(from + hour * HOUR_MS);
    lapsed = [...books.all()].filter(({ status }) => status === 'Expired').length;
  }
  const accepted = kept.accepted.length;
  return { accepted, refused: kept.refused, lapsed, unstarted: accepted - lapsed - books.living().length };
};

/** How sessions are let in, and by which rules they are kept: as they are today, or as they might be. */
const WAYS = ['today', 'all let in', 'longer extensions'] as const;

export interface CapacityTask {
  way: (typeof WAYS)[number];
  callGapMs: number;
  seed: number;
}

export interface CapacityAnswer {
  held: number;
  lapsed: number;
  /** Of as many as the theoretical limit, where sessions are let in by the keeper's own rule. */
  refused: number;
}

/** As in the product's `mostKept`: one part of a renewal's time for the margin, one for its call, and one for other calls. */
const SPARE = 3;

/** The rules for so many sessions, were extensions to grow with them so that half of the calls stay free. */
export const withLongerExtensions = (rules: AccountRules, sessions: number): AccountRules => {
  const { renewMarginMinutes, extensionMinutes, callGapMs } = rules;
  const wanted = renewMarginMinutes + (SPARE * sessions * callGapMs) / MINUTE_MS;
  return { ...rules, extensionMinutes: Math.max(extensionMinutes, Math.ceil(wanted)) };
};

/** The search is as fine as this share of the limit, and goes no further than this. */
const [STEP, FURTHEST] = [0.05, 1] as const;

export const answer = async ({ way, callGapMs, seed }: CapacityTask): Promise<CapacityAnswer> => {
  const rules = { ...DEFAULT_RULES, callGapMs };
  const limit = theoreticalLimit(rules);
  if (way === 'today') {
    const { accepted, refused, lapsed, unstarted } = await holdAdmitted(limit, rules, seed);
    return { held: accepted - lapsed - unstarted, refused, lapsed };
  }
  const isHeld = async (share: number): Promise<boolean> => {
    const count = Math.floor(limit * share);
    const keptBy = way === 'all let in' ? rules : withLongerExtensions(rules, count);
    const { lapsed, unstarted } = await holdAll(count, keptBy, seed);
    return lapsed + unstarted === 0;
  };
  return { held: Math.floor(limit * (await mostShare(isHeld))), refused: 0, lapsed: 0 };
};

/** The largest share of which it holds, in steps, where it holds of everything below. */
export const mostShare = async (isHeld: (share: number) => Promise<boolean>): Promise<number> => {
  if (await isHeld(FURTHEST)) return FURTHEST;
  let [low, high] = [0, Math.round(FURTHEST / STEP)];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (await isHeld(middle * STEP)) low = middle;
    else high = middle;
  }
  return low * STEP;
};

const nameOf = (callGapMs: number): string => `gap ${callGapMs / 1000} s`;

const figuresOf = (
  callGapMs: number,
  answers: ReadonlyMap<CapacityTask['way'], CapacityAnswer>,
): Figure[] => {
  const limit = theoreticalLimit({ ...DEFAULT_RULES, callGapMs });
  const today = answers.get('today') ?? NOTHING;
  const share = (way: CapacityTask['way']): number => (answers.get(way) ?? NOTHING).held / limit;
  const gap = nameOf(callGapMs);
  return [
    { name: `${gap}: held, of ${limit}`, value: today.held, unit: 'sessions' },
    { name: `${gap}: held ÷ limit`, value: share('today'), unit: '', goal: { least: GOAL_SHARE } },
    { name: `${gap}: lapsed`, value: today.lapsed, unit: '', goal: { most: 0 } },
    { name: `${gap}: refused, not lapsed`, value: today.refused, unit: '' },
    { name: `${gap}: would be held, were all let in ÷ limit`, value: share('all let in'), unit: '' },
    {
      name: `${gap}: would be held with longer extensions ÷ limit`,
      value: share('longer extensions'),
      unit: '',
    },
  ];
};

const NOTHING: CapacityAnswer = { held: 0, lapsed: 0, refused: 0 };

export const capacity: Part = {
  name: 'capacity',
  about: `
How many kept sessions one account holds for ${HELD_HOURS} hours without a lapse, where the upstream may be called once each 5 s, or once
each 10 s, by the real keeper in simulated time. The theoretical limit is extension ÷ gap: as many sessions as
there are calls in the time that one renewal gives, with no call left for anything else.

- **held**: what the keeper lets in, of as many as the limit; the others are refused when they are asked for.
- **would be held, were all let in**: the same keeper without its refusal, found by bisection in steps of ${100 * STEP} % of the
  limit, with renewals evenly spread. It is no promise: there is nothing to spare for creates, stops and outages.
- **would be held with longer extensions**: the same with extensions that reach further the more sessions there are
  (margin + ${SPARE} × sessions × gap), so that each needs fewer calls. The search ends at ${100 * FURTHEST} % of the limit.

The same seed gives the same figures.`,

  async run({ seed, progress }) {
    const tasks = WAYS.toReversed().flatMap((way) =>
      GAPS_MS.map((callGapMs): CapacityTask => ({ way, callGapMs, seed })),
    );
    const file = new URL('./capacity-worker.ts', import.meta.url);
    const answers = await inWorkers<CapacityTask, CapacityAnswer>(file, tasks, ({ way, callGapMs }) =>
      progress(`${nameOf(callGapMs)}, ${way}`),
    );
    const ofGap = (wanted: number): Map<CapacityTask['way'], CapacityAnswer> =>
      new Map(
        tasks.flatMap(({ way, callGapMs }, index) =>
          callGapMs === wanted ? [[way, answers[index] ?? NOTHING] as const] : [],
        ),
      );
    return { figures: GAPS_MS.flatMap((callGapMs) => figuresOf(callGapMs, ofGap(callGapMs))) };
  },
};
