import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { UpstreamUnavailableError } from '../../shared/errors.ts';
import type { Gate } from '../../shared/gate.ts';
import type { Outcome } from '../../shared/outcome.ts';
import type { Table } from '../../shared/store/table.ts';
import { minutes, seconds } from '../builders.ts';
import { type Call, setStage, settled } from './keeper-stage.ts';
import { useTableDouble } from './store-fixture.ts';

const fixture = useTableDouble();

const GAP_MS = seconds(5);
const slow = { rules: { callGapMs: GAP_MS } };
const wanted = (sessionId = randomUUID()) =>
  ({ sessionId, size: 'Standard', models: [], leaseMinutes: 60 }) as const;
/** The clock of these tests ticks with each look at it: between the slot and its call, that is some milliseconds. */
const TICKS_MS = 100;
const shortestGap = (calls: readonly Call[]): number =>
  calls.slice(1).reduce((least, { at }, index) => Math.min(least, at - (calls[index]?.at ?? 0)), Infinity);
const throttled = (retryAfterMs: number | null): Outcome => ({
  type: 'inconclusive',
  because: 'it answered 429',
  retryAfterMs,
});

describe('the gap between two calls', () => {
  it('is kept over two instances, whatever they do in turn', async () => {
    const stage = setStage(fixture);
    const keepers = [stage.keeper(slow), stage.keeper(slow)] as const;
    const ids: string[] = [];
    for (const keeper of [...keepers, ...keepers, ...keepers]) {
      const want = wanted();
      ids.push(want.sessionId);
      await keeper.create({ ...want, keepAlive: true });
    }
    await stage.sweep(keepers, 3);
    for (const [index, id] of ids.entries()) {
      const keeper = keepers[index % 2] ?? keepers[0];
      await keeper.change(id, { leaseMinutes: 90 }, true).catch(() => undefined);
      await keepers[1].stop(id);
      await keepers[0].show(id, true);
    }
    await stage.sweep(keepers, 4);
    expect(stage.servers.size).toBe(0);
    expect(stage.calls.length).toBeGreaterThan(15);
    expect(shortestGap(stage.calls)).toBeGreaterThan(GAP_MS - TICKS_MS);
  });

  it('lets one of two creates at the same time through; the sweep makes the other', async () => {
    const stage = setStage(fixture);
    const keepers = [stage.keeper(slow), stage.keeper(slow)] as const;
    const [one, other] = await Promise.all(keepers.map((keeper) => keeper.create(wanted())));
    expect(stage.taken().map(({ op }) => op)).toEqual(['create']);
    expect([one?.unfinished, other?.unfinished].sort()).toEqual([false, true]);
    expect([one, other].every((made) => made?.isNew && made.view.session.life === 'live')).toBe(true);
    await stage.sweep([keepers[0]]);
    expect(stage.servers.size).toBe(2);
    expect(stage.calls.filter(({ op }) => op === 'create')).toHaveLength(1);
  });

  it('is none where it is set to none', async () => {
    const stage = setStage(fixture);
    const keeper = stage.keeper();
    await Promise.all([1, 2, 3].map(() => keeper.create(wanted())));
    expect(stage.calls).toHaveLength(3);
    expect(shortestGap(stage.calls)).toBeLessThan(TICKS_MS);
  });
});

