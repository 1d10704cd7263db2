import { StorageUnavailableError } from '../../shared/errors.ts';
import type { Row, Table } from '../../shared/store/table.ts';
import type { Faults } from './faults.ts';
import type { Process } from './process.ts';
import type { TableRows } from './table-rows.ts';
import type { World } from './world.ts';

/** Table Storage as a process meets it through the SDK: latency, one repetition, two seconds, and its faults. */

/** As many as the service gives at once. */
const PAGE_ROWS = 1000;
const OPERATION_TIMEOUT_MS = 2_000;
/** The SDK's wait before its only repetition. */
const REPEAT_AFTER_MS = 100;
const LATE_EFFECT_MS = 8_000;

export interface TableService {
  /** The table, through one process's client. */
  connect(process: Process): Table;
}

export const createTableService = (world: World, faults: Faults, rows: TableRows): TableService => {
  const chance = world.chance('table');
  const latency = (): number => 1 + chance.integer(0, 9);

  /** One operation: `act` happens at the service, none, one or several times; the last answer is heard. */
  const operate = <T>(process: Process, what: string, act: () => T): Promise<T> =>
    process.io(what, (answered, failed) => {
      const noteTime = process.clock.asks();
      const unavailable = (afterMs: number): void =>
        world.after(afterMs, () => failed(new StorageUnavailableError('The table does not answer.')));
      const attempt = (afterMs: number, heard: boolean): void =>
        world.quietly(afterMs, () => {
          try {
            const value = act();
            const time = process.tableTime();
            if (heard)
              world.after(latency(), () => {
                answered(value, () => noteTime(time));
              });
          } catch (error) {
            // No fault of a table, which ends the run: a request that none would take, or a check that fails itself.
            if (heard) failed(error as Error);
            const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
            world.fail({
              invariant: 'error',
              at: world.now(),
              sessionId: '',
              text: `table ${what}: ${text}`,
            });
          }
        });
      const note = (fault: string): void => world.trace.note(process.name, `table ${what}: ${fault}`);

      if (faults.strikes('table-outage')) {
        return unavailable(chance.hits(0.5) ? REPEAT_AFTER_MS + 20 : OPERATION_TIMEOUT_MS);
      }
      if (faults.strikes('table-throttled')) return unavailable(REPEAT_AFTER_MS + 20);
      if (faults.strikes('table-timeout')) {
        const effectAt = chance.pick([
          undefined,
          latency(),
          chance.integer(OPERATION_TIMEOUT_MS, LATE_EFFECT_MS),
        ]);
        note(`no answer in time, effect ${effectAt === undefined ? 'never' : `after ${effectAt} ms`}`);
        if (effectAt !== undefined) attempt(effectAt, false);
        return unavailable(OPERATION_TIMEOUT_MS);
      }
      if (faults.strikes('table-500')) {
        const [hasEffect, isRepeatedInVain] = [chance.hits(0.5), chance.hits(0.3)];
        note(`500 ${hasEffect ? 'after' : 'before'} the effect${isRepeatedInVain ? ', twice' : ''}`);
        if (hasEffect) attempt(latency(), false);
        return isRepeatedInVain ? unavailable(REPEAT_AFTER_MS + 20) : attempt(REPEAT_AFTER_MS + 20, true);
      }
      if (faults.strikes('table-reply-lost')) {
        note('the reply is lost');
        attempt(latency(), false);
        return attempt(REPEAT_AFTER_MS + 20, true);
      }
      const slowness = faults.strikes('table-slow') ? chance.integer(100, 1_800) : 0;
      attempt(latency() + slowness, true);
    });

  return {
    connect: (process) => ({
      get: (partition, rowKey) => operate(process, `get ${rowKey}`, () => rows.get(partition, rowKey)),

      async *list(partition, from, to, atATime = PAGE_ROWS) {
        let next: string | undefined = from;
        while (next !== undefined) {
          const start: string = next;
          const isShort = faults.draws('table-pages');
          const count = isShort ? Math.min(chance.integer(0, 2), atATime) : atATime;
          const page: { rows: Row[]; next: string | undefined } = await operate(
            process,
            `list ${start}`,
            () => rows.page(partition, start, to, count),
          );
          if (isShort && page.next !== undefined) faults.hit('table-pages');
          yield* page.rows;
          next = page.next;
        }
      },

      submit: (partition, changes) => {
        // As it was when it was asked for: the caller may go on with what it handed over.
        const asked = changes.map((change) =>
          'columns' in change ? { ...change, columns: { ...change.columns } } : change,
        );
        return operate(process, `submit ${asked[0]?.rowKey}`, () =>
          rows.submit(partition, asked, process.name),
        );
      },

      ping: () => operate(process, 'ping', () => undefined),
    }),
  };
};
