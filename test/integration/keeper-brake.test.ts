import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { Keeper } from '../../shared/keeper.ts';
import { minutes, seconds } from '../builders.ts';
import { type Stage, setStage, settled } from './keeper-stage.ts';
import { useTableDouble } from './store-fixture.ts';

const fixture = useTableDouble();

const several = async (stage: Stage, keeper: Keeper, count: number, more = {}): Promise<string[]> => {
  const ids: string[] = [];
  for (let index = 0; index < count; index += 1) ids.push(await stage.ready(keeper, more));
  return ids;
};
const running = async (stage: Stage, ids: readonly string[]): Promise<string[]> => {
  const sessions = await Promise.all(ids.map((id) => stage.session(id)));
  return sessions.flatMap((one) =>
    one.life === 'live' && one.desired.state === 'running' ? [one.sessionId] : [],
  );
};
/** Sweeps go on for so long, without anything else. */
const sweepFor = (stage: Stage, keeper: Keeper, count: number): Promise<void> => stage.sweep([keeper], count);

describe('sessions that all become idle at once', () => {
  const idleTogether = async () => {
    const stage = setStage(fixture);
    const keeper = stage.keeper();
    const ids = await several(stage, keeper, 8, { idleTimeoutMinutes: 20, keepAlive: true });
    await settled(stage);
    stage.now += minutes(21);
    await settled(stage);
    await keeper.sweep();
    return { stage, keeper, ids };
  };

  it('are stopped up to the fifth; the others are held, each with an event and a report', async () => {
    const { stage, ids } = await idleTogether();
    const held = await running(stage, ids);
    expect(held).toHaveLength(3);
    expect(
      stage
        .faults('brake')
        .map((fault) => 'sessionId' in fault && fault.sessionId)
        .sort(),
    ).toEqual(held.toSorted());
    for (const id of held) {
      const session = await stage.live(id);
      expect((session.heldUntil ?? 0) - stage.now).toBeLessThanOrEqual(minutes(20));
      expect((session.heldUntil ?? 0) - stage.now).toBeGreaterThan(minutes(19));
      const { events } = await fixture.rowsOf(session);
      expect(events.filter(({ columns }) => columns.kind === 'held')).toHaveLength(1);
    }
  });

  it('are kept while they are held, told of once, and stopped then', async () => {
    const { stage, keeper, ids } = await idleTogether();
    const held = await running(stage, ids);
    for (const id of held)
      stage.servers.set(id, { status: 'Ready', leaseMinutes: 60, readyAt: stage.now - minutes(53) });
    await sweepFor(stage, keeper, 19);
    expect(await running(stage, held)).toEqual(held);
    expect(held.every((id) => (stage.servers.get(id)?.leaseMinutes ?? 0) > 60)).toBe(true);
    await sweepFor(stage, keeper, 5);
    expect(await running(stage, held)).toEqual([]);
    expect(stage.servers.size).toBe(0);
    expect(stage.faults('brake')).toHaveLength(3);
  });

  it('are not stopped where their users come back', async () => {
    const { stage, keeper, ids } = await idleTogether();
    const [back = ''] = await running(stage, ids);
    await sweepFor(stage, keeper, 15);
    await keeper.heartbeat(back);
    await sweepFor(stage, keeper, 15);
    expect(await running(stage, ids)).toEqual([back]);
  });
});

it('stops that clients ask for are never held, however many', async () => {
  const stage = setStage(fixture);
  const keeper = stage.keeper();
  const ids = await several(stage, keeper, 8);
  for (const id of ids) await keeper.stop(id);
  stage.now += seconds(10);
  await keeper.sweep();
  for (const id of ids) expect(await stage.ended(id)).toMatchObject({ status: 'Stopped', because: 'asked' });
  expect(stage.faults('brake')).toEqual([]);
  expect((await stage.store.readGate(stage.accountId)).unaskedStops).toEqual([]);
});

it('a few that become idle now and then are no reason for the brake', async () => {
  const stage = setStage(fixture);
  const keeper = stage.keeper();
  const ids: string[] = [];
  for (let index = 0; index < 8; index += 1) {
    ids.push(await stage.ready(keeper, { idleTimeoutMinutes: 5, leaseMinutes: 600 }));
    await sweepFor(stage, keeper, 3);
  }
  await sweepFor(stage, keeper, 10);
  expect(await running(stage, ids)).toEqual([]);
  expect(stage.faults('brake')).toEqual([]);
});

