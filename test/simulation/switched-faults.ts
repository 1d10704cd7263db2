import type { Instant } from '../../shared/lease.ts';
import type { FaultName } from './fault-kinds.ts';
import type { Faults } from './faults.ts';
import type { World } from './world.ts';

/** Faults that a story turns on and off itself: nothing is left to chance, and nothing else goes wrong. */
export interface SwitchedFaults extends Faults {
  turn(name: FaultName, isOn: boolean): void;
}

export const createSwitchedFaults = (world: World): SwitchedFaults => {
  const on = new Set<FaultName>();
  const counts = new Map<FaultName, number>();
  const times = new Map<FaultName, Instant[]>();
  const disturbed: { from: Instant; to: Instant }[] = [];

  const count = (name: FaultName): void => {
    times.set(name, [...(times.get(name) ?? []), world.now()]);
    counts.set(name, (counts.get(name) ?? 0) + 1);
  };
  const hit = (name: FaultName, lastsMs = 0): void => {
    count(name);
    disturbed.push({ from: world.now(), to: world.now() + lastsMs });
  };
  const longestQuiet = (from: Instant, to: Instant): number => {
    let [longest, free] = [0, from];
    for (const span of disturbed) {
      if (span.from >= to) break;
      longest = Math.max(longest, span.from - free);
      free = Math.max(free, span.to);
    }
    return Math.max(longest, to - free);
  };

  return {
    chosen: [],
    latest: (name) => times.get(name)?.at(-1),
    hitsBetween: (name, from, to) => times.get(name)?.filter((at) => from <= at && at <= to).length ?? 0,
    spells: () => [],
    isOn: (name) => on.has(name),
    draws: (name) => on.has(name),
    hit,
    count,
    strikes(name) {
      if (on.has(name)) hit(name);
      return on.has(name);
    },
    hits: () => counts,
    longestQuiet,
    // Stretches of what is turned on are short, and count as disturbed already.
    longestClear: longestQuiet,
    turn(name, isOn) {
      if (isOn) on.add(name);
      else on.delete(name);
    },
  };
};
