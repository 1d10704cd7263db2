import { describe, expect, it } from 'vitest';
import { createCensus } from '../../shared/census.ts';
import { type Gate, NEW_GATE } from '../../shared/gate.ts';
import type { Instant } from '../../shared/lease.ts';
import type { Entry } from '../../shared/telemetry.ts';
import type { ListPage } from '../../shared/upstream/list-page.ts';
import type { CallWindow, Inconclusive } from '../../shared/upstream/upstream.ts';
import { ACCOUNT_ID, accountRules, liveSession, minutes, seconds, sighting, T0 } from '../builders.ts';

type Page = ListPage | Inconclusive;

const page = (ids: readonly string[], next?: string, more: Partial<ListPage> = {}): ListPage => ({
  ...{ type: 'listed', sightings: new Map(ids.map((id) => [id, sighting()])), unreadable: new Set() },
  ...{ isWhole: true, next },
  ...more,
});
const broken: Inconclusive = { type: 'inconclusive', because: 'it answered 500', retryAfterMs: null };
const sessions = (ids: readonly string[], createdAt = T0 - minutes(5)) =>
  ids.map((sessionId) => liveSession({ sessionId, createdAt }));
const gate = (more: Partial<Gate> = {}): Gate => ({ ...NEW_GATE, ...more });

/** A census whose upstream answers with these pages in turn, and a clock that the test moves. */
const stageOf = (pages: readonly Page[], isOpen = true) => {
  const left = [...pages];
  const stage = {
    now: T0,
    asked: [] as (string | undefined)[],
    windows: [] as CallWindow[],
    reports: [] as Entry[],
    heldBack: [] as number[],
  };
  const upstream = {
    list: async (window: CallWindow, from?: string): Promise<Page> => {
      stage.asked.push(from);
      stage.windows.push(window);
      return left.shift() ?? broken;
    },
  };
  const gateway = {
    pass: async () => (isOpen ? stage.now + seconds(2) : undefined),
    holdBack: async (ms: number) => void stage.heldBack.push(ms),
  };
  const clock = { now: (): Instant => stage.now };
  const telemetry = { report: (entry: Entry) => void stage.reports.push(entry) };
  const census = createCensus(
    { accountId: ACCOUNT_ID, upstream, clock, rules: accountRules, telemetry },
    gateway,
  );
  const limits = () => ({ callTimeoutMs: seconds(10), until: stage.now + seconds(50) });
  return { stage, census, limits, read: () => census.read(limits()) };
};

describe('a list', () => {
  it('is read a page at a time, each with its own time', async () => {
    const { stage, census, read } = stageOf([page(['a'], '2'), page(['b'])]);
    expect([...((await read())?.sightings.keys() ?? [])]).toEqual(['a']);
    expect([census.isUnderWay(), census.taken()]).toEqual([true, undefined]);
    stage.now += minutes(1);
    expect([...((await read())?.sightings.keys() ?? [])]).toEqual(['b']);
    expect(stage.asked).toEqual([undefined, '2']);
    expect(stage.windows).toEqual([
      { startBy: T0 + seconds(2), until: T0 + seconds(10) },
      { startBy: T0 + seconds(62), until: T0 + seconds(70) },
    ]);
    const whole = census.taken();
    expect(whole).toMatchObject({ begunAt: T0, pages: 2, isWhole: true });
    expect([...(whole?.sightings.keys() ?? [])]).toEqual(['a', 'b']);
    expect([census.isUnderWay(), census.taken()]).toEqual([false, undefined]);
  });

  it('goes on where a page failed, half a minute later', async () => {
    const { stage, census, limits, read } = stageOf([page(['a'], '2'), broken, page(['b'])]);
    await read();
    expect(await read()).toBeUndefined();
    expect(census.mayRead(limits())).toBe(false);
    stage.now += seconds(30);
    expect(census.mayRead(limits())).toBe(true);
    await read();
    expect(stage.asked).toEqual([undefined, '2', '2']);
    expect(census.taken()).toMatchObject({ pages: 2, isWhole: true });
  });

  it('is given up where a page failed twice: what was seen is so, and is no evidence of absence', async () => {
    const { stage, census, read } = stageOf([page(['a'], '2'), broken, broken, page(['a'])]);
    for (let call = 0; call < 3; call += 1) await read();
    expect(census.taken()).toMatchObject({ pages: 1, isWhole: false, next: '2' });
    await read();
    expect(stage.asked).toEqual([undefined, '2', '2', undefined]);
  });

  it('is begun anew where nobody went on with it for an interval', async () => {
    const { stage, read } = stageOf([page(['a'], '2'), page(['a'])]);
    await read();
    stage.now += accountRules.observeIntervalMs;
    await read();
    expect(stage.asked).toEqual([undefined, undefined]);
  });

  it('is not asked for without a turn, nor with less time than a call may take', async () => {
    const { stage, census, read } = stageOf([page(['a'])], false);
    expect(await read()).toBeUndefined();
    expect(stage.asked).toEqual([]);
    expect(census.mayRead({ callTimeoutMs: seconds(10), until: T0 + seconds(10) - 1 })).toBe(false);
  });

  it('that tells to wait holds all calls back', async () => {
    const { stage, read } = stageOf([{ ...broken, retryAfterMs: seconds(20) }]);
    await read();
    expect(stage.heldBack).toEqual([seconds(20)]);
  });
});

