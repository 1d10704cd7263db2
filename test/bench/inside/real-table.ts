import { type CheckedClock, createCheckedClock } from '../../../shared/clock.ts';
import { MINUTE_MS } from '../../../shared/lease.ts';
import { openTable, TABLE_NAME, type Table } from '../../../shared/store/table.ts';
import { send } from '../../../shared/upstream/send.ts';
import { startAzuriteTable } from '../../azurite.ts';
import { createInsideApp, type InsideApp } from './app.ts';
import { actionOf, bareClient } from './bare.ts';
import type { Submit } from './seed.ts';
import { startUpstreamProcess } from './upstream-process.ts';

/** The app in this process, with Azurite and the quick upstream as processes beside it. */
export interface RealStage {
  connectionString: string;
  upstreamUrl: string;
  table: Table;
  /** For rows in masses, which may take longer than the keeper would wait. */
  submit: Submit;
  clock: CheckedClock;
  /** An app whose way to the table may be looked at. */
  appOn(seen: (table: Table) => Table): Promise<InsideApp>;
  stop(): Promise<void>;
}

/** However long a run takes, nothing becomes due in it by itself. */
const NO_LOOKS = { observeIntervalMs: 24 * 60 * MINUTE_MS };

export const startRealStage = async (): Promise<RealStage> => {
  const [azurite, upstream] = await Promise.all([startAzuriteTable(), startUpstreamProcess()]);
  const own = {
    now: () => Date.now(),
    abortAt: (at: number) => AbortSignal.timeout(Math.max(0, at - Date.now())),
  };
  const clock = createCheckedClock(own, () => undefined);
  const table = openTable({ connectionString: azurite.connectionString }, TABLE_NAME, { asks: clock.asks });
  await table.get('nobody', 'makes the table');
  const bare = bareClient(azurite.connectionString, TABLE_NAME);
  return {
    submit: (changes) => bare.submitTransaction(changes.map(actionOf)),
    connectionString: azurite.connectionString,
    upstreamUrl: upstream.url,
    table,
    clock,
    appOn: (seen) =>
      createInsideApp({ table: seen(table), send, clock, upstreamUrl: upstream.url, rules: NO_LOOKS }),
    async stop() {
      await Promise.all([azurite.stop(), upstream.stop()]);
    },
  };
};

/** What is set up on a stage of its own, and stops it; where it cannot be set up, the stage stops at once. */
export const onRealStage = async <Result>(setUp: (stage: RealStage) => Promise<Result>): Promise<Result> => {
  const stage = await startRealStage();
  try {
    return await setUp(stage);
  } catch (error) {
    await stage.stop();
    throw error;
  }
};
