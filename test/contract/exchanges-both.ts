import type { Exchange, Expected, Given, Request } from './exchange.ts';

/** A session that was made with one generation, as the other one has it. */

const V1 = '/v1/accounts/{account}/sessions';
const GEN2 = '/accounts/{account}/sessions';
const VERSION = '?api-version=2021-01-01';

const properties: Request = { method: 'GET', path: `${V1}/{id}/properties` };
const get: Request = { method: 'GET', path: `${GEN2}/{id}${VERSION}` };
const shown = (has: Record<string, unknown>): Expected => ({ status: 200, body: 'session', has });
const listed: Expected = { status: 200, body: 'list', lists: { these: ['{id}'] } };

const through2021 = (name: string, given: Given, steps: Exchange['steps']): Exchange => ({
  name: `2021: a session of v1 ${name}`,
  generation: '2021',
  given: { ...given, madeBy: 'v1' },
  steps,
});
const throughV1 = (name: string, given: Given, steps: Exchange['steps']): Exchange => ({
  name: `v1: a session of 2021 ${name}`,
  generation: 'v1',
  given: { ...given, madeBy: '2021' },
  steps,
});

const STATES = ['Starting', 'Ready', 'Stopped', 'Error'] as const;

export const exchangesBoth: readonly Exchange[] = [
  ...STATES.map((state) =>
    through2021(`is the same when ${state}`, { state }, [
      { request: get, expected: shown({ id: '{id}', status: state, maxLeaseTimeMinutes: 240 }) },
    ]),
  ),
  ...STATES.map((state) =>
    throughV1(`is the same when ${state}`, { state }, [
      {
        request: properties,
        expected: shown({ sessionId: '{id}', sessionStatus: state, sessionMaxLeaseTime: '04:00:00' }),
      },
    ]),
  ),
  ...(['Starting', 'Ready'] as const).flatMap((state) => [
    through2021(`is in the list when ${state}`, { state }, [
      { request: { method: 'GET', path: `${GEN2}${VERSION}` }, expected: listed },
    ]),
    throughV1(`is in the list when ${state}`, { state }, [
      { request: { method: 'GET', path: V1 }, expected: listed },
    ]),
  ]),
  through2021('can be extended and stopped', { state: 'Ready', isOwn: true }, [
    {
      request: { method: 'PATCH', path: `${GEN2}/{id}${VERSION}`, body: { maxLeaseTimeMinutes: 300 } },
      expected: shown({ maxLeaseTimeMinutes: 300 }),
    },
    { request: { method: 'POST', path: `${GEN2}/{id}/:stop${VERSION}` }, expected: { status: 204 } },
  ]),
  throughV1('can be extended and stopped', { state: 'Ready', isOwn: true }, [
    {
      request: { method: 'PATCH', path: `${V1}/{id}`, body: "{ 'maxLeaseTime': '5:0:0' }" },
      expected: { status: 200 },
    },
    { request: properties, expected: shown({ sessionMaxLeaseTime: '05:00:00' }) },
    { request: { method: 'DELETE', path: `${V1}/{id}` }, expected: { status: 204 } },
  ]),
  {
    name: 'v1: a session of 2021 with an id that is no GUID is found in its own letter case alone',
    generation: 'v1',
    steps: [
      {
        request: {
          method: 'PUT',
          path: `${GEN2}/My_Own-{new}${VERSION}`,
          body: { maxLeaseTimeMinutes: 4, size: 'Standard' },
        },
      },
      {
        request: { method: 'GET', path: `${V1}/My_Own-{new}/properties` },
        expected: shown({ sessionId: 'My_Own-{new}', sessionMaxLeaseTime: '00:04:00' }),
      },
      {
        request: { method: 'GET', path: `${V1}/my_own-{new}/properties` },
        expected: { status: 404, body: 'error', error: { code: 'SessionNotFound' } },
      },
    ],
  },
];
