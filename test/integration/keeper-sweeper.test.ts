import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { minutes, seconds } from '../builders.ts';
import { setStage, settled } from './keeper-stage.ts';
import { present, useTableDouble } from './store-fixture.ts';

const fixture = useTableDouble();
const slow = { rules: { callGapMs: seconds(5) } };

describe('two sweeps of one account', () => {
  it('are one at a time: the second does nothing meanwhile', async () => {
    const stage = setStage(fixture);
    const [first, second] = [stage.keeper(), stage.keeper()];
    const id = await stage.ready(first, { keepAlive: true });
    stage.servers.set(id, { ...present(stage.servers.get(id)), leaseMinutes: 5 });
    await settled(stage);
    stage.now += minutes(9);
    let other: unknown;
    stage.answers.observe = () => undefined;
    stage.answers.list = () => {
      other ??= second.sweep();
      return undefined;
    };
    stage.answers.extend = stage.answers.list;
    stage.now += minutes(42);
    stage.taken();
    await first.sweep();
    expect(await other).toEqual({ looked: 0, unfinished: true });
    // Nothing was asked twice.
    const asked = stage.calls.map(({ op, sessionId }) => `${op} ${sessionId}`);
    expect(asked).toEqual([...new Set(asked)]);
    // It has left the sweep to others.
    stage.now += 1;
    await settled(stage);
    expect(await second.sweep()).toMatchObject({ unfinished: false });
  });

  it.each([
    { silentForMs: seconds(14), looked: 0 },
    { silentForMs: seconds(15), looked: 1 },
  ])(
    'a sweeper that is silent for $silentForMs ms leaves $looked to the other',
    async ({ silentForMs, looked }) => {
      const stage = setStage(fixture);
      const keeper = stage.keeper();
      await keeper.create({ sessionId: randomUUID(), size: 'Standard', models: [], leaseMinutes: 60 });
      stage.now += minutes(1);
      const from = await stage.store.readGate(stage.accountId);
      const sweeper = { id: 'a dead one', until: stage.now + seconds(15) };
      await stage.store.changeGate(stage.accountId, {
        from,
        next: { ...from, sweeper, listedAt: stage.now },
      });
      stage.now += silentForMs;
      expect(await keeper.sweep()).toEqual({ looked, unfinished: looked === 0 });
    },
  );
});

it('a sweep that has calls for longer than its turn leaves no slot unused, and goes on in whoever comes next', async () => {
  const stage = setStage(fixture);
  const rules = { ...slow.rules, callGapMs: seconds(10) };
  const [first, second] = [stage.keeper({ rules }), stage.keeper({ rules })];
  for (let made = 0; made < 20; made += 1) await stage.ready(stage.keeper(), { keepAlive: true });
  await settled(stage);
  stage.now += minutes(55);
  stage.taken();
  const from = stage.now;
  let other: Promise<unknown> | undefined;
  stage.answers.extend = () => {
    if (stage.now >= from + minutes(1)) other ??= second.sweep();
    return undefined;
  };
  expect(await first.sweep()).toMatchObject({ unfinished: true });
  expect(await other).toMatchObject({ looked: expect.any(Number) });
  const at = stage.calls.map((call) => call.at - from);
  const gaps = at.slice(1).map((one, index) => one - (at[index] ?? 0));
  expect(at.length).toBeGreaterThan(12);
  for (const gap of gaps) expect(Math.round(gap / 1000)).toBe(10);
});

it('a sweep with a gap makes the most urgent call first', async () => {
  const stage = setStage(fixture);
  const maker = stage.keeper();
  const low = await stage.ready(maker, { keepAlive: true, idleTimeoutMinutes: null });
  const idle = await stage.ready(maker, { idleTimeoutMinutes: 20 });
  const asked = await stage.ready(maker);
  const looked = await stage.ready(maker);
  stage.now += minutes(59);
  const keeper = stage.keeper(slow);
  const fresh = randomUUID();
  await settled(stage);
  // The gate is shut for the moment: nothing of this is done at once.
  const from = await stage.store.readGate(stage.accountId);
  const shut = { ...from, nextCallAt: stage.now + seconds(8) };
  await stage.store.changeGate(stage.accountId, { from, next: shut });
  await keeper.create({ sessionId: fresh, size: 'Standard', models: [], leaseMinutes: 60 });
  await keeper.stop(asked);
  // No look is overdue, which would have its turn earlier.
  await keeper.show(looked, false);
  stage.taken();
  await keeper.sweep();
  const first = stage.calls.map(({ op, sessionId }) => `${op} ${sessionId}`);
  const order = [`extend ${low}`, `stop ${asked}`, `create ${fresh}`, `stop ${idle}`];
  expect(first.filter((call) => order.includes(call))).toEqual(order);
  expect(first.slice(0, 2)).toEqual(order.slice(0, 2));
});