describe('launches for which nothing was ever sent', () => {
  it('end without being counted or held, as there is no server', async () => {
    const stage = setStage(fixture);
    const keeper = stage.keeper();
    stage.answers.create = () => ({ type: 'unsent', because: 'no token' });
    const ids = Array.from({ length: 8 }, () => randomUUID());
    for (const sessionId of ids)
      await keeper.create({ sessionId, size: 'Standard', models: [], leaseMinutes: 60 });
    await sweepFor(stage, keeper, 14);
    expect(await running(stage, ids)).toEqual(ids);
    await sweepFor(stage, keeper, 3);
    for (const id of ids)
      expect(await stage.ended(id)).toMatchObject({ status: 'Error', because: 'launch', owned: false });
    expect(stage.faults('brake')).toEqual([]);
    expect((await stage.store.readGate(stage.accountId)).unaskedStops).toEqual([]);
  });
});

describe('servers that all disappear at once', () => {
  const gone = async () => {
    const stage = setStage(fixture);
    const keeper = stage.keeper();
    const ids = await several(stage, keeper, 8, { leaseMinutes: 600 });
    await settled(stage);
    const servers = new Map(stage.servers);
    stage.servers.clear();
    stage.now += minutes(11);
    await settled(stage);
    await sweepFor(stage, keeper, 3);
    return { stage, keeper, ids, servers };
  };

  it('are taken for gone up to the fifth; the others are held', async () => {
    const { stage, keeper, ids } = await gone();
    expect(await running(stage, ids)).toHaveLength(3);
    expect(stage.faults('brake')).toHaveLength(3);
    await sweepFor(stage, keeper, 24);
    expect(await running(stage, ids)).toHaveLength(3);
    await sweepFor(stage, keeper, 12);
    expect(await running(stage, ids)).toEqual([]);
    for (const id of ids) expect(await stage.ended(id)).toMatchObject({ status: 'Error', because: 'gone' });
    expect(stage.faults('brake')).toHaveLength(3);
  });

  it('are found again, where it was the list that was wrong', async () => {
    const { stage, keeper, ids, servers } = await gone();
    const held = await running(stage, ids);
    const before = await Promise.all(held.map((id) => stage.live(id)));
    for (const [id, server] of servers) if (held.includes(id)) stage.servers.set(id, server);
    await sweepFor(stage, keeper, 3);
    // Held once is held once: what they were held for is over, and they are not held for something else after it.
    for (const { sessionId, heldUntil } of before) {
      expect(await stage.live(sessionId)).toMatchObject({ missingSince: null, heldUntil });
    }
  });
});

describe('creates that the upstream refuses, and may have done before', () => {
  const refused = async (count: number) => {
    const stage = setStage(fixture);
    const keeper = stage.keeper();
    stage.answers.create = () => ({ type: 'inconclusive', because: 'it answered 500', retryAfterMs: null });
    const ids = Array.from({ length: count }, () => randomUUID());
    for (const sessionId of ids)
      await keeper.create({ sessionId, size: 'Standard', models: [], leaseMinutes: 60 });
    stage.answers.create = () => ({ type: 'refused', status: 422, message: 'no' });
    await settled(stage);
    stage.now += seconds(10);
    await keeper.sweep();
    return { stage, keeper, ids };
  };

  it('count as stops that nobody asked for', async () => {
    const { stage, ids } = await refused(2);
    expect(await running(stage, ids)).toEqual([]);
    expect((await stage.store.readGate(stage.accountId)).unaskedStops).toHaveLength(2);
  });

  it('are held beyond the fifth, and may yet be made', async () => {
    const { stage, keeper, ids } = await refused(8);
    const held = await running(stage, ids);
    expect(held).toHaveLength(3);
    expect(stage.faults('brake')).toHaveLength(3);
    delete stage.answers.create;
    await sweepFor(stage, keeper, 3);
    expect(await running(stage, ids)).toEqual(held);
    for (const id of held) expect((await stage.live(id)).observed.status).toBe('Ready');
  });
});
