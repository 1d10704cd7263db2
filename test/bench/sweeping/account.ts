import { rowKeys } from '../../../shared/store/rows.ts';
import type { RowChange } from '../../../shared/store/table.ts';
import { INSIDE_ACCOUNT } from '../inside/app.ts';
import { calmSeeds, dueSeeds, type Seeds, settleGate } from '../inside/counts.ts';
import { noting } from '../inside/floors.ts';
import { onRealStage, type RealStage } from '../inside/real-table.ts';
import { MOST_CHANGES, type Slot, type Submit, seedSessions } from '../inside/seed.ts';
import { createBareRenewals, renewalIn } from './renewal.ts';
import { watched } from './watched.ts';

/** An account with so many tracked sessions, on an Azurite of its own. What is due is put there first, and gone afterwards. */
export interface SizedAccount {
  /** A sweep of so many that are due. */
  sweep(due: number): Promise<Swept>;
  /** The bare operations of such a sweep, but for its range queries: how long they take. */
  bareMs(due: number): Promise<number>;
  /** What pollers do: everything is read, to find what is due. */
  scanMs(): Promise<number>;
  stop(): Promise<void>;
}

export interface Swept {
  totalMs: number;
  /** Of it, in range queries of the index. */
  queryMs: number;
}

const AT_A_TIME = 8;

export const startSizedAccount = (tracked: number): Promise<SizedAccount> =>
  onRealStage((stage) => sizedAccount(stage, tracked));

const sizedAccount = async (stage: RealStage, tracked: number): Promise<SizedAccount> => {
  const { clock, upstreamUrl } = stage;
  const written: (readonly RowChange[])[] = [];
  const note = (changes: readonly RowChange[]): void => void written.push(changes);
  const { table, queryMs } = watched(noting(stage.table, written));
  const app = await stage.appOn(() => table);

  const seed = ({ shape, slots }: Seeds, submit: Submit): Promise<void> =>
    seedSessions(submit, { ...shape, upstreamUrl }, slots, AT_A_TIME);

  /** Takes away what is there of the sessions that were due, so that as many are tracked as before. */
  const clear = async (): Promise<void> => {
    const left = new Set<string>();
    for (const { type, rowKey } of written.splice(0).flat()) {
      if (type === 'delete') left.delete(rowKey);
      else if (rowKey !== rowKeys.gate) left.add(rowKey);
    }
    const removals = [...left].map((rowKey) => ({ type: 'delete', rowKey }) as const);
    for (let from = 0; from < removals.length; from += MOST_CHANGES)
      await stage.submit(removals.slice(from, from + MOST_CHANGES));
  };

  const withDue = async <Result>(
    due: number,
    work: (slots: readonly Slot[]) => Promise<Result>,
  ): Promise<Result> => {
    const seeds = dueSeeds(due, clock.now());
    await seed(seeds, (changes) => {
      note(changes);
      return stage.submit(changes);
    });
    await settleGate(app.store, clock.now());
    const result = await work(seeds.slots);
    await clear();
    return result;
  };

  const sweepAll = async (due: number): Promise<Swept> => {
    const [before, begunAt] = [queryMs(), performance.now()];
    let looked = 0;
    // On a slow machine the time of one sweep is over before it is done, and the next one goes on.
    for (let isDone = false; !isDone; ) {
      const report = await app.keeper.sweep();
      looked += report.looked;
      isDone = !report.unfinished;
    }
    if (looked < due) throw new Error(`sweeps of ${due} looked at ${looked}`);
    return { totalMs: performance.now() - begunAt, queryMs: queryMs() - before };
  };

  await seed(calmSeeds(0, tracked, clock.now()), stage.submit);
  const renewal = await withDue(1, async ([slot]) => {
    if (slot === undefined) throw new Error('nothing is due');
    await sweepAll(1);
    return renewalIn(written, slot);
  });
  const bareRenewals = createBareRenewals(stage.connectionString, upstreamUrl, renewal, note);
  return {
    sweep: (due) => withDue(due, () => sweepAll(due)),
    bareMs: (due) =>
      withDue(due, async (slots) => {
        const begunAt = performance.now();
        await bareRenewals(slots);
        return performance.now() - begunAt;
      }),
    async scanMs() {
      const before = queryMs();
      for await (const _row of app.store.list(INSIDE_ACCOUNT));
      return queryMs() - before;
    },
    stop: stage.stop,
  };
};
