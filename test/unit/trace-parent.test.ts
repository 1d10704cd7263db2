import { expect, it } from 'vitest';
import { traceParentOf } from '../../infra/local/functions-host/trace-parent.ts';

/** As Azure's host begins the trace of an invocation. */

const TRACE = '0af7651916cd43dd8448eb211c80319c';

it('is a step of its own in the trace of the caller', () => {
  const given = `00-${TRACE}-b7ad6b7169203331-00`;
  const parent = traceParentOf(given);
  expect(parent).toMatch(new RegExp(`^00-${TRACE}-[\\da-f]{16}-00$`));
  expect(parent).not.toBe(given);
});

it.each([
  undefined,
  '',
  'x',
  `01-${TRACE}-b7ad6b7169203331-01`,
  `00-${'0'.repeat(32)}-b7ad6b7169203331-01`,
  `00-${TRACE}-${'0'.repeat(16)}-01`,
])('begins a trace where the caller names none: %s', (given) => {
  const [one, other] = [traceParentOf(given), traceParentOf(given)];
  expect(one).toMatch(/^00-[\da-f]{32}-[\da-f]{16}-01$/);
  expect(one).not.toContain(TRACE);
  expect(one.slice(0, 35)).not.toBe(other.slice(0, 35));
});
