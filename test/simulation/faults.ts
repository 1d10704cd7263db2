import { type Instant, MINUTE_MS } from '../../shared/lease.ts';
import { chosenBy } from './fault-choice.ts';
import { FAULT_KINDS, type FaultKind, type FaultName } from './fault-kinds.ts';
import type { World } from './world.ts';

/** The faults of one run: which are on when, and how often each was hit. A hit is counted once, where it does something. */
export interface Faults {
  /** Whether the fault happens to this operation, which it changes in any case: counted as a hit where it does. */
  strikes(name: FaultName): boolean;
  /** Whether it is to happen to this operation, which it may leave as it is: whoever asks counts the hit that comes of it. */
  draws(name: FaultName): boolean;
  /** Whether it is on now, without chance and without a hit. */
  isOn(name: FaultName): boolean;
  /** Counts a hit that was decided elsewhere; its consequences last for so long. */
  hit(name: FaultName, lastsMs?: number): void;
  /** Counts a hit that disturbs nobody by itself. */
  count(name: FaultName): void;
  hits(): ReadonlyMap<FaultName, number>;
  /** When it was hit for the last time. */
  latest(name: FaultName): Instant | undefined;
  /** How often it was hit between two instants. */
  hitsBetween(name: FaultName, from: Instant, to: Instant): number;
  /** The faults that were chosen for this run. */
  readonly chosen: readonly FaultName[];
  /** The spells of a fault that was chosen, whether it was hit in them or not. */
  spells(name: FaultName): readonly Spell[];
  /** The longest stretch between the two instants in which nothing was hit. */
  longestQuiet(from: Instant, to: Instant): number;
  /** The same, in which no fault was on that stops everything of its kind. */
  longestClear(from: Instant, to: Instant): number;
}

export interface FaultPlan {
  hours: number;
  /** Undefined: as the seed has it, one kind alone, a pair, a triple, or all. */
  only?: readonly FaultName[] | undefined;
}

export interface Spell {
  from: Instant;
  to: Instant;
}

/** The run begins and ends without faults: so that there is something to go wrong, and something to judge. */
const SHORT_MS = 5 * MINUTE_MS;
const QUIET_BEGIN_MS = 20 * MINUTE_MS;
export const QUIET_END_MS = 60 * MINUTE_MS;

export const createFaults = (world: World, plan: FaultPlan): Faults => {
  const names = Object.keys(FAULT_KINDS) as FaultName[];
  const chosen = plan.only ?? chosenBy(world.seed, names);
  const spans = new Map(
    chosen.map((name) => [name, spansOf(world, name, FAULT_KINDS[name], plan.hours, chosen.length)]),
  );
  const chances = new Map(names.map((name) => [name, world.chance(`fault ${name}`)]));
  const counts = new Map<FaultName, number>();
  const disturbed: Spell[] = [];
  const obstructed = chosen
    .filter((name) => FAULT_KINDS[name].obstructs)
    .flatMap((name) => spans.get(name) ?? [])
    .sort((one, other) => one.from - other.from);

  const isOn = (name: FaultName): boolean => {
    const now = world.now();
    return spans.get(name)?.some(({ from, to }) => from <= now && now < to) ?? false;
  };
  const times = new Map<FaultName, Instant[]>();
  const count = (name: FaultName): void => {
    const known = times.get(name);
    if (known === undefined) times.set(name, [world.now()]);
    else known.push(world.now());
    counts.set(name, (counts.get(name) ?? 0) + 1);
  };
  const hit = (name: FaultName, lastsMs = 0): void => {
    count(name);
    const span = { from: world.now(), to: world.now() + lastsMs };
    const last = disturbed.at(-1);
    if (last === undefined || span.from > last.to + 1000) disturbed.push(span);
    else last.to = Math.max(last.to, span.to);
  };

  const draws = (name: FaultName): boolean =>
    isOn(name) && (chances.get(name)?.hits(FAULT_KINDS[name].probability) ?? false);

  return {
    chosen,
    isOn,
    draws,
    hit,
    count,
    strikes(name) {
      if (!draws(name)) return false;
      hit(name);
      return true;
    },
    hits: () => counts,
    latest: (name) => times.get(name)?.at(-1),
    hitsBetween: (name, from, to) => times.get(name)?.filter((at) => from <= at && at <= to).length ?? 0,
    spells: (name) => spans.get(name) ?? [],
    longestQuiet: (from, to) => longestGap(disturbed, from, to),
    longestClear: (from, to) => longestGap(obstructed, from, to),
  };
};

/** Several spells of the fault, at any time of the run; with many faults in one run, each has fewer. */
const spansOf = (world: World, name: FaultName, kind: FaultKind, hours: number, among: number): Spell[] => {
  const chance = world.chance(`spans ${name}`);
  const end = hours * 60 * MINUTE_MS - QUIET_END_MS;
  const count = Math.max(1, Math.round(hours * (among > 3 ? 0.15 : 0.5) * (kind.frequency ?? 1)));
  return Array.from({ length: count }, () => {
    // Half of the outages are so short that nobody's idleness would count anew for being away long enough.
    const isShort = kind.obstructs && chance.hits(0.5);
    const length = chance.integer(kind.leastMs, isShort ? Math.min(kind.mostMs, SHORT_MS) : kind.mostMs);
    const from = chance.integer(QUIET_BEGIN_MS, Math.max(QUIET_BEGIN_MS, end - length));
    return { from: world.start + from, to: world.start + Math.min(from + length, end) };
  });
};

const longestGap = (taken: readonly Spell[], from: Instant, to: Instant): number => {
  let longest = 0;
  let free = from;
  // The latest come last: what lies before `from` is not looked through.
  for (const span of taken.slice(firstEndingAfter(taken, from))) {
    if (span.from >= to) break;
    longest = Math.max(longest, span.from - free);
    free = Math.max(free, span.to);
  }
  return Math.max(longest, to - free);
};

/** Where the spans begin of which one may reach beyond `from`: they are in order of their beginnings. */
const firstEndingAfter = (taken: readonly Spell[], from: Instant): number => {
  let index = taken.length;
  while (index > 0 && (taken[index - 1]?.to ?? 0) > from - 60 * MINUTE_MS) index -= 1;
  return index;
};
