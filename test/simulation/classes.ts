import type { AccountRules } from '../../shared/session.ts';
import type { NewSession } from '../../shared/wishes.ts';
import type { Chance } from './chance.ts';
import type { Client } from './client.ts';
import type { Faults } from './faults.ts';
import { LARGE_MODEL } from './upstream-double.ts';
import type { World } from './world.ts';

/** Many clients at once who want the few calls of an account for the same thing. */
export interface Classes {
  come(): void;
}

interface Surroundings {
  world: World;
  faults: Faults;
  hours: number;
  chance: Chance;
  rules: AccountRules;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** In this share of the runs whose calls keep a gap some use a client library that looks every two seconds. */
const POLLERS_SHARE = 0.1;
/** So many look at servers that take minutes to start, while so many others are to be kept from the first minute on. */
const POLLERS = 10;
const KEPT = 6;
const KEPT_WORK_MS = 25 * MINUTE_MS;
/** So many leave at once, and so many come at that moment. */
const LEAVING = 12;
const COMING = 4;
const LESSON_MS = 4 * MINUTE_MS;

export const createClasses = (
  { world, faults, hours, chance, rules }: Surroundings,
  begin: (wanted: NewSession, own: Chance) => Client,
): Classes => {
  const arrive = (id: string, more: Partial<NewSession>, live: (client: Client) => Promise<void>): void => {
    const own = world.chance(id);
    const wanted = { sessionId: id, size: 'Standard', models: [], leaseMinutes: 60, ...more } as const;
    world.after(own.integer(0, 20_000), () => live(begin(wanted, own)));
  };

  /** Their lease is the margin: each has to be renewed as soon as it is Ready, while the others look and look. */
  const comePolling = (): void => {
    for (let index = 1; index <= POLLERS; index += 1)
      arrive(`poller-${index}`, { models: [LARGE_MODEL] }, (client) => client.poll(0));
    for (let index = 1; index <= KEPT; index += 1)
      arrive(`polled-${index}`, { leaseMinutes: 10, keepAlive: true }, (client) => client.poll(KEPT_WORK_MS));
  };

  /** Once while the upstream does not carry out what it accepts: they all leave, and others come. */
  const comeAndGo = (): void => {
    if (!faults.isOn('upstream-hung-stop')) {
      world.after(MINUTE_MS, comeAndGo);
      return;
    }
    const end = world.now() + LESSON_MS;
    for (let index = 1; index <= LEAVING; index += 1)
      arrive(`leaving-${index}`, {}, (client) => client.leaveAt(end));
    world.after(LESSON_MS + 1.5 * MINUTE_MS, () => {
      for (let index = 1; index <= COMING; index += 1)
        arrive(`coming-${index}`, {}, (client) => client.poll(0));
    });
  };

  return {
    come() {
      if (faults.chosen.includes('upstream-hung-stop')) world.after(MINUTE_MS, comeAndGo);
      if (chance.hits(POLLERS_SHARE) && rules.callGapMs > 0)
        world.after(Math.round((0.1 + 0.7 * chance.next()) * hours * HOUR_MS), comePolling);
    },
  };
};
