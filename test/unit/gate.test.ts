import { describe, expect, it } from 'vitest';
import {
  type Gate,
  heldBack,
  isSpare,
  isSweptByOther,
  lastCallMs,
  left,
  listDueAt,
  maySweep,
  mostKept,
  NEW_GATE,
  noted,
  opensAt,
  pagesExpected,
  passed,
  rulesAt,
  SWEEPER_MS,
  strangerSince,
  swept,
} from '../../shared/gate.ts';
import { accountRules, minutes, seconds, T0 } from '../builders.ts';

const gate = (overrides: Partial<Gate> = {}): Gate => ({
  ...NEW_GATE,
  sweptAt: T0,
  ...overrides,
});

describe('the gate opens', () => {
  it.each([
    ['at once, where it is open', 0, 0],
    ['at once, where it opens now', T0, 0],
    ['when the last call is long enough ago', T0 + 1, 1],
    ['after a Retry-After', T0 + minutes(2), minutes(2)],
    // Another instance wrote it, and its clock may be a minute ahead of this one.
    ['after two minutes where another clock says a little more', T0 + minutes(3), minutes(2)],
    ['at once, where its row says what no call can have said', T0 + minutes(3) + 1, 0],
    ['at once, where its row is of another century', Number.MAX_SAFE_INTEGER, 0],
  ])('%s', (_, nextCallAt, afterMs) => {
    expect(opensAt(gate({ nextCallAt }), T0)).toBe(T0 + afterMs);
  });

  it('a gap after a call, and at once where there is no gap', () => {
    expect(opensAt(passed(gate(), seconds(5), T0), T0 + 1)).toBe(T0 + seconds(5));
    expect(opensAt(passed(gate(), 0, T0), T0)).toBe(T0);
  });
});

describe('an answer that tells to wait', () => {
  it.each([
    ['is heeded', 0, seconds(30), T0 + seconds(30)],
    ['is heeded for two minutes', 0, minutes(2), T0 + minutes(2)],
    ['is believed for two minutes of more', 0, minutes(10), T0 + minutes(2)],
    ['is believed for two minutes of for ever', 0, Number.POSITIVE_INFINITY, T0 + minutes(2)],
    ['does not shorten a longer wait', T0 + seconds(40), seconds(30), T0 + seconds(40)],
    ['lengthens a shorter one', T0 + seconds(5), seconds(30), T0 + seconds(30)],
    ['counts for more than a row that is wrong', T0 + minutes(60), seconds(30), T0 + seconds(30)],
  ])('%s', (_, nextCallAt, retryAfterMs, expected) => {
    const before = gate({ nextCallAt });
    const after = heldBack(before, retryAfterMs, T0);
    expect(after.nextCallAt).toBe(expected);
    // What is no news is not written.
    expect(after === before).toBe(expected === nextCallAt);
  });
});

describe('a sweeper', () => {
  const own = { id: 'me', until: T0 + SWEEPER_MS };
  it.each([
    ['nobody', null, false],
    ['itself', own, false],
    ['another that said so lately', { id: 'other', until: T0 + 1 }, true],
    ['another whose clock is ahead', { id: 'other', until: T0 + 2 * SWEEPER_MS }, true],
    ['another that is silent for 15 s', { id: 'other', until: T0 }, false],
    ['another of a time that no clock can have', { id: 'other', until: T0 + 2 * SWEEPER_MS + 1 }, false],
  ])('makes way for %s: %s', (_, sweeper, isSwept) => {
    expect(isSweptByOther(gate({ sweeper }), 'me', T0)).toBe(isSwept);
  });

  const other = { id: 'other', until: T0 + SWEEPER_MS };
  it.each([
    ['is nobody’s, where nobody is at it', null, true],
    ['is left to another that has just begun', { ...other, since: T0 - seconds(5) }, false],
    ['is left to another for its turn of 50 s', { ...other, since: T0 - seconds(50) + 1 }, false],
    ['is taken from another after its turn', { ...other, since: T0 - seconds(50) }, true],
    ['is taken from another that is silent', { ...other, since: T0, until: T0 }, true],
    ['is left to one of an older version, which ends by itself', other, false],
    ['is gone on with', { ...own, since: T0 - seconds(50) }, true],
  ])('%s', (_, sweeper, expected) => {
    expect(maySweep(gate({ sweeper }), 'me', T0)).toBe(expected);
  });

  it('takes the sweep over for 15 s, and goes on with it', () => {
    const first = swept(gate({ sweeper: other }), 'me', accountRules, T0 + 7);
    expect(first).toMatchObject({
      sweeper: { id: 'me', since: T0 + 7, until: T0 + 7 + SWEEPER_MS },
      sweptAt: T0 + 7,
    });
    expect(isSweptByOther(first, 'other', T0 + 6 + SWEEPER_MS)).toBe(true);
    expect(isSweptByOther(first, 'other', T0 + 7 + SWEEPER_MS)).toBe(false);
    expect(swept(first, 'me', accountRules, T0 + 8).sweeper).toEqual({
      id: 'me',
      since: T0 + 7,
      until: T0 + 8 + SWEEPER_MS,
    });
  });

  it('leaves only what it holds', () => {
    const mine = gate({ sweeper: own });
    expect(left(mine, 'me', 0).sweeper).toBeNull();
    expect(left(mine, 'other', 0)).toBe(mine);
  });

  it('says until when it has left work behind', () => {
    const busy = left(gate({ sweeper: own }), 'me', T0 + minutes(1));
    expect(busy).toMatchObject({ sweeper: null, busyUntil: T0 + minutes(1) });
    expect(left({ ...busy, sweeper: own }, 'me', 0).busyUntil).toBe(0);
  });
});

