import type { NewSession } from '../../shared/wishes.ts';
import type { Chance } from './chance.ts';
import type { Client } from './client.ts';
import type { Faults } from './faults.ts';
import type { World } from './world.ts';

/** Clients who come just where a fault is to be met that those who come by chance would hardly ever meet. */

type Begin = (wanted: NewSession, own: Chance, isFirstGeneration?: boolean) => Client;

const MINUTE_MS = 60_000;
/** Long enough for its server to be Ready, and to be there when the table is back. */
const BEFORE_OUTAGE_MS = 6 * MINUTE_MS;
const ATTENDS_MS = 30 * MINUTE_MS;
/** So many creates come so soon after each other while the upstream tells to wait. */
const CREATES = 3;
const CREATES_APART_MS = 4_000;
/** More servers than the brake lets disappear, and as long before they do as a server takes to be Ready. */
const FORGOTTEN = 7;
const BEFORE_AMNESIA_MS = 6 * MINUTE_MS;

export const planEncounters = (world: World, faults: Faults, begin: Begin): void => {
  const wantedBy = (sessionId: string, more: Partial<NewSession> = {}): NewSession => ({
    ...{ sessionId, size: 'Standard', models: [], leaseMinutes: 120 },
    ...more,
  });

  /** Somebody who is at work when the table fails, with a patience that is as short as the outage. */
  const attendOutage = (id: string): void => {
    const own = world.chance(id);
    const idleTimeoutMinutes = own.pick([2, 2.5, 3, 4]);
    void begin(wantedBy(id, { idleTimeoutMinutes }), own).attend(ATTENDS_MS);
  };
  for (const [index, { from }] of faults.spells('table-outage').entries())
    world.after(from - BEFORE_OUTAGE_MS - world.start, () => attendOutage(`outage-${index + 1}`));

  /** Several at once, of whom the first is told to wait, and whose calls are taken by one instance and another. */
  const createDuringThrottling = (id: string): void =>
    world.watch(begin(wantedBy(id, { leaseMinutes: 5 }), world.chance(id), true).abandon());
  for (const [index, { from, to }] of faults.spells('upstream-429').entries()) {
    const at = Math.max(from, Math.round((from + to) / 2) - CREATES * CREATES_APART_MS);
    for (let one = 1; one <= CREATES; one += 1)
      world.after(at + one * CREATES_APART_MS - world.start, () =>
        createDuringThrottling(`throttled-${index + 1}-${one}`),
      );
  }

  /** So many servers that all disappear together, and are there again, that the brake has its say about their stops. */
  const [amnesia] = faults.spells('upstream-amnesia');
  if (amnesia === undefined) return;
  for (let one = 1; one <= FORGOTTEN; one += 1) {
    const id = `forgotten-${one}`;
    world.after(Math.max(0, amnesia.from - BEFORE_AMNESIA_MS - world.start), () =>
      world.watch(begin(wantedBy(id), world.chance(id)).abandon()),
    );
  }
};
