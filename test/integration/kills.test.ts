import { afterAll, beforeAll, expect, it } from 'vitest';
import { chanceFrom } from '../chance.ts';
import { killAgainAndAgain } from '../kills.ts';
import { startTestStack, type TestStack } from '../stack.ts';

/** The functions process is killed in the middle of its work: four times here, twenty in `npm run soak`. */

let test: TestStack;

beforeAll(async () => {
  test = await startTestStack({ KEEPER_RENEW_MARGIN: '00:00:30', KEEPER_EXTENSION: '00:01:00' });
});
afterAll(() => test.stop());

it('loses no session, makes none twice, leaks none and lets none lapse', async () => {
  const report = await killAgainAndAgain(test, 4, chanceFrom(4));
  expect(report).toMatchObject({ kills: 4 });
  expect(report.created).toBeGreaterThan(4);
}, 240_000);