describe('a slot is spare', () => {
  it.each([
    ['where the gate is open, and nobody wants anything', {}, true],
    ['not where the gate is shut', { nextCallAt: T0 + 1 }, false],
    ['not while somebody sweeps', { sweeper: { id: 'one', until: T0 + 1 } }, false],
    ['where whoever swept is dead', { sweeper: { id: 'one', until: T0 } }, true],
    ['not where the last sweep left work behind', { busyUntil: T0 + 1 }, false],
    ['where that was long ago', { busyUntil: T0 }, true],
    ['where only a wrong clock can have said so', { busyUntil: T0 + accountRules.awayMs + 1 }, true],
  ])('%s', (_, overrides: Partial<Gate>, expected) => {
    expect(isSpare(gate(overrides), accountRules, T0)).toBe(expected);
  });
});

describe('a renewal is urgent', () => {
  const slow = { ...accountRules, callGapMs: seconds(5) };
  it.each([
    ['two minutes before the end of its lease', accountRules, 60, 60, 2],
    ['as much earlier as all kept sessions take', slow, 60, 0, 7],
    ['as much earlier as all renewals take that are due, where they are more', slow, 12, 60, 7],
    ['no earlier than for as many as there may be', slow, 5_000, 0, 2 + (920 * 5) / 60],
  ])('%s', (_, rulesOf, keptCount, renewals, expected) => {
    expect(lastCallMs(gate({ keptCount }), rulesOf, renewals)).toBeCloseTo(minutes(expected), 6);
  });
});

describe('a keeper that was away', () => {
  const away = accountRules.awayMs;
  it.each([
    ['never was', null, T0, T0],
    ['has just swept', T0, T0 + 1, 5],
    ['is late, but no more', T0, T0 + away, 5],
    ['was away', T0, T0 + away + 1, T0 + away + 1],
  ])('holds nobody for idle because of that: it %s', (_, sweptAt, now, expected) => {
    const before = gate({ sweptAt, graceFrom: 5 });
    expect(rulesAt(before, accountRules, now).graceFrom).toBe(expected);
    expect(noted(before, accountRules, now)).toMatchObject({ sweptAt: now, graceFrom: expected });
    expect(swept(before, 'me', accountRules, now).graceFrom).toBe(expected);
  });

  it('keeps to that until it was away again', () => {
    const back = noted(gate(), accountRules, T0 + minutes(60));
    const later = noted(back, accountRules, T0 + minutes(61));
    expect(rulesAt(later, accountRules, T0 + minutes(62)).graceFrom).toBe(T0 + minutes(60));
  });
});

