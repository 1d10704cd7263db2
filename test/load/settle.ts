import { setTimeout as delay } from 'node:timers/promises';
import { isLiving } from '../../infra/local/session-host/entry.ts';
import type { Client } from '../stack.ts';
import {
  closestLapseMs,
  type Deeds,
  deedsOf,
  entriesOf,
  gather,
  listedBy,
  patiently,
  runningOf,
} from './evidence.ts';
import { type Charge, type Finding, judge, unwantedSince } from './judge.ts';
import type { Load } from './load.ts';

/** After the last fault: everything must come in order within the bound, and end when it is told to. */

export interface Verdict extends Deeds {
  /** What the judge says, in words; empty where all is well. */
  findings: string[];
  leaks: number;
  lapses: number;
  duplicates: number;
  /** Servers that were ever made. */
  servers: number;
  /** How near to its end the lease of a kept session has ever come. */
  closestLapseSeconds: number;
  /** How long it took from the last fault, and the last session's falling idle, until all was in order. */
  settledSeconds: number;
}

/**
 * The bound of the invariants with two seconds from sweep to sweep (2 × 2 s and a call of 10 s); a session that was
 * backed off when the faults ended is looked at 30 s later at most.
 */
const BOUND_MS = 14_000 + 30_000;
const LOOK_MS = 400;

export const settle = async (
  dataFolder: string,
  client: Client,
  { stories, strange }: Load,
  calmSince: number,
): Promise<Verdict> => {
  const look = (): Promise<Finding[]> => gather(client, dataFolder, stories).then(judge);
  let orderedSince = calmSince;
  let found: Finding[];
  do {
    await delay(LOOK_MS);
    // Anew each time: a create that was cut off may be carried out only now, and nobody will use that one either.
    orderedSince = Math.max(orderedSince, ...idleInstants());
    found = await look();
  } while (Date.now() < orderedSince || (found.length > 0 && Date.now() < orderedSince + BOUND_MS));
  const settledSeconds = tenths(Date.now() - orderedSince);
  const outlived = await stopAll();
  const findings = [...found, ...outlived];

  const entries = entriesOf(dataFolder);
  const keptMarks = new Set(stories.filter(({ kind }) => kind === 'kept').map(({ mark }) => mark));
  const kept = entries.filter(({ models }) => keptMarks.has(models[0] ?? ''));
  const count = (charge: Charge): number => findings.filter((one) => one.charge === charge).length;
  return {
    findings: [...findings.map(({ charge, text }) => `${charge}: ${text}`), ...strange],
    leaks: count('leak'),
    lapses: count('lapse'),
    duplicates: count('duplicate'),
    servers: entries.filter(({ spawned }) => spawned > 0).length,
    ...deedsOf(entries, stories),
    closestLapseSeconds: tenths(closestLapseMs(kept)),
    settledSeconds,
  };

  /** When the sessions that are still there, and of no use to anybody, fall idle. */
  function idleInstants(): number[] {
    const entries = entriesOf(dataFolder);
    return stories.flatMap((story) => {
      const entry = entries.find(({ models }) => models.includes(story.mark));
      return isLiving(entry) ? [unwantedSince(story, entry) ?? 0] : [];
    });
  }

  /** Nothing that runs is beyond the keeper's reach: what it lists is stopped, and then nothing is left. */
  async function stopAll(): Promise<Finding[]> {
    const ids = [...(await listedBy(client))];
    const stop = (id: string) => patiently(client, 'DELETE', `${client.sessions}/${id}`);
    const answers = await Promise.all(ids.map(stop));
    const end = Date.now() + BOUND_MS;
    while (runningOf(dataFolder).length > 0 && Date.now() < end) await delay(LOOK_MS);
    return [
      ...answers
        .filter(({ status }) => status !== 204)
        .map(({ status }) => leak(`a stop at the end was answered with ${status}`)),
      ...runningOf(dataFolder).map((id) => leak(`${id}: outlived its stop at the end`)),
    ];
  }
};

const leak = (text: string): Finding => ({ charge: 'leak', text });
const tenths = (ms: number): number => Math.round(ms / 100) / 10;
