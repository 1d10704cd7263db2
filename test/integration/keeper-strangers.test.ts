import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { AccountRules } from '../../shared/session.ts';
import { minutes, seconds } from '../builders.ts';
import { type Server, type Stage, setStage, settled } from './keeper-stage.ts';
import { present, useTableDouble } from './store-fixture.ts';

const fixture = useTableDouble();

const exclusive: { rules: Partial<AccountRules> } = { rules: { isExclusive: true } };
const server = (stage: Stage): Server => ({ status: 'Ready', leaseMinutes: 120, readyAt: stage.now });
/** A session whose server was stopped, and is there all the same. */
const stray = async (stage: Stage): Promise<string> => {
  const keeper = stage.keeper();
  const id = await stage.ready(keeper);
  const there = present(stage.servers.get(id));
  await keeper.stop(id);
  await settled(stage);
  stage.now += seconds(10);
  await keeper.sweep();
  await stage.ended(id);
  stage.servers.set(id, there);
  stage.taken();
  return id;
};
const asked = (stage: Stage): string[] =>
  stage.taken().map(({ op, sessionId }) => `${op} ${sessionId}`.trim());

describe('a server whose session is over', () => {
  it('is stopped by the next list, and its history says so', async () => {
    const stage = setStage(fixture);
    const id = await stray(stage);
    stage.now += minutes(11);
    await stage.keeper().sweep();
    expect(asked(stage)).toEqual(['list', `stop ${id}`]);
    expect(stage.servers.has(id)).toBe(false);
    const { events } = await fixture.rowsOf(await stage.ended(id));
    expect(events.at(-1)?.columns).toMatchObject({ kind: 'stray', because: 'over' });
    expect((await stage.store.readGate(stage.accountId)).unaskedStops).toHaveLength(1);
  });

  it('is looked for again soon, as its stop may have failed, and then every interval', async () => {
    const stage = setStage(fixture);
    const id = await stray(stage);
    const there = present(stage.servers.get(id));
    stage.now += minutes(11);
    stage.answers.stop = () => ({ type: 'inconclusive', because: 'it answered 500', retryAfterMs: null });
    await stage.sweep([stage.keeper()]);
    stage.answers = {};
    stage.servers.set(id, there);
    await stage.sweep([stage.keeper()], 4);
    expect(asked(stage)).toEqual(['list', `stop ${id}`, 'list', `stop ${id}`, 'list']);
    expect(stage.servers.has(id)).toBe(false);
  });

  it('is left where it was never ours', async () => {
    const stage = setStage(fixture);
    const keeper = stage.keeper();
    const id = randomUUID();
    stage.servers.set(id, server(stage));
    stage.answers.create = () => ({ type: 'exists' });
    const wanted = { sessionId: id, size: 'Standard', models: [], leaseMinutes: 60 } as const;
    await expect(keeper.create(wanted)).rejects.toThrow(/already/);
    expect(await stage.ended(id)).toMatchObject({ owned: false });
    await stage.sweep([keeper, stage.keeper(exclusive)], 15);
    expect(stage.taken().filter(({ op }) => op === 'stop')).toEqual([]);
    expect(stage.servers.has(id)).toBe(true);
  });

  it('is left by an instance whose clock is wrong', async () => {
    const stage = setStage(fixture);
    const id = await stray(stage);
    stage.now += minutes(11);
    await stage.keeper({ aheadMs: minutes(1) }).sweep();
    expect(asked(stage)).toEqual(['list']);
    expect(stage.servers.has(id)).toBe(true);
  });

  it.each([0, 1, 4, 9])(
    'is one of many: the brake holds those beyond the fifth, for an interval, found %i min after a list is due',
    async (lateMinutes) => {
      const stage = setStage(fixture);
      const ids: string[] = [];
      for (let index = 0; index < 7; index += 1) ids.push(await stray(stage));
      for (const id of ids) stage.servers.set(id, server(stage));
      await settled(stage);
      stage.now = Math.ceil((stage.now + minutes(11)) / minutes(10)) * minutes(10) + minutes(lateMinutes);
      const foundAt = stage.now;
      const keeper = stage.keeper();
      await stage.sweep([keeper], 3);
      expect(stage.servers.size).toBe(2);
      await stage.sweep([keeper], 6);
      expect(stage.servers.size).toBe(2);
      await stage.sweep([keeper], 3);
      expect(stage.servers.size).toBe(0);
      expect(stage.now - foundAt).toBeLessThanOrEqual(minutes(12));
    },
  );

  it('does not stop the sweep where its record cannot be read', async () => {
    const stage = setStage(fixture);
    const keeper = stage.keeper();
    const [broken, other] = [await stray(stage), await stray(stage)];
    stage.servers.set(broken, server(stage));
    await fixture.table.submit(stage.accountId, [
      { type: 'update', rowKey: `ended:${broken}`, columns: { endedAt: 'once' }, etag: '*' },
    ]);
    const sound = await stage.ready(keeper, { keepAlive: true });
    stage.now += minutes(25);
    await keeper.heartbeat(sound);
    await stage.sweep([keeper], 2);
    stage.now += minutes(25);
    await stage.sweep([keeper], 2);
    expect(stage.servers.get(sound)?.leaseMinutes).toBeGreaterThan(60);
    expect(stage.servers.has(other)).toBe(false);
    expect(stage.servers.has(broken)).toBe(true);
    expect(stage.reports.some((one) => one.kind === 'fault' && one.error.includes(`ended:${broken}`))).toBe(
      true,
    );
  });
});

