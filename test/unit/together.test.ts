import { describe, expect, it } from 'vitest';
import type { Act } from '../../shared/outcome.ts';
import type { LiveSession } from '../../shared/session.ts';
import { listedAmong, nextCall } from '../../shared/together.ts';
import { acts, liveSession, requestedSession, stopped } from '../builders.ts';

const ENDPOINT = 'http://127.0.0.1:1';
interface Wanting {
  session: LiveSession;
  act: Act;
}
const look: Wanting = { session: liveSession(), act: acts.observe };
const keep: Wanting = { session: liveSession({ sessionId: 'kept' }), act: acts.keep };

describe('the next call, where calls wait for each other', () => {
  const useless = { isWorth: false, isOverdue: false };
  const worth = { isWorth: true, isOverdue: false };
  const overdue = { isWorth: false, isOverdue: true };
  it.each<
    [string, [Wanting, ...Wanting[]], { isWorth: boolean; isOverdue: boolean }, number, Wanting | 'page']
  >([
    ['is the most urgent one', [keep, look], useless, 9, keep],
    ['is a look, where no list saves it', [look, keep], useless, 9, look],
    ['is a page, where that saves looks', [look], worth, 0, 'page'],
    ['is a change after each page that saves looks', [look, keep], worth, 0, keep],
    ['is a page after each change', [look, keep], worth, 1, 'page'],
    ['is what is more urgent than a look, whatever a list would save', [keep, look], worth, 9, keep],
    ['is a page of a list that is overdue, after one look', [look], overdue, 1, 'page'],
    ['is a look after a page of a list that is overdue', [look], overdue, 0, look],
    ['is one of four changes after a page of a list that is overdue', [keep], overdue, 3, keep],
    ['is the page after them', [keep], overdue, 4, 'page'],
    ['is a look, where changes wait for so many', [look, keep], overdue, 1, look],
  ])('%s', (_, wanting, list, callsSincePage, expected) => {
    expect(nextCall(wanting, list, callsSincePage)).toBe(expected);
  });
});

it('a list may tell of those that are there, and want to be looked at', () => {
  const others = [
    keep,
    { session: requestedSession(), act: acts.observe },
    { session: liveSession({ desired: stopped('asked') }), act: acts.observe },
    { session: liveSession({ upstream: 'http://127.0.0.1:2' }), act: acts.observe },
  ];
  expect(listedAmong([look, ...others], ENDPOINT)).toEqual([look]);
});