describe('a keeper that was away', () => {
  const idleFor = async (awayMs: number, idleTimeoutMinutes = 20) => {
    const stage = setStage(fixture);
    const keeper = stage.keeper();
    const id = await stage.ready(keeper, { idleTimeoutMinutes, leaseMinutes: 600 });
    await settled(stage);
    stage.now += minutes(idleTimeoutMinutes + 5) - awayMs;
    await settled(stage);
    const from = await stage.store.readGate(stage.accountId);
    await stage.store.changeGate(stage.accountId, { from, next: { ...from, graceFrom: 0 } });
    stage.now += awayMs;
    await keeper.sweep();
    return { stage, keeper, id };
  };

  it('for a few minutes reaps as ever', async () => {
    const { stage, id } = await idleFor(minutes(4));
    expect(stage.servers.has(id)).toBe(false);
  });

  it('for a few minutes reaps nobody of whose idle timeout that is half or more, until that has passed', async () => {
    const { stage, keeper, id } = await idleFor(minutes(4), 5);
    expect((await stage.live(id)).desired.state).toBe('running');
    await stage.sweep([keeper], 4);
    expect((await stage.live(id)).desired.state).toBe('running');
    await stage.sweep([keeper], 3);
    expect(await stage.ended(id)).toMatchObject({ because: 'idle' });
  });

  it('for longer reaps nobody, until a whole idle timeout has passed', async () => {
    const { stage, keeper, id } = await idleFor(minutes(6));
    expect((await stage.live(id)).desired.state).toBe('running');
    await stage.sweep([keeper], 19);
    expect((await stage.live(id)).desired.state).toBe('running');
    await stage.sweep([keeper], 3);
    expect(await stage.ended(id)).toMatchObject({ because: 'idle' });
  });

  it('for longer heeds the heartbeat that comes then', async () => {
    const { stage, keeper, id } = await idleFor(minutes(6));
    stage.now += minutes(19);
    await settledSweeps();
    await keeper.heartbeat(id);
    await stage.sweep([keeper], 18);
    expect((await stage.live(id)).desired.state).toBe('running');
    await stage.sweep([keeper], 5);
    expect(await stage.ended(id)).toMatchObject({ because: 'idle' });

    /** Sweeps went on meanwhile. */
    async function settledSweeps(): Promise<void> {
      const from = await stage.store.readGate(stage.accountId);
      await stage.store.changeGate(stage.accountId, { from, next: { ...from, sweptAt: stage.now } });
    }
  });
});

describe('an instance whose clock is wrong', () => {
  it.each([minutes(1), -minutes(1)])('by %d ms stops nobody by itself, and says so', async (aheadMs) => {
    const stage = setStage(fixture);
    const id = await stage.ready(stage.keeper(), { idleTimeoutMinutes: 5, leaseMinutes: 600 });
    const asked = await stage.ready(stage.keeper());
    await settled(stage);
    stage.now += minutes(10);
    await settled(stage);
    const keeper = stage.keeper({ aheadMs });
    await keeper.stop(asked);
    await keeper.sweep();
    expect(stage.servers.has(id)).toBe(true);
    expect((await stage.live(id)).desired.state).toBe('running');
    // What its client wants is done.
    expect(stage.servers.has(asked)).toBe(false);
    expect(stage.faults('clock')).toHaveLength(1);
    await stage.keeper().sweep();
    expect(stage.servers.has(id)).toBe(false);
  });

  it('forgets nothing', async () => {
    const stage = setStage(fixture);
    const id = await stage.ready(stage.keeper());
    await stage.keeper().stop(id);
    stage.now += minutes(1);
    await stage.sweep([stage.keeper()]);
    const { dueAt } = await stage.ended(id);
    stage.now = dueAt + minutes(1);
    await stage.keeper({ aheadMs: minutes(1) }).sweep();
    expect((await stage.ended(id)).status).toBe('Stopped');
    await stage.keeper().sweep();
    await expect(stage.session(id)).rejects.toThrow(/missing/);
  });
});

it('a row that is at fault comes up ever more rarely, up to ten minutes, and stops nobody else', async () => {
  const stage = setStage(fixture);
  const keeper = stage.keeper();
  const [broken, sound] = [await stage.ready(keeper), await stage.ready(keeper, { keepAlive: true })];
  await settled(stage);
  const columns = { leases: '{"nonsense":true}' };
  await fixture.table.submit(stage.accountId, [
    { type: 'update', rowKey: `session:${broken}`, columns, etag: '*' },
  ]);
  stage.now += minutes(10);
  const at: number[] = [];
  for (let minute = 0; minute < 60; minute += 1) {
    const before = stage.reports.length;
    await stage.sweep([keeper]);
    const faults = stage.reports
      .slice(before)
      .filter((one) => one.kind === 'fault' && one.sessionId === broken);
    expect(faults.length).toBeLessThan(2);
    if (faults.length > 0) at.push(minute);
    if (minute % 10 === 0) await keeper.heartbeat(sound);
  }
  const pauses = at.slice(1).map((minute, index) => minute - (at[index] ?? 0));
  // 1, 2, 4, 8 and 10 minutes; each time the sweep comes just before that is over, and the next one takes it.
  expect(pauses.slice(0, 4)).toEqual([2, 3, 5, 9]);
  for (const pause of pauses.slice(4)) expect(pause).toBeLessThanOrEqual(11);
  expect(pauses.slice(4).length).toBeGreaterThan(2);
  expect((await stage.live(sound)).leases.grantedMinutes).toBeGreaterThan(60);
});
