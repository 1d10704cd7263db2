import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { Outcome } from '../../shared/outcome.ts';
import type { AccountRules } from '../../shared/session.ts';
import { minutes, seconds } from '../builders.ts';
import { type Server, type Stage, setStage, settled } from './keeper-stage.ts';
import { useTableDouble } from './store-fixture.ts';

const fixture = useTableDouble();

const GAP_MS = seconds(5);
const slow = { rules: { callGapMs: GAP_MS } };
const failure: Outcome = { type: 'inconclusive', because: 'it answered 500', retryAfterMs: null };
const server = ({ now }: Stage): Server => ({ status: 'Ready', leaseMinutes: 600, readyAt: now });
const addOthers = (stage: Stage, count: number): void => {
  for (let index = 0; index < count; index += 1) stage.servers.set(`other-${index}`, server(stage));
};
const pagesIn = (calls: readonly { op: string }[]): number => calls.filter(({ op }) => op === 'list').length;

describe('a list of more pages than a sweep has calls', () => {
  it('goes on in the next sweep, and comes to its end', async () => {
    const stage = setStage(fixture);
    addOthers(stage, 300);
    stage.pageSize = 10;
    const keeper = stage.keeper(slow);
    await stage.sweep([keeper]);
    expect(pagesIn(stage.calls)).toBeLessThan(24);
    expect((await stage.store.readGate(stage.accountId)).listedAt).toBeNull();
    await stage.sweep([keeper]);
    expect(pagesIn(stage.calls)).toBe(30);
    const gate = await stage.store.readGate(stage.accountId);
    expect(gate).toMatchObject({ listPages: 30, listedCount: 300 });
    expect(gate.listedAt).not.toBeNull();
    expect(Object.keys(gate.strangers)).toHaveLength(100);
  });

  it('is read to its end though there is always something due', async () => {
    const stage = setStage(fixture);
    const keeper = stage.keeper({ rules: { ...slow.rules, observeIntervalMs: minutes(1) } });
    const ids: string[] = [];
    for (let index = 0; index < 12; index += 1) {
      ids.push(await stage.ready(keeper));
      stage.now += seconds(10);
    }
    addOthers(stage, 100);
    stage.pageSize = 5;
    // More looks than there are calls for.
    await stage.sweep([keeper], 15);
    const { listPages, listedCount } = await stage.store.readGate(stage.accountId);
    expect([listPages, listedCount]).toEqual([23, 112]);
    expect(stage.calls.filter(({ op }) => op === 'observe').length).toBeGreaterThan(30);
  });
});

describe('the list of the whole account', () => {
  /** One session alone, at an instant at which it is looked at; everything else was seen to just before. */
  const alone = async (rules: Partial<AccountRules>) => {
    const stage = setStage(fixture);
    const keeper = stage.keeper({ rules });
    const sessionId = await stage.ready(keeper);
    await settled(stage);
    stage.now = (Math.floor(stage.now / minutes(10)) + 1) * minutes(10);
    stage.taken();
    return { stage, keeper, sessionId };
  };

  it.each([
    ['', {}],
    [', where calls wait for each other', slow.rules],
  ])('is the regular look at a session%s', async (_, rules) => {
    const { stage, keeper, sessionId } = await alone(rules);
    const from = stage.now;
    await stage.sweep([keeper], 10);
    expect(stage.taken().map(({ op }) => op)).toEqual(['list']);
    const { observedAt, dueAt } = await stage.live(sessionId);
    expect(observedAt).toBeGreaterThan(from);
    expect(dueAt).toBe(from + minutes(10));
    await stage.sweep([keeper], 10);
    expect(stage.taken().map(({ op }) => op)).toEqual(['list']);
  });

  it.each([
    ['', {}],
    [', where calls wait for each other', slow.rules],
  ])('that does not show a session is a reason to look at it by itself%s', async (_, rules) => {
    const { stage, keeper, sessionId } = await alone(rules);
    stage.servers.clear();
    await stage.sweep([keeper]);
    expect(stage.taken().map(({ op }) => op)).toEqual(['list', 'observe']);
    // The upstream has said so once: only the second time it is gone.
    expect(await stage.live(sessionId)).toMatchObject({ missingSince: expect.any(Number) });
  });

  it('that shows a session settles that it is there, also where it is long overdue and was missing before', async () => {
    const { stage, keeper, sessionId } = await alone({});
    stage.answers = { list: () => failure, observe: () => ({ type: 'missing', sentAt: stage.now }) };
    await stage.sweep([keeper]);
    expect(await stage.live(sessionId)).toMatchObject({ missingSince: expect.any(Number) });
    stage.now += minutes(25);
    stage.taken();
    delete stage.answers.list;
    await stage.sweep([keeper]);
    expect(stage.taken().map(({ op }) => op)).toEqual(['list']);
    expect(await stage.live(sessionId)).toMatchObject({ missingSince: null });
  });

  it('lets no look wait for many pages of others', async () => {
    const { stage, keeper, sessionId } = await alone(slow.rules);
    addOthers(stage, 30);
    stage.pageSize = 10;
    await stage.sweep([keeper], 1);
    // That it has more than one page is known from then on.
    expect(stage.taken().map(({ op }) => op)).toEqual(['list', 'list', 'list', 'list']);
    stage.now += minutes(10);
    await stage.sweep([keeper], 1);
    const [first, ...others] = stage.taken().map(({ op, sessionId: id }) => `${op} ${id}`);
    expect(first).toBe(`observe ${sessionId}`);
    expect(others).toEqual(Array(4).fill('list '));
  });
});

