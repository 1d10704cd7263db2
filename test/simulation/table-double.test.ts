import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { StorageUnavailableError } from '../../shared/errors.ts';
import type { Table } from '../../shared/store/table.ts';
import { useTable } from '../integration/store-fixture.ts';
import { createFaults } from './faults.ts';
import { createProcess } from './process.ts';
import { createTableService } from './table-double.ts';
import { createTableRows, RefusedRequestError } from './table-rows.ts';
import { TABLE_STORIES } from './table-stories.ts';
import { createWorld } from './world.ts';

/** Tells the story on a table of the simulation, and lets its time pass until it is told. */
const toldByDouble = async (story: (table: Table) => Promise<unknown>): Promise<unknown> => {
  const world = createWorld(1);
  const faults = createFaults(world, { hours: 2, only: [] });
  const process = createProcess('keeper', world, faults, { platform: 0, own: () => 0 });
  const told = story(createTableService(world, faults, createTableRows()).connect(process));
  // Whoever asks hears of a failure; until then nobody is to miss it.
  told.catch(() => undefined);
  await world.run(world.start + 60_000);
  return told;
};

describe('the double and the real table', () => {
  const real = useTable();
  it.each(Object.entries(TABLE_STORIES))('tell the same: %s', async (_, tell) => {
    const partition = randomUUID();
    const told = await toldByDouble((table) => tell(table, partition));
    expect(told).toEqual(await tell(real.table, partition));
  });
});

const LOOKS = 600;

describe('the double', () => {
  it('refuses what Azure refuses and the emulator takes', async () => {
    const large = 'x'.repeat(2 ** 15);
    const columns = Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`c${index}`, large]));
    const told = toldByDouble((table) => table.submit('p', [{ type: 'create', rowKey: 'a', columns }]));
    await expect(told).rejects.toThrow(RefusedRequestError);
  });

  it('gives short and empty pages, and follows them to the end', async () => {
    const world = createWorld(3);
    const faults = createFaults(world, { hours: 2, only: ['table-pages'] });
    const process = createProcess('keeper', world, faults, { platform: 0, own: () => 0 });
    const table = createTableService(world, faults, createTableRows()).connect(process);
    const keys = Array.from({ length: 30 }, (_, index) => `row-${String(index).padStart(2, '0')}`);
    const seen: string[][] = [];
    const tell = async (): Promise<void> => {
      await table.submit(
        'p',
        keys.map((rowKey) => ({ type: 'create', rowKey, columns: {} })),
      );
      for (let look = 0; look < LOOKS; look += 1) {
        const rows: string[] = [];
        for await (const { rowKey } of table.list('p', 'a', 'z')) rows.push(rowKey);
        seen.push(rows);
        await world.sleep(10_000);
      }
    };
    const told = tell();
    await world.run(world.start + 2 * 3_600_000);
    await told;
    expect(seen).toEqual(Array.from({ length: LOOKS }, () => keys));
    expect(faults.hits().get('table-pages')).toBeGreaterThan(10);
  });

  it('reports a conflict for a write whose reply was lost, and has written it', async () => {
    const world = createWorld(5);
    const faults = createFaults(world, { hours: 2, only: ['table-reply-lost'] });
    const process = createProcess('keeper', world, faults, { platform: 0, own: () => 0 });
    const rows = createTableRows();
    const table = createTableService(world, faults, rows).connect(process);
    const conflicts: string[] = [];
    const tell = async (): Promise<void> => {
      for (let index = 0; index < 3_000; index += 1) {
        const rowKey = `row-${index}`;
        const { type } = await table.submit('p', [{ type: 'create', rowKey, columns: {} }]);
        if (type === 'conflict') conflicts.push(rowKey);
        await world.sleep(2_000);
      }
    };
    const told = tell();
    await world.run(world.start + 3 * 3_600_000);
    await told;
    expect(conflicts.length).toBeGreaterThan(10);
    expect(rows.keys('p')).toHaveLength(3_000);
  });

  it('does not answer in an outage', async () => {
    const world = createWorld(7);
    const faults = createFaults(world, { hours: 4, only: ['table-outage'] });
    const process = createProcess('keeper', world, faults, { platform: 0, own: () => 0 });
    const table = createTableService(world, faults, createTableRows()).connect(process);
    const errors: unknown[] = [];
    const tell = async (): Promise<void> => {
      for (let minute = 0; minute < 180; minute += 1) {
        await table.get('p', 'a').catch((error: unknown) => errors.push(error));
        await world.sleep(60_000);
      }
    };
    const told = tell();
    await world.run(world.start + 4 * 3_600_000);
    await told;
    expect(errors.length).toBeGreaterThan(0);
    expect(errors.every((error) => error instanceof StorageUnavailableError)).toBe(true);
  });
});
