import { createBooks } from '../../simulation/upstream-books.ts';
import { createWorld } from '../../simulation/world.ts';
import type { Arrangement } from '../arrangements/arrangement.ts';
import { createCuller } from '../arrangements/culler.ts';
import { createDirect, type Direct } from '../arrangements/direct.ts';
import { createFixed } from '../arrangements/fixed.ts';
import { createKept } from '../arrangements/keeper.ts';
import { createShowcase } from '../arrangements/showcase.ts';
import { createToolkit } from '../arrangements/toolkit.ts';
import { createAccount } from '../simulated/account.ts';
import { lastUse, type Sitting } from './month.ts';
import { oracleMs } from './oracle.ts';
import { PROMISED_MINUTES, replay, type Tally } from './replay.ts';

/** A month under one arrangement, from the first user to the end of the last server. */

export const ARRANGEMENTS = {
  keeper: 'keeper',
  'keeper-10': 'keeper, idle timeout 10 min (a quarter)',
  'fixed-4': 'fixed lease of 4 h',
  'fixed-8': 'fixed lease of 8 h',
  toolkit: 'desktop toolkit',
  showcase: 'Unity showcase',
  culler: 'idle culler',
} as const;

export type ArrangementName = keyof typeof ARRANGEMENTS;

/** A quarter of the users each, so that all cores have something to do. */
export const ACCOUNTS = 4;

export interface MonthTask {
  name: ArrangementName;
  seed: number;
  /** Counted from 0. */
  account: number;
}

export interface MonthReport extends Tally {
  /** What the same users would have cost with foresight. */
  oracleMs: number;
  calls: number;
  refusals: number;
}

/** Several accounts together. */
export const addReports = (reports: readonly MonthReport[]): MonthReport =>
  reports.reduce((sum, report) => ({
    billedMs: sum.billedMs + report.billedMs,
    oracleMs: sum.oracleMs + report.oracleMs,
    servers: sum.servers + report.servers,
    cutOff: sum.cutOff + report.cutOff,
    begunAnew: sum.begunAnew + report.begunAnew,
    begunAnewEarly: sum.begunAnewEarly + report.begunAnewEarly,
    lostMs: sum.lostMs + report.lostMs,
    calls: sum.calls + report.calls,
    refusals: sum.refusals + report.refusals,
  }));

/** The longest that a server outlives its last use: the service's cap. */
const TAIL_MS = 25 * 3_600_000;

export const runMonth = async (
  name: ArrangementName,
  sittings: readonly Sitting[],
  seed: number,
): Promise<MonthReport> => {
  const foreseen = { oracleMs: oracleMs(sittings, PROMISED_MINUTES) };
  const end = Math.max(...sittings.map(({ stretches }) => lastUse(stretches))) + TAIL_MS;
  if (name === 'keeper' || name === 'keeper-10') {
    const account = createAccount(seed);
    const kept = createKept(account, name === 'keeper' ? {} : { idleTimeoutMinutes: 10 });
    const tally = replay(account.world, account.books, kept, sittings);
    await account.run(end);
    return { ...tally(), ...foreseen, calls: kept.calls(), refusals: kept.refusals() };
  }
  const world = createWorld(seed);
  const books = createBooks(world);
  const direct = createDirect(world, books);
  const arrangements: Record<typeof name, (direct: Direct) => Arrangement> = {
    'fixed-4': () => createFixed(direct, 240),
    'fixed-8': () => createFixed(direct, 480),
    toolkit: () => createToolkit(world, direct),
    showcase: () => createShowcase(world, direct, books.find),
    culler: () => createCuller(world, direct),
  };
  const arrangement = arrangements[name](direct);
  const tally = replay(world, books, arrangement, sittings);
  await world.run(end);
  return { ...tally(), ...foreseen, calls: arrangement.calls(), refusals: 0 };
};