describe('a server without a record', () => {
  it('is only told of, once, where others use the upstream too', async () => {
    const stage = setStage(fixture);
    const id = randomUUID();
    stage.servers.set(id, server(stage));
    await stage.sweep([stage.keeper()], 30);
    expect(stage.faults('stranger')).toMatchObject([{ sessionId: id }]);
    expect(new Set(stage.taken().map(({ op }) => op))).toEqual(new Set(['list']));
    await expect(stage.session(id)).rejects.toThrow(/missing/);
  });

  it('is adopted after the grace where nobody else does, with the wishes of the account', async () => {
    const stage = setStage(fixture);
    const id = randomUUID();
    stage.servers.set(id, server(stage));
    const keeper = stage.keeper({
      rules: { isExclusive: true, observeIntervalMs: minutes(2) },
      defaults: { keepAlive: true },
    });
    await stage.sweep([keeper], 5);
    await expect(stage.session(id)).rejects.toThrow(/missing/);
    await stage.sweep([keeper], 3);
    const adopted = await stage.live(id);
    expect(adopted).toMatchObject({
      observed: { status: 'Ready' },
      policy: { keepAlive: true, idleTimeoutMinutes: 30 },
      leases: { grantedMinutes: 120 },
      desired: { state: 'running' },
    });
    const { events } = await fixture.rowsOf(adopted);
    expect(events.map(({ columns }) => columns.kind)).toEqual(['adopted']);
    expect(stage.taken().filter(({ op }) => op === 'create' || op === 'stop')).toEqual([]);
    // It is a session like all others now: nobody uses it.
    await stage.sweep([keeper], 32);
    expect(await stage.ended(id)).toMatchObject({ because: 'idle' });
    expect(stage.servers.size).toBe(0);
  });

  it('is not adopted where it has gone meanwhile, or has become a session', async () => {
    const stage = setStage(fixture);
    const keeper = stage.keeper(exclusive);
    const [gone, made] = [randomUUID(), randomUUID()];
    for (const id of [gone, made]) stage.servers.set(id, server(stage));
    await stage.sweep([keeper]);
    stage.servers.delete(gone);
    await keeper.create({ sessionId: made, size: 'Standard', models: [], leaseMinutes: 60 });
    await stage.sweep([keeper], 15);
    await expect(stage.session(gone)).rejects.toThrow(/missing/);
    expect((await fixture.rowsOf(await stage.live(made))).events[0]?.columns.kind).toBe('created');
  });

  it('is one of very many with very long names, and stops no sweep', async () => {
    const stage = setStage(fixture);
    const keeper = stage.keeper();
    const id = await stage.ready(keeper, { keepAlive: true });
    for (let index = 0; index < 130; index += 1)
      stage.servers.set(`${String(index).padStart(4, '0')}${'x'.repeat(252)}`, server(stage));
    stage.servers.set('a name / that no row can have', server(stage));
    const over = await stray(stage);
    await stage.sweep([keeper], 2);
    stage.now += minutes(25);
    await keeper.heartbeat(id);
    await stage.sweep([keeper], 2);
    stage.now += minutes(25);
    await stage.sweep([keeper], 2);
    // However many are before it on the list.
    expect(stage.servers.has(over)).toBe(false);
    expect(stage.servers.get(id)?.leaseMinutes).toBeGreaterThan(60);
  });
});

it('a server of another upstream, under the id of a session that was made and ended elsewhere, is left', async () => {
  const stage = setStage(fixture);
  const id = await stray(stage);
  stage.now += minutes(11);
  await stage.sweep([stage.keeper({ endpoint: 'http://127.0.0.1:2' })], 15);
  expect(stage.servers.has(id)).toBe(true);
});

describe('a session of an upstream that is not configured any more', () => {
  const elsewhere = { endpoint: 'http://127.0.0.1:2' };

  it('waits, with a report, and is as it was when the upstream is back', async () => {
    const stage = setStage(fixture);
    const id = await stage.ready(stage.keeper());
    const before = await stage.live(id);
    stage.now += minutes(11);
    stage.taken();
    await stage.sweep([stage.keeper(elsewhere)], 5);
    expect(await stage.live(id)).toEqual({ ...before, dueAt: expect.any(Number), opId: expect.any(String) });
    expect(stage.faults('upstream')).toMatchObject([{ sessionId: id }]);
    expect(stage.taken().filter(({ sessionId }) => sessionId === id)).toEqual([]);
    await stage.sweep([stage.keeper()], 11);
    expect((await stage.live(id)).observedAt).toBeGreaterThan(before.observedAt ?? 0);
  });

  it('ends when its lease must be over', async () => {
    const stage = setStage(fixture);
    const id = await stage.ready(stage.keeper(), { keepAlive: true });
    const keeper = stage.keeper(elsewhere);
    await stage.sweep([keeper], 58);
    expect((await stage.live(id)).desired.state).toBe('running');
    await stage.sweep([keeper], 12);
    expect(await stage.ended(id)).toMatchObject({ status: 'Error', because: 'gone' });
    expect(stage.calls.filter(({ op }) => op === 'stop')).toEqual([]);
  });
});

describe('a session that the index has lost', () => {
  it('is found by the next list of the whole account, and looked at again', async () => {
    const stage = setStage(fixture);
    const keeper = stage.keeper();
    const id = await stage.ready(keeper);
    const { due } = await fixture.rowsOf(await stage.session(id));
    const deletions = due.map((rowKey) => ({ type: 'delete', rowKey }) as const);
    await fixture.table.submit(stage.accountId, deletions);
    stage.now += minutes(25);
    await stage.sweep([keeper], 2);
    expect((await fixture.rowsOf(await stage.session(id))).due).toHaveLength(1);
    expect(asked(stage)).toContain(`observe ${id}`);
  });
});