describe('while the gate is shut', () => {
  it('a create is taken, and is Starting; its repetition is the same session', async () => {
    const stage = setStage(fixture);
    const keeper = stage.keeper(slow);
    await keeper.create(wanted());
    const second = wanted();
    const created = await keeper.create(second);
    expect(created).toMatchObject({ isNew: true, unfinished: true });
    expect(created.view.session).toMatchObject({
      observed: { status: 'Requested' },
      creation: { attempts: 0 },
    });
    expect(await keeper.create(second)).toMatchObject({ isNew: false, unfinished: true });
    expect(stage.taken()).toHaveLength(1);
    await stage.sweep([keeper]);
    expect(await stage.live(second.sessionId)).toMatchObject({ creation: { attempts: 1 } });
  });

  it.each([
    ['with an id of its own, is new', true],
    ['whose client may have asked before, counts as a repetition', false],
  ])('a create that a sweep has taken up before it heard of its insert, %s', async (_, isFreshId) => {
    const stage = setStage(fixture);
    const other = stage.keeper(slow);
    await other.create(wanted());
    const want = wanted();
    const onTable = (table: Table): Partial<Table> => ({
      async submit(partition, changes) {
        const submitted = await table.submit(partition, changes);
        const [first] = changes;
        if (first?.type !== 'create' || first.rowKey !== `session:${want.sessionId}`) return submitted;
        // The reply is lost, and the repetition meets its own write, as somebody else has changed it meanwhile.
        await other.sweep();
        return { type: 'conflict' };
      },
    });
    const created = await stage.keeper({ ...slow, onTable }).create(want, isFreshId);
    expect(created).toMatchObject({ isNew: isFreshId, view: { session: { creation: { attempts: 1 } } } });
    expect(stage.servers.size).toBe(2);
  });

  it('a longer lease is 503 until the gate opens, and is asked for all the same', async () => {
    const stage = setStage(fixture);
    const keeper = stage.keeper(slow);
    const id = await stage.ready(keeper);
    stage.now += seconds(10);
    await keeper.create(wanted());
    stage.now += seconds(1);
    const error = await keeper.change(id, { leaseMinutes: 90 }, true).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(UpstreamUnavailableError);
    expect(error).toMatchObject({ status: 503, retryAfterSeconds: 4 });
    expect(stage.taken().some(({ op }) => op === 'extend')).toBe(false);
    stage.now += seconds(4);
    const changed = await keeper.change(id, { leaseMinutes: 90 }, true);
    expect(changed.view.session.leases.grantedMinutes).toBe(90);
  });

  it('a lease that is covered needs no call', async () => {
    const stage = setStage(fixture);
    const keeper = stage.keeper(slow);
    const id = await stage.ready(keeper, { leaseMinutes: 5, keepAlive: true });
    await keeper.create(wanted());
    stage.taken();
    const changed = await keeper.change(id, { leaseMinutes: 8 }, true);
    expect(changed.view.session.leases).toMatchObject({ floorMinutes: 8, grantedMinutes: 10 });
    expect(stage.calls).toEqual([]);
  });

  it('a change waits for a gate that opens soon', async () => {
    const stage = setStage(fixture);
    const keeper = stage.keeper(slow);
    const id = await stage.ready(keeper);
    stage.now += seconds(10);
    await keeper.create(wanted());
    stage.now += seconds(4);
    await keeper.change(id, { leaseMinutes: 90 }, true);
    expect(stage.servers.get(id)?.leaseMinutes).toBe(90);
    expect(shortestGap(stage.calls)).toBeGreaterThan(GAP_MS - TICKS_MS);
  });

  it('a stop is on record at once, and no later wish undoes it; the sweep carries it out', async () => {
    const stage = setStage(fixture);
    const keeper = stage.keeper(slow);
    const id = await stage.ready(keeper);
    stage.now += seconds(10);
    await keeper.create(wanted());
    expect(await keeper.stop(id)).toEqual({ unfinished: true });
    expect((await stage.live(id)).desired).toMatchObject({ state: 'stopped', because: 'asked' });
    await expect(keeper.change(id, { leaseMinutes: 90 }, true)).rejects.toThrow(/over/);
    expect(stage.servers.has(id)).toBe(true);
    await stage.sweep([keeper], 2);
    expect(await stage.ended(id)).toMatchObject({ status: 'Stopped', because: 'asked' });
    expect(stage.servers.has(id)).toBe(false);
  });
});

describe('a client that looks', () => {
  const waiting = async () => {
    const stage = setStage(fixture);
    const keeper = stage.keeper(slow);
    await keeper.create(wanted());
    const want = wanted();
    await keeper.create(want);
    stage.taken();
    /** The gate says so, and the last call was long ago. */
    const gateSays = async (said: Partial<Gate>): Promise<void> => {
      stage.now += GAP_MS;
      const from = await stage.store.readGate(stage.accountId);
      await stage.store.changeGate(stage.accountId, { from, next: { ...from, ...said } });
    };
    const look = () => keeper.show(want.sessionId, true);
    return { stage, keeper, look, gateSays };
  };

  it('waits for no gate', async () => {
    const { stage, look } = await waiting();
    stage.now += seconds(4);
    expect(await look()).toMatchObject({ unfinished: false, view: { session: { life: 'live' } } });
    expect(stage.calls).toEqual([]);
  });

  it.each([
    ['while somebody sweeps', (now: number) => ({ sweeper: { id: 'one', until: now + seconds(10) } })],
    ['while the last sweep has left work behind', (now: number) => ({ busyUntil: now + seconds(50) })],
  ])('takes no call %s', async (_, said) => {
    const { stage, look, gateSays } = await waiting();
    await gateSays(said(stage.now + GAP_MS));
    await look();
    expect(stage.calls).toEqual([]);
  });

  it('has done what is due with a call that nobody else wants, and leaves the rest to the sweep', async () => {
    const { stage, look, gateSays } = await waiting();
    await gateSays({});
    stage.answers.create = () => ({ type: 'inconclusive', because: 'no answer', retryAfterMs: null });
    expect(await look()).toMatchObject({ unfinished: true });
    expect(stage.taken().map(({ op }) => op)).toEqual(['create']);
    expect(await look()).toMatchObject({ unfinished: false });
    expect(stage.calls).toEqual([]);
  });

  it('finds out from the gate that a sweep did not come to an end', async () => {
    const { stage, keeper } = await waiting();
    for (let count = 0; count < 30; count += 1) await keeper.create(wanted());
    stage.now += minutes(1);
    const report = await keeper.sweep();
    const { busyUntil } = await stage.store.readGate(stage.accountId);
    expect(report.unfinished).toBe(true);
    expect(busyUntil - stage.now).toBeGreaterThan(minutes(1));
    expect(busyUntil - stage.now).toBeLessThan(minutes(2));
    // A create and a look for each of them, ten calls in a sweep.
    await stage.sweep([keeper], 7);
    expect((await stage.store.readGate(stage.accountId)).busyUntil).toBe(0);
  });
});

