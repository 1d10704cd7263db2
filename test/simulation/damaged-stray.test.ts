import { expect, it } from 'vitest';
import { createPointClient } from './crash-points-client.ts';
import { beOver, beReady, runs } from './crash-points-scenes.ts';
import { createStage } from './crash-points-stage.ts';
import { ACCOUNT_ID } from './keeper-parts.ts';

it('sweeps on where the record of a server on the list is over and cannot be read', async () => {
  const stage = createStage();
  const { world, rows, books, other } = stage;
  const damaged = createPointClient(stage, 'damaged-record');
  await beOver(stage, damaged);
  rows.submit(ACCOUNT_ID, [
    { type: 'update', etag: '*', rowKey: `ended:${damaged.id}`, columns: { policy: '{' } },
  ]);
  Object.assign(books.find(damaged.id) ?? {}, { status: 'Ready', endedAt: null, stoppingSince: null });
  const idle = createPointClient(stage, 'idle', { idleTimeoutMinutes: 1 });
  const { next } = await beReady(stage, idle);
  await stage.passUntil(next.at + 20_000);
  stage.writeGate({ sweptAt: world.now() - 1_000, listedAt: null });

  const report = await stage.done(other.keeper.sweep());

  expect(report.unfinished).toBe(false);
  await stage.passUntil(world.now() + 10_000);
  expect(runs(stage, idle)).toBe('idle does not run');
  // Whether anybody wants it cannot be told.
  expect(runs(stage, damaged)).toBe(false);
});
