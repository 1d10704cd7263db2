import { expect, it } from 'vitest';
import { errorBody, ID, properties, serve, soon, upstreamAt } from './upstream-fixture.ts';

/** A table property holds 32 Ki characters: an upstream that says more must not make its session impossible to write. */

const LONG = 'x'.repeat(40_000);

it('long words of an error are cut to a use', async () => {
  const body = properties({ status: 'Error', error: { code: 'Long', message: LONG }, hostname: LONG });
  const server = await serve(() => ({ status: 200, body }));
  const outcome = await upstreamAt(server.url).observe(ID, soon());
  expect(outcome).toMatchObject({ type: 'found', sighting: { status: 'Error' } });
  const sighting = outcome.type === 'found' ? outcome.sighting : undefined;
  expect(sighting?.errorMessage).toBe(LONG.slice(0, 1024));
  expect(sighting?.hostname).toBe(LONG.slice(0, 1024));
});

it('long words of a refusal are as well', async () => {
  const server = await serve(() => ({ status: 422, body: errorBody(LONG) }));
  const outcome = await upstreamAt(server.url).extend(ID, 90, soon());
  expect(outcome).toEqual({ type: 'refused', status: 422, message: LONG.slice(0, 1024) });
});
