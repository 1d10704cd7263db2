import { type Instant, MINUTE_MS } from '../../../shared/lease.ts';
import { type Chance, chanceOf } from '../../simulation/chance.ts';
import { START } from '../../simulation/world.ts';
import { HABITS, type HowItEnds } from './habits.ts';

/** A month of people at work. The same seed gives the same month; each day of each user draws from a stream of its own. */

/** Use without a pause. */
export interface Stretch {
  from: Instant;
  to: Instant;
  /** What becomes of the client in the pause behind it. */
  client: 'open' | 'closed' | 'crashed';
}

/** What one user wants one server for: a spell of work with its pauses, or a job. */
export interface Sitting {
  id: string;
  user: number;
  kind: 'work' | 'job';
  /** In order, and apart; at least one. */
  stretches: readonly [Stretch, ...Stretch[]];
  ends: HowItEnds;
  /** Where the client was left open: until then. */
  openUntil: Instant;
}

const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

export const monthOf = (
  seed: number,
  { users = HABITS.users, days = HABITS.days }: { users?: number; days?: number } = {},
): Sitting[] => {
  const sittings: Sitting[] = [];
  for (let user = 1; user <= users; user += 1)
    for (let day = 0; day < days; day += 1) sittings.push(...dayOf(seed, user, day));
  return sittings.sort((one, other) => one.stretches[0].from - other.stretches[0].from);
};

const dayOf = (seed: number, user: number, day: number): Sitting[] => {
  const id = `u${user}-d${day}`;
  const chance = chanceOf(seed, id);
  if (!chance.hits(HABITS.attendance[day % 7] ?? 0)) return [];
  const midnight = START + day * DAY_MS;
  const work = { user, ...workOf(`${id}-work`, midnight, chance) };
  if (!chance.hits(HABITS.jobs.share)) return [work];
  return [work, { user, ...jobOf(`${id}-job`, midnight, work, chance) }];
};

type Drawn = Omit<Sitting, 'user'>;

const workOf = (id: string, midnight: Instant, chance: Chance): Drawn => {
  const from = midnight + arrivalHour(chance) * HOUR_MS + chance.integer(0, HOUR_MS - 1);
  const to = from + spellMs(chance);
  const stretches = stretchesOf(from, to, pausesOf(midnight, from, to, chance));
  return { id, kind: 'work', stretches, ...endOf(stretches, chooseEnd(chance), chance) };
};

const jobOf = (id: string, midnight: Instant, work: Drawn, chance: Chance): Drawn => {
  const { fromHour, toHour, minutes, stopped } = HABITS.jobs;
  const evening = midnight + between(chance, [fromHour * 60, toHour * 60]);
  const from = Math.max(evening, lastUse(work.stretches));
  const stretches = [{ from, to: from + between(chance, minutes), client: 'closed' }] as const;
  return {
    ...{ id, kind: 'job', stretches: [...stretches] },
    ...endOf(stretches, chance.hits(stopped) ? 'stopped' : 'closed', chance),
  };
};

const endOf = (stretches: readonly Stretch[], ends: HowItEnds, chance: Chance) => ({
  ends,
  openUntil: lastUse(stretches) + (ends === 'left-open' ? between(chance, HABITS.leftOpenMinutes) : 0),
});

export const lastUse = (stretches: readonly Stretch[]): Instant => stretches.at(-1)?.to ?? 0;

const arrivalHour = (chance: Chance): number => {
  const hours = Object.entries(HABITS.arrivals);
  return Number(pickWeighted(hours, chance));
};

const chooseEnd = (chance: Chance): HowItEnds =>
  pickWeighted(Object.entries(HABITS.ends) as [HowItEnds, number][], chance);

const pickWeighted = <Name extends string>(weighted: readonly [Name, number][], chance: Chance): Name => {
  let rest = chance.next() * weighted.reduce((sum, [, weight]) => sum + weight, 0);
  for (const [name, weight] of weighted) {
    rest -= weight;
    if (rest < 0) return name;
  }
  return (weighted.at(-1) as [Name, number])[0];
};

const spellMs = (chance: Chance): number => {
  const { medianMinutes, spread, leastMinutes, mostMinutes } = HABITS.spell;
  const minutes = medianMinutes * Math.exp(spread * normal(chance));
  return Math.round(Math.min(mostMinutes, Math.max(leastMinutes, minutes)) * MINUTE_MS);
};

/** Box and Muller. */
const normal = (chance: Chance): number =>
  Math.sqrt(-2 * Math.log(1 - chance.next())) * Math.cos(2 * Math.PI * chance.next());

/** A time between two numbers of minutes. */
const between = (chance: Chance, [least, most]: readonly [number, number]): number =>
  chance.integer(Math.round(least * MINUTE_MS), Math.round(most * MINUTE_MS));

interface Pause {
  from: Instant;
  to: Instant;
  client: Stretch['client'];
}

const pausesOf = (midnight: Instant, from: Instant, to: Instant, chance: Chance): Pause[] => {
  const pauses: Pause[] = [];
  const take = (at: Instant, minutes: readonly [number, number], client?: 'crashed'): void => {
    const left = chance.hits(HABITS.leftOpenInPause) ? 'open' : 'closed';
    pauses.push({ from: at, to: at + between(chance, minutes), client: client ?? left });
  };
  const { lunch, meetings, breaks, crash } = HABITS;
  if (chance.hits(lunch.share)) {
    take(midnight + between(chance, [lunch.fromHour * 60, lunch.toHour * 60]), lunch.minutes);
  }
  for (const { everyMinutes, minutes } of [meetings, breaks]) {
    const next = (at: Instant): Instant =>
      at + Math.round(-Math.log(1 - chance.next()) * everyMinutes * MINUTE_MS);
    for (let at = next(from); at < to; at = next(at)) take(at, minutes);
  }
  if (chance.hits(crash.share)) take(chance.integer(from, to), crash.minutes, 'crashed');
  return pauses.sort((one, other) => one.from - other.from);
};

/** The use between the pauses; a pause that would leave too little of it on either side is not taken. */
const stretchesOf = (from: Instant, to: Instant, pauses: readonly Pause[]): [Stretch, ...Stretch[]] => {
  const leastMs = HABITS.leastUseMinutes * MINUTE_MS;
  const before: Stretch[] = [];
  let begun = from;
  for (const pause of pauses) {
    if (pause.from - begun < leastMs || to - pause.to < leastMs) continue;
    before.push({ from: begun, to: pause.from, client: pause.client });
    begun = pause.to;
  }
  const last: Stretch = { from: begun, to, client: 'closed' };
  const [first, ...others] = before;
  return first === undefined ? [last] : [first, ...others, last];
};