describe('a list that fails', () => {
  it('is tried once in a sweep, and each session is looked at by itself', async () => {
    const stage = setStage(fixture);
    const keeper = stage.keeper(slow);
    const ids = [await stage.ready(keeper)];
    stage.now += GAP_MS;
    ids.push(await stage.ready(keeper));
    await settled(stage);
    stage.answers.list = () => failure;
    stage.now += minutes(11);
    stage.taken();
    await stage.sweep([keeper]);
    const calls = stage.taken();
    expect(pagesIn(calls)).toBe(1);
    expect(
      calls
        .filter(({ op }) => op === 'observe')
        .map(({ sessionId }) => sessionId)
        .toSorted(),
    ).toEqual(ids.toSorted());
  });

  it('is no reason not to count the sessions', async () => {
    const stage = setStage(fixture);
    const keeper = stage.keeper();
    stage.answers.list = () => failure;
    for (let index = 0; index < 3; index += 1) await stage.ready(keeper, { keepAlive: index > 0 });
    await stage.sweep([keeper]);
    expect(await stage.store.readGate(stage.accountId)).toMatchObject({
      ...{ listedAt: null, liveCount: 3, keptCount: 2 },
    });
  });
});

describe('a server of nobody', () => {
  const exclusive = { isExclusive: true };

  it('is adopted when its grace is over, and not at the next list that is due anyway', async () => {
    const stage = setStage(fixture);
    const keeper = stage.keeper({ rules: { ...exclusive, orphanGraceMs: minutes(2) } });
    const id = randomUUID();
    stage.servers.set(id, server(stage));
    await stage.sweep([keeper], 2);
    await expect(stage.session(id)).rejects.toThrow(/missing/);
    await stage.sweep([keeper], 2);
    expect((await stage.live(id)).observed.status).toBe('Ready');
  });

  it('is not kept alive where no more can be', async () => {
    const stage = setStage(fixture);
    // (240 - 120) min / 3 / 30 min: one.
    const few = { callGapMs: minutes(30), renewMarginMinutes: 120, extensionMinutes: 240 };
    const rules = { ...exclusive, orphanGraceMs: minutes(1), ...few };
    const keeper = stage.keeper({ rules, defaults: { keepAlive: true } });
    const ids = [randomUUID(), randomUUID(), randomUUID()];
    for (const id of ids) stage.servers.set(id, server(stage));
    for (let list = 0; list < 3; list += 1) {
      stage.now += minutes(31);
      await stage.sweep([keeper]);
    }
    const kept = await Promise.all(ids.map(async (id) => (await stage.live(id)).policy.keepAlive));
    expect(kept.filter((isKept) => isKept)).toHaveLength(1);
    expect(
      stage.faults('stranger').filter((entry) => JSON.stringify(entry).includes('too many')),
    ).toHaveLength(2);
  });

  it('may have any name', async () => {
    const stage = setStage(fixture);
    const keeper = stage.keeper({ rules: { ...exclusive, orphanGraceMs: minutes(1) } });
    const ids = ['constructor', '__proto__', 'toString'];
    for (const id of ids) stage.servers.set(id, server(stage));
    await stage.sweep([keeper]);
    expect(stage.faults('stranger')).toHaveLength(3);
    await expect(stage.session('constructor')).rejects.toThrow(/missing/);
    await stage.sweep([keeper], 2);
    for (const id of ids) expect((await stage.live(id)).observed.status).toBe('Ready');
  });
});