describe('the rules of an account', () => {
  const slow = { ...accountRules, callGapMs: seconds(6) };
  it.each([
    ['no kept session', 0, 10],
    ['ten of them, each with a call of 6 s before the last', 10, 11],
    // (240 - 10) min / 3 / 6 s
    ['as many as there may be', 766, 86.6],
    // More were let in before the gap was set: what cannot be reached by all is not asked for all the time.
    ['more than there may be', 5_000, 86.6],
  ])('renew so early with %s', (_, keptCount, margin) => {
    expect(rulesAt(gate({ keptCount }), slow, T0).renewMarginMinutes).toBeCloseTo(margin, 9);
  });

  it.each([
    ['as far as it is set, with no kept session', slow, 0, 60],
    // 10 min + 3 x 6 s each
    ['as far, where the calls of all have room in it', slow, 166, 60],
    ['further, where they have not', slow, 400, 130],
    ['four hours at the most', slow, 766, 239.8],
    ['no further with more than there may be', slow, 5_000, 239.8],
    ['as far as it is set, where that is more than four hours', { ...slow, extensionMinutes: 400 }, 766, 400],
    ['as far as it is set, where calls need no pause', accountRules, 5_000, 60],
  ])('renew %s', (_, rules, keptCount, extension) => {
    expect(rulesAt(gate({ keptCount }), rules, T0).extensionMinutes).toBeCloseTo(extension, 9);
  });

  it('are as they are set where calls need no pause', () => {
    const { renewMarginMinutes, extensionMinutes, observeIntervalMs, launchTimeoutMs } = accountRules;
    expect(rulesAt(gate({ keptCount: 1_000, graceFrom: 3 }), accountRules, T0)).toEqual({
      ...{ renewMarginMinutes, extensionMinutes, observeIntervalMs, launchTimeoutMs },
      ...{ graceFrom: 3, absences: [] },
    });
  });

  it.each([
    ['without a pause between calls: as many as there are', 0, Number.POSITIVE_INFINITY],
    ['with 5 s', seconds(5), 920],
    ['with 6 s', seconds(6), 766],
    ['with a minute', minutes(1), 76],
  ])('let sessions be kept alive %s', (_, callGapMs, expected) => {
    expect(mostKept({ ...accountRules, callGapMs })).toBe(expected);
  });

  it('let more be kept alive where an extension of more than four hours is set', () => {
    // (490 - 10) min / 3 / 5 s
    expect(mostKept({ ...accountRules, callGapMs: seconds(5), extensionMinutes: 490 })).toBe(1_920);
  });
});

describe('the upstream’s list is due', () => {
  // The interval of ten minutes begins anew at 3:00, 3:10 and so on.
  const [before, at, after] = [T0 + minutes(6) - 1, T0 + minutes(6), T0 + minutes(6) + 1];
  it.each<[string, Partial<Gate>, number]>([
    ['at once, where there was none', {}, 0],
    ['at once, where a wrong clock wrote when it was had', { listedAt: T0 + minutes(20) }, 0],
    ['at the instant of the regular looks', { listedAt: T0 - minutes(3) }, at],
    ['then, however short before it was had', { listedAt: before }, at],
    ['an interval later, where it was had at that instant', { listedAt: at }, at + minutes(10)],
    ['an interval later, where it was had just after', { listedAt: after }, at + minutes(10)],
    ['sooner, where it is wanted sooner', { listedAt: T0, listAgainAt: T0 + seconds(30) }, T0 + seconds(30)],
    ['no later, where it is wanted later', { listedAt: T0, listAgainAt: T0 + minutes(9) }, at],
  ])('%s', (_, overrides, expected) => {
    expect(listDueAt(gate(overrides), accountRules, T0 + minutes(7))).toBe(expected);
  });
});

describe('the pages of the upstream’s list', () => {
  it.each([
    ['one, before there was any list', 0, 0, 0, 1],
    ['by our own sessions, before there was any list', 0, 0, 250, 3],
    ['as many as there were', 40, 600, 20, 40],
    ['more, where our sessions have become more than there were in all', 2, 30, 60, 4],
    ['one, where one had all of them', 1, 25, 60, 1],
    ['as many as there were, though nobody was on them', 7, 0, 3, 7],
  ])('are expected to be %s', (_, listPages, listedCount, liveCount, expected) => {
    expect(pagesExpected(gate({ listPages, listedCount, liveCount }))).toBe(expected);
  });
});

describe('a server that no record explains', () => {
  it.each(['constructor', 'toString', '__proto__'])('is new under the name %s', (sessionId) => {
    expect(strangerSince(gate(), sessionId)).toBeUndefined();
    expect(strangerSince(gate({ strangers: { [sessionId]: T0 } }), sessionId)).toBe(T0);
  });
});
