import { afterAll, beforeAll, expect, it } from 'vitest';
import { chanceFrom } from '../chance.ts';
import { killAgainAndAgain } from '../kills.ts';
import { startTestStack, type TestStack } from '../stack.ts';

let test: TestStack;

beforeAll(async () => {
  test = await startTestStack({ KEEPER_RENEW_MARGIN: '00:00:30', KEEPER_EXTENSION: '00:01:00' });
});
afterAll(() => test.stop());

it('twenty kills lose no session, make none twice, leak none and let none lapse', async () => {
  const report = await killAgainAndAgain(test, 20, chanceFrom(20));
  console.log(report);
  expect(report).toMatchObject({ kills: 20 });
  expect(report.created).toBeGreaterThan(20);
  expect(report.extended).toBeGreaterThan(5);
  expect(report.stopped).toBeGreaterThan(5);
});