describe('a list saves looks', () => {
  it.each([
    ['not of one session', 1, gate(), false],
    ['of two', 2, gate(), true],
    ['not where it has as many pages', 5, gate({ listPages: 5, listedCount: 50 }), false],
    ['where it has fewer', 6, gate({ listPages: 5, listedCount: 50 }), true],
  ])('%s', (_, count, account, expected) => {
    const { census } = stageOf([]);
    const ids = Array.from({ length: count }, (_unused, index) => `s-${index}`);
    expect(census.isWorth(sessions(ids), account)).toBe(expected);
  });

  it.each([
    ['also of one session', 1, gate(), true],
    ['not where nobody is to be looked at', 0, gate(), false],
    ['where it has as many pages', 5, gate({ listPages: 5, listedCount: 50 }), true],
    [
      'not where it has more, for which one look would wait',
      4,
      gate({ listPages: 5, listedCount: 50 }),
      false,
    ],
  ])('that is read in any case: %s', (_, count, account, expected) => {
    const { census } = stageOf([]);
    const ids = Array.from({ length: count }, (_unused, index) => `s-${index}`);
    expect(census.isWorth(sessions(ids), account, true)).toBe(expected);
  });

  it('of those that its pages have not shown yet', async () => {
    const { census, read } = stageOf([page(['a', 'b'], '2')]);
    await read();
    expect(census.isWorth(sessions(['a', 'b', 'c']), gate())).toBe(false);
    expect(census.isWorth(sessions(['a', 'b', 'c', 'd']), gate())).toBe(true);
  });

  it('not of those that the whole list has missed, unless they are younger, or that was long ago', async () => {
    const { stage, census, read } = stageOf([page(['a'])]);
    await read();
    expect(census.isWorth(sessions(['b', 'c']), gate())).toBe(false);
    expect(census.isWorth(sessions(['b', 'c'], T0), gate())).toBe(true);
    stage.now += accountRules.observeIntervalMs;
    expect(census.isWorth(sessions(['b', 'c']), gate())).toBe(true);
  });

  it('not after it failed, for an interval', async () => {
    const { stage, census, read } = stageOf([broken]);
    await read();
    stage.now += accountRules.observeIntervalMs - 1;
    expect(census.isWorth(sessions(['a', 'b']), gate())).toBe(false);
    stage.now += 1;
    expect(census.isWorth(sessions(['a', 'b']), gate())).toBe(true);
  });
});

describe('an entry that cannot be read', () => {
  const odd = page(['a'], undefined, { unreadable: new Set(['odd']), isWhole: false });
  it('is told once, without what it says', async () => {
    const { stage, read } = stageOf([odd, odd]);
    await read();
    await read();
    expect(stage.reports).toEqual([
      {
        ...{ kind: 'fault', accountId: ACCOUNT_ID, sessionId: 'odd', what: 'list' },
        error: 'an entry of the upstream’s list cannot be read',
      },
      {
        ...{ kind: 'fault', accountId: ACCOUNT_ID, what: 'list' },
        error: 'the upstream’s list does not tell of whom it is',
      },
    ]);
  });

  it('is told again where it was readable in between', async () => {
    const { stage, read } = stageOf([odd, page(['odd']), odd]);
    for (let call = 0; call < 3; call += 1) await read();
    expect(stage.reports.filter((entry) => 'sessionId' in entry)).toHaveLength(2);
  });
});
