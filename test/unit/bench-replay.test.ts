import { describe, expect, it } from 'vitest';
import { MINUTE_MS } from '../../shared/lease.ts';
import { createDirect } from '../bench/arrangements/direct.ts';
import { createFixed } from '../bench/arrangements/fixed.ts';
import type { Sitting } from '../bench/month/month.ts';
import { replay } from '../bench/month/replay.ts';
import { type MonthReport, runMonth } from '../bench/month/run.ts';
import { sittingOf } from '../bench-sittings.ts';
import { createBooks } from '../simulation/upstream-books.ts';
import { createWorld } from '../simulation/world.ts';

/** The sittings with leases of so many minutes that nobody extends. */
const withLeases = async (leaseMinutes: number, sittings: readonly Sitting[]) => {
  const world = createWorld(1);
  const books = createBooks(world);
  const tally = replay(world, books, createFixed(createDirect(world, books), leaseMinutes), sittings);
  await world.run(world.start + 24 * 60 * MINUTE_MS);
  return tally();
};
const minutes = (ms: number): number => Math.round((ms / MINUTE_MS) * 10) / 10;

describe('a day of one user', () => {
  it('is billed from Ready to the stop', async () => {
    const tally = await withLeases(480, [sittingOf('a', [[0, 100]])]);
    expect(tally).toMatchObject({ servers: 1, cutOff: 0, begunAnew: 0, lostMs: 0 });
    expect(minutes(tally.billedMs)).toBe(98.6);
  });

  it('is billed to the end of the lease where the stop is forgotten', async () => {
    const tally = await withLeases(480, [sittingOf('a', [[0, 100]], { ends: 'closed' })]);
    expect(minutes(tally.billedMs)).toBe(480);
  });

  it('that outlives its lease is cut off, loses what is not saved, and waits for another server', async () => {
    // The lease ends at 101.5 min: 11.5 min after the last save, and 1.5 min before the next server.
    const tally = await withLeases(100, [sittingOf('a', [[0, 150]])]);
    expect(tally).toMatchObject({ servers: 2, cutOff: 1, begunAnew: 0 });
    expect(minutes(tally.lostMs)).toBe(13);
  });

  it('that comes back from a pause to nothing begins anew, early or not', async () => {
    const back = (at: number) =>
      withLeases(60, [
        sittingOf('a', [
          [0, 50],
          [at, 100],
        ]),
      ]);
    expect(await back(75)).toMatchObject({ cutOff: 0, begunAnew: 1, begunAnewEarly: 1 });
    expect(await back(85)).toMatchObject({ cutOff: 0, begunAnew: 1, begunAnewEarly: 0 });
    expect(minutes((await back(85)).lostMs)).toBe(1.5);
  });

  it('with a job that is cut off loses all of the job', async () => {
    const tally = await withLeases(120, [sittingOf('a', [[0, 150]], { kind: 'job' })]);
    expect(minutes(tally.lostMs)).toBe(121.5 + 1.5);
  });
});

describe('the keeper', () => {
  const kept = (...sittings: Sitting[]): Promise<MonthReport> => runMonth('keeper', sittings, 1);

  it('keeps a job through the night, and stops what is left of it half an hour later', async () => {
    const report = await kept(sittingOf('a', [[0, 600]], { kind: 'job', ends: 'closed' }));
    expect(report).toMatchObject({ servers: 1, cutOff: 0, begunAnew: 0, refusals: 0 });
    expect(minutes(report.billedMs)).toBeGreaterThanOrEqual(600 - 1.5 + 30);
    expect(minutes(report.billedMs)).toBeLessThan(600 - 1.5 + 33);
  });

  it('has the session for whoever is back in time, and not for whoever comes later', async () => {
    const [inTime, late] = await Promise.all([
      kept(
        sittingOf('a', [
          [0, 60],
          [89, 120],
        ]),
      ),
      kept(
        sittingOf('a', [
          [0, 60],
          [100, 120],
        ]),
      ),
    ]);
    expect(inTime).toMatchObject({ servers: 1, begunAnew: 0 });
    expect(late).toMatchObject({ servers: 2, begunAnew: 1, begunAnewEarly: 0, cutOff: 0 });
  });
});