describe('a session for which nothing was sent', () => {
  it('ends at once where its client stops it, with no call and whatever the gate says', async () => {
    const stage = setStage(fixture);
    const keeper = stage.keeper(slow);
    await keeper.create(wanted());
    const want = wanted();
    await keeper.create(want);
    const { nextCallAt } = await stage.store.readGate(stage.accountId);
    stage.taken();
    expect(await keeper.stop(want.sessionId)).toEqual({ unfinished: false });
    expect(await stage.ended(want.sessionId)).toMatchObject({ status: 'Stopped', owned: false });
    expect(stage.calls).toEqual([]);
    expect((await stage.store.readGate(stage.accountId)).nextCallAt).toBe(nextCallAt);
  });
});

describe('an upstream that says when to come again', () => {
  it.each([
    { name: 'without a gap', instance: {} },
    { name: 'with a gap', instance: slow },
  ])('holds all instances back, $name', async ({ instance }) => {
    const stage = setStage(fixture);
    const [first, second] = [stage.keeper(instance), stage.keeper(instance)];
    const ids = [await stage.ready(first), await stage.ready(second)];
    await stage.sweep([first]);
    await settled(stage);
    stage.now += minutes(1);
    stage.taken();
    stage.answers.extend = () => throttled(seconds(90));
    await expect(first.change(ids[0] ?? '', { leaseMinutes: 90 }, true)).rejects.toThrow(
      UpstreamUnavailableError,
    );
    const told = stage.now;
    stage.answers = {};
    const error = await second
      .change(ids[1] ?? '', { leaseMinutes: 90 }, true)
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ status: 503, retryAfterSeconds: 90 });
    expect(await second.create(wanted())).toMatchObject({ isNew: true, unfinished: true });
    // The sweep of a minute cannot wait for so long, and leaves it all to the next one.
    expect(await second.sweep()).toMatchObject({ unfinished: true });
    expect(stage.taken().map(({ op }) => op)).toEqual(['extend']);
    stage.now = Math.max(stage.now, told + seconds(85));
    await second.sweep();
    expect(stage.calls.length).toBeGreaterThan(2);
    expect(Math.min(...stage.calls.map(({ at }) => at))).toBeGreaterThanOrEqual(
      told + seconds(90) - TICKS_MS,
    );
    expect(ids.map((id) => stage.servers.get(id)?.leaseMinutes)).toEqual([90, 90]);
  });

  it('is heeded by a create of an instance that knew of nothing, which reads it beside its insert', async () => {
    const stage = setStage(fixture);
    const [first, second] = [stage.keeper(), stage.keeper()];
    const id = await stage.ready(first);
    await second.show(id, false);
    stage.answers.extend = () => throttled(seconds(90));
    await expect(first.change(id, { leaseMinutes: 90 }, true)).rejects.toThrow(UpstreamUnavailableError);
    stage.answers = {};
    stage.taken();
    const { sessionId } = wanted();
    expect(await second.create(wanted(sessionId), true)).toMatchObject({ isNew: true, unfinished: true });
    expect(stage.calls).toEqual([]);
    expect(await stage.live(sessionId)).toMatchObject({ creation: { attempts: 0 }, pending: null });
    stage.now += seconds(90);
    await second.sweep();
    expect(await stage.live(sessionId)).toMatchObject({ observed: { status: 'Starting' } });
  });

  it('is believed for two minutes, whatever it says', async () => {
    const stage = setStage(fixture);
    const keeper = stage.keeper();
    const id = await stage.ready(keeper);
    stage.answers.extend = () => throttled(minutes(10));
    await expect(keeper.change(id, { leaseMinutes: 90 }, true)).rejects.toThrow(UpstreamUnavailableError);
    expect(await keeper.create(wanted())).toMatchObject({ unfinished: true });
    stage.now += minutes(2);
    expect(await keeper.create(wanted())).toMatchObject({ unfinished: false });
  });
});
