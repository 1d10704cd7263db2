import {
  badRequest,
  type Exchange,
  type Expected,
  type Generation,
  type Given,
  type Request,
} from './exchange.ts';

/** Who may call, and how often; and the few things in which the two sides differ. */

const V1 = '/v1/accounts/{account}/sessions';
const GEN2 = '/accounts/{account}/sessions';
const VERSION = '?api-version=2021-01-01';

const ready: Given = { state: 'Ready' };

const routes: readonly [generation: Generation, call: string, request: Request][] = [
  ['v1', 'a create', { method: 'POST', path: `${V1}/create`, body: { maxLeaseTime: '1:0:0' } }],
  ['v1', 'a list', { method: 'GET', path: V1 }],
  ['v1', 'a look at the properties', { method: 'GET', path: `${V1}/{id}/properties` }],
  ['v1', 'an update', { method: 'PATCH', path: `${V1}/{id}`, body: { maxLeaseTime: '5:0:0' } }],
  ['v1', 'a stop', { method: 'DELETE', path: `${V1}/{id}` }],
  [
    '2021',
    'a create',
    { method: 'PUT', path: `${GEN2}/{new}${VERSION}`, body: { maxLeaseTimeMinutes: 4, size: 'Standard' } },
  ],
  ['2021', 'a list', { method: 'GET', path: `${GEN2}${VERSION}` }],
  ['2021', 'a look at the properties', { method: 'GET', path: `${GEN2}/{id}${VERSION}` }],
  [
    '2021',
    'an update',
    { method: 'PATCH', path: `${GEN2}/{id}${VERSION}`, body: { maxLeaseTimeMinutes: 300 } },
  ],
  ['2021', 'a stop', { method: 'POST', path: `${GEN2}/{id}/:stop${VERSION}` }],
];

const unauthorized: Expected = { status: 401, body: 'error', error: { code: 'Unauthorized' } };
const forbidden: Expected = { status: 403, body: 'error', error: { code: 'Forbidden' } };

const withoutToken: readonly [what: string, authorization: string | null][] = [
  ['no token', null],
  ['a bad token', 'Bearer eyJhbGciOiJub25lIn0.e30.x'],
  ['an account key in place of a token', 'Bearer {account}:{key}'],
  ['another scheme', 'Basic {token}'],
];

const callers: readonly Exchange[] = routes.flatMap(([generation, call, request]) => [
  ...withoutToken.map(([what, Authorization]) => ({
    name: `${generation}: ${call} with ${what} is unauthorized`,
    generation,
    given: ready,
    steps: [
      { request: { ...request, headers: { ...request.headers, Authorization } }, expected: unauthorized },
    ],
  })),
  {
    name: `${generation}: ${call} with the token of another account is forbidden`,
    generation,
    given: ready,
    steps: [
      { request: { ...request, path: request.path.replace('{account}', '{other}') }, expected: forbidden },
    ],
  },
]);

const throttled: Expected = { status: 429, body: 'error', error: { code: 'TooManyRequests' } };
const unavailable: Expected = { status: 503, body: 'error', error: { code: 'UpstreamUnavailable' } };
const heartbeats: readonly [generation: Generation, path: string][] = [
  ['v1', `${V1}/{unknown}/heartbeat`],
  ['2021', `${GEN2}/{unknown}/heartbeat${VERSION}`],
];

const throttling: readonly Exchange[] = [
  ...routes.map(([generation, call, known]): Exchange => {
    const request = { ...known, path: known.path.replace('{id}', '{unknown}') };
    return {
      name: `${generation}: ${call} that comes too soon is put off`,
      generation,
      at: 'throttled',
      only: { side: 'session host', because: 'one gap between all calls can be chosen there' },
      steps: [{ request }, { request, expected: throttled }],
    };
  }),
  ...heartbeats.map(
    ([generation, path]): Exchange => ({
      name: `${generation}: a heartbeat that comes too soon is put off`,
      generation,
      at: 'throttled',
      only: { side: 'keeper', because: 'it alone has heartbeats, and a rate of their own for them' },
      steps: [
        { request: { method: 'POST', path } },
        { request: { method: 'POST', path }, expected: throttled },
      ],
    }),
  ),
  ...routes
    .filter(([, call]) => call === 'an update')
    .map(
      ([generation, call, request]): Exchange => ({
        name: `${generation}: ${call} that the upstream cannot be asked for is unavailable`,
        generation,
        given: { state: 'Starting', madeBy: '2021' },
        at: 'gone',
        only: { side: 'keeper', because: 'it alone has an upstream' },
        steps: [{ request, expected: unavailable }],
      }),
    ),
];

const beaten: Expected = { status: 200, body: 'heartbeat' };
const noRoute: Expected = { status: 404, body: 'error', error: { code: 'NotFound' } };
const noMethod: Expected = {
  status: 405,
  body: 'error',
  error: { code: 'MethodNotAllowed' },
  headers: { Allow: /^[A-Z, ]+$/ },
};

const differences: readonly Exchange[] = [
  {
    name: 'v1: a heartbeat is an answer of the keeper alone',
    generation: 'v1',
    given: ready,
    steps: [
      {
        request: { method: 'POST', path: `${V1}/{id}/heartbeat` },
        expected: { because: 'the documented API has no heartbeat', keeper: beaten, 'session host': noRoute },
      },
    ],
  },
  {
    name: '2021: a heartbeat is an answer of the keeper alone',
    generation: '2021',
    given: { state: 'Starting' },
    steps: [
      {
        request: { method: 'POST', path: `${GEN2}/{id}/heartbeat${VERSION}` },
        expected: { because: 'the documented API has no heartbeat', keeper: beaten, 'session host': noRoute },
      },
    ],
  },
  ...(
    [
      ['v1', 'PUT', V1],
      ['v1', 'GET', `${V1}/{id}`],
      ['2021', 'POST', `${GEN2}${VERSION}`],
      ['2021', 'DELETE', `${GEN2}/{id}${VERSION}`],
      ['2021', 'GET', `${GEN2}/{id}/:stop${VERSION}`],
    ] as const
  ).map(
    ([generation, method, path]): Exchange => ({
      name: `${generation}: ${method} is not for ${path}`,
      generation,
      given: ready,
      steps: [
        {
          request: { method, path },
          expected: { because: 'Azure never says 405', keeper: noRoute, 'session host': noMethod },
        },
      ],
    }),
  ),
  {
    name: 'v1: there is nothing at another path',
    generation: 'v1',
    steps: [{ request: { method: 'GET', path: '/v1/nowhere' }, expected: noRoute }],
  },
  {
    name: 'a token is for an account that is a GUID',
    generation: 'none',
    steps: [
      {
        request: {
          method: 'GET',
          path: '/accounts/nobody/token',
          headers: { Authorization: 'Bearer nobody:{key}' },
        },
        expected: {
          because: 'the keeper says what is wrong with an account that cannot exist',
          keeper: badRequest('accountId'),
          'session host': { status: 401, headers: { 'Content-Length': /^0$/ } },
        },
      },
    ],
  },
  ...(
    [
      ['v1', '/v1/accounts/nobody/sessions'],
      ['2021', `/accounts/nobody/sessions${VERSION}`],
    ] as const
  ).map(
    ([generation, path]): Exchange => ({
      name: `${generation}: a list is for an account that is a GUID`,
      generation,
      steps: [
        {
          request: { method: 'GET', path },
          expected: {
            because: 'the keeper says what is wrong with an account that cannot exist',
            keeper: badRequest('accountId'),
            'session host': forbidden,
          },
        },
      ],
    }),
  ),
];

export const callerExchanges: readonly Exchange[] = [...callers, ...throttling, ...differences];
