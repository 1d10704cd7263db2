import { badRequest, type Exchange, type Expected, type Given, notFound, type Request } from './exchange.ts';

/** Generation `2021-01-01`: the client chooses the id, and lease times are whole minutes. */

const SESSIONS = '/accounts/{account}/sessions';
const VERSION = '?api-version=2021-01-01';
const path = (id: string): string => `${SESSIONS}/${id}${VERSION}`;

const create = (body: unknown, id = '{new}'): Request => ({ method: 'PUT', path: path(id), body });
const get = (id = '{id}'): Request => ({ method: 'GET', path: path(id) });
const update = (body: unknown, id = '{id}'): Request => ({ method: 'PATCH', path: path(id), body });
/** Without a body, which `Content-Length: 0` says. */
const stop = (id = '{id}'): Request => ({ method: 'POST', path: `${SESSIONS}/${id}/:stop${VERSION}` });
const list: Request = { method: 'GET', path: `${SESSIONS}${VERSION}` };

const created = (has: Record<string, unknown> = {}): Expected => ({ status: 201, body: 'session', has });
const shown = (has: Record<string, unknown>): Expected => ({ status: 200, body: 'session', has });
const stopped: Expected = { status: 204 };
const taken: Expected = { status: 409, body: 'error' };

const gen2 = (name: string, steps: Exchange['steps'], given?: Given): Exchange => ({
  name: `2021: ${name}`,
  generation: '2021',
  ...(given === undefined ? {} : { given }),
  steps,
});
const one = (name: string, request: Request, expected: Expected, given?: Given): Exchange =>
  gen2(name, [{ request, expected }], given);

const ready: Given = { state: 'Ready' };
const ownReady: Given = { state: 'Ready', isOwn: true };
const ownStarting: Given = { state: 'Starting', isOwn: true };
const ENDED = ['Stopped', 'Expired', 'Error'] as const;

const LEASE = 'maxLeaseTimeMinutes';
const NEGATIVE = 'The maxLeaseTimeMinutes value cannot be negative.';
const standard = { maxLeaseTimeMinutes: 4, size: 'Standard' };
const longId = 'x'.repeat(220);

const creates: readonly Exchange[] = [
  gen2('a create is answered with the properties of a Starting session, and its repetition with 200', [
    {
      request: create(standard),
      expected: created({
        id: '{new}',
        elapsedTimeMinutes: 0,
        maxLeaseTimeMinutes: 4,
        size: 'Standard',
        status: 'Starting',
      }),
    },
    { request: create(standard), expected: shown({ id: '{new}', status: 'Starting' }) },
    { request: create({ ...standard, size: 'sTANDARD' }), expected: shown({ id: '{new}' }) },
    { request: create({ ...standard, maxLeaseTimeMinutes: 5 }), expected: taken },
    { request: create({ ...standard, size: 'Premium' }), expected: taken },
    { request: update({ maxLeaseTimeMinutes: 5 }, '{new}'), expected: shown({ maxLeaseTimeMinutes: 5 }) },
    { request: create(standard), expected: shown({ id: '{new}', maxLeaseTimeMinutes: 5 }) },
    { request: create({ ...standard, maxLeaseTimeMinutes: 5 }), expected: taken },
  ]),
  gen2(
    'a create that is repeated after the end finds the ended session',
    [
      {
        request: create({ maxLeaseTimeMinutes: 240, size: 'Standard' }, '{id}'),
        expected: shown({ id: '{id}', status: 'Stopped' }),
      },
      { request: create(standard, '{id}'), expected: taken },
    ],
    { state: 'Stopped' },
  ),
  ...['Standard', 'standard', 'STANDARD'].map((size) =>
    one(`a create of size ${size} is accepted`, create({ ...standard, size }), created({ size: 'Standard' })),
  ),
  one(
    'a create of size premium has an error where there is no such server',
    create({ maxLeaseTimeMinutes: 4, size: 'premium' }),
    created({ size: 'Premium', status: 'Error' }),
  ),
  one(
    'a create with a lease of zero is accepted',
    create({ ...standard, maxLeaseTimeMinutes: 0 }),
    created({ maxLeaseTimeMinutes: 0 }),
  ),
  one(
    'a create with a lease of 1440 is accepted',
    create({ ...standard, maxLeaseTimeMinutes: 1440 }),
    created({ maxLeaseTimeMinutes: 1440 }),
  ),
  one(
    'a create with an id of 256 characters is accepted',
    create(standard, `{new}${longId}`),
    created({ id: `{new}${longId}` }),
  ),
  gen2('ids of different letter case are different sessions', [
    { request: create(standard, 'Aa_-{new}'), expected: created({ id: 'Aa_-{new}' }) },
    { request: get('aa_-{new}'), expected: notFound },
    {
      request: create({ ...standard, maxLeaseTimeMinutes: 9 }, 'aa_-{new}'),
      expected: created({ id: 'aa_-{new}', maxLeaseTimeMinutes: 9 }),
    },
    { request: stop('aA_-{new}'), expected: notFound },
    { request: get('Aa_-{new}'), expected: shown({ id: 'Aa_-{new}', maxLeaseTimeMinutes: 4 }) },
    {
      request: list,
      expected: {
        status: 200,
        body: 'list',
        lists: { these: ['Aa_-{new}', 'aa_-{new}'], notThese: ['AA_-{new}'] },
      },
    },
  ]),
];

const refusedLeases: readonly [what: string, lease: unknown, message?: string][] = [
  ['of 1441', 1441],
  ['below zero', -1, NEGATIVE],
  ['with a fraction', 1.5],
  ['in quotes', '4'],
  ['of null', null],
  ['of true', true],
  ['that is a time span', '04:00:00'],
];

const refusedCreates: readonly Exchange[] = [
  ...refusedLeases.map(([what, maxLeaseTimeMinutes, message]) =>
    one(
      `a create with a lease ${what} is refused`,
      create({ maxLeaseTimeMinutes, size: 'Standard' }),
      badRequest(LEASE, message),
    ),
  ),
  one(
    'a create with a lease that is not a number is refused',
    create('{ "maxLeaseTimeMinutes": NaN, "size": "Standard" }'),
    badRequest(),
  ),
  one('a create without a lease is refused', create({ size: 'Standard' }), badRequest(LEASE)),
  one('a create without a size is refused', create({ maxLeaseTimeMinutes: 4 }), badRequest('size')),
  one('a create with an unknown size is refused', create({ ...standard, size: 'Huge' }), badRequest('size')),
  one('a create with a size of null is refused', create({ ...standard, size: null }), badRequest('size')),
  ...[
    ['without both fields', {}],
    ['without a body', undefined],
    ['with both fields wrong', { maxLeaseTimeMinutes: -1, size: 1 }],
  ].map(([what, body]) =>
    one(`a create ${what} is told both of them`, create(body), {
      status: 400,
      body: 'error',
      error: { code: 'BadRequest', target: LEASE, details: [LEASE, 'size'] },
    }),
  ),
  one('a create that is no JSON is refused', create('{"maxLease'), badRequest()),
  one('a create that is an array is refused', create('[]'), badRequest()),
  gen2('no refused create has made a session', [
    { request: create({ ...standard, size: 'Huge' }), expected: badRequest('size') },
    { request: get('{new}'), expected: notFound },
  ]),
  ...[
    ['257 characters', `{new}${longId}x`],
    ['a dot', 'no.{new}'],
    ['a blank', 'no%20{new}'],
    ['an umlaut', 'n%C3%B6-{new}'],
    ['a quote', "no'{new}"],
  ].flatMap(([what, id]) => [
    one(`a create with an id with ${what} is refused`, create(standard, id), badRequest('sessionId')),
    one(`an id with ${what} is refused by a get`, get(id), badRequest('sessionId')),
  ]),
];

const reads: readonly Exchange[] = [
  one(
    'a Ready session has a server',
    get(),
    shown({ id: '{id}', maxLeaseTimeMinutes: 240, elapsedTimeMinutes: 0, size: 'Standard', status: 'Ready' }),
    ready,
  ),
  one(
    'a Starting session has none',
    get(),
    shown({ id: '{id}', maxLeaseTimeMinutes: 240, status: 'Starting' }),
    { state: 'Starting' },
  ),
  ...ENDED.map((state) =>
    one(`a session that is ${state} can be asked for`, get(), shown({ id: '{id}', status: state }), {
      state,
    }),
  ),
  one(
    'a session that Expired has had its lease of zero',
    get(),
    shown({ maxLeaseTimeMinutes: 0, elapsedTimeMinutes: 0 }),
    { state: 'Expired' },
  ),
  one('an unknown session is not found', get('{unknown}'), notFound),
  one('an id in another letter case is not found', get('{ID}'), notFound, ready),
  one(
    'literals of a path are found in any letter case with a trailing slash',
    { method: 'GET', path: `/Accounts/{ACCOUNT}/Sessions/{id}/${VERSION}` },
    shown({ id: '{id}' }),
    ready,
  ),
  one(
    'the list has the sessions that are Ready',
    list,
    { status: 200, body: 'list', lists: { these: ['{id}'] } },
    ready,
  ),
  one(
    'the list has the sessions that are Starting',
    list,
    { status: 200, body: 'list', lists: { these: ['{id}'] } },
    { state: 'Starting' },
  ),
  ...ENDED.map((state) =>
    one(
      `the list has no session that is ${state}`,
      list,
      { status: 200, body: 'list', lists: { notThese: ['{id}'] } },
      { state },
    ),
  ),
  one(
    'a continuation that was not given out is refused',
    { method: 'GET', path: `${SESSIONS}${VERSION}&continuation=zzz` },
    badRequest('continuation'),
  ),
];

/** The page names the status alone. */
const unprocessable: Expected = {
  status: 422,
  body: 'error',
  error: { code: 'InvalidLease', target: LEASE },
};
const refusedUpdates: readonly [what: string, lease: unknown, expected: Expected][] = [
  ['equal to the current one', 240, unprocessable],
  ['smaller than the current one', 239, unprocessable],
  ['of zero', 0, unprocessable],
  ['of 1440', 1440, unprocessable],
  ['of 1441', 1441, badRequest(LEASE)],
  ['below zero', -1, badRequest(LEASE, NEGATIVE)],
  ['with a fraction', 300.5, badRequest(LEASE)],
  ['in quotes', '300', badRequest(LEASE)],
  ['of null', null, badRequest(LEASE)],
];

const updates: readonly Exchange[] = [
  gen2(
    'an update to a larger total is granted once',
    [
      {
        request: update({ maxLeaseTimeMinutes: 300 }),
        expected: shown({ id: '{id}', maxLeaseTimeMinutes: 300, status: 'Ready' }),
      },
      { request: get(), expected: shown({ maxLeaseTimeMinutes: 300 }) },
      { request: update({ maxLeaseTimeMinutes: 300 }), expected: unprocessable },
    ],
    ownReady,
  ),
  gen2(
    'an update goes to 1439, and no further',
    [
      { request: update({ maxLeaseTimeMinutes: 1439 }), expected: shown({ maxLeaseTimeMinutes: 1439 }) },
      { request: update({ maxLeaseTimeMinutes: 1440 }), expected: unprocessable },
    ],
    ownReady,
  ),
  gen2(
    'an update of a Starting session is accepted',
    [
      {
        request: update({ maxLeaseTimeMinutes: 241 }),
        expected: shown({ maxLeaseTimeMinutes: 241, status: 'Starting' }),
      },
    ],
    ownStarting,
  ),
  gen2('a lease of 1440 cannot be extended', [
    { request: create({ ...standard, maxLeaseTimeMinutes: 1440 }), expected: created() },
    { request: update({ maxLeaseTimeMinutes: 1440 }, '{new}'), expected: unprocessable },
  ]),
  ...refusedUpdates.map(([what, maxLeaseTimeMinutes, expected]) =>
    one(`an update to a lease ${what} is refused`, update({ maxLeaseTimeMinutes }), expected, ready),
  ),
  one(
    'an update to a lease that is not a number is refused',
    update('{ "maxLeaseTimeMinutes": NaN }'),
    badRequest(),
    ready,
  ),
  one('an update without a lease is refused', update({}), badRequest(LEASE), ready),
  one('an update without a body is refused', update(undefined), badRequest(LEASE), ready),
  one('an update that is no JSON is refused', update('{"maxLease'), badRequest(), ready),
  one('no refused update has changed the lease', get(), shown({ maxLeaseTimeMinutes: 240 }), ready),
  one(
    'an update of an unknown session is not found',
    update({ maxLeaseTimeMinutes: 300 }, '{unknown}'),
    notFound,
  ),
  ...ENDED.map((state) =>
    // The page does not say how an ended session refuses; 422 is its answer to all other leases that cannot be had.
    one(
      `an update of a session that is ${state} is refused`,
      update({ maxLeaseTimeMinutes: 300 }),
      { status: 422, body: 'error', error: { code: 'SessionNotRunning' } },
      { state },
    ),
  ),
];

const stops: readonly Exchange[] = [
  gen2(
    'a stop of a Ready session is accepted, and again',
    [
      { request: stop(), expected: stopped },
      { request: get(), expected: shown({ status: /^(Ready|Stopped)$/ }) },
      { request: stop(), expected: stopped },
      { request: update({ maxLeaseTimeMinutes: 300 }), expected: { status: 422, body: 'error' } },
    ],
    ownReady,
  ),
  gen2(
    'a stop of a Starting session is accepted',
    [
      { request: stop(), expected: stopped },
      { request: get(), expected: shown({ status: /^(Starting|Stopped)$/ }) },
    ],
    ownStarting,
  ),
  ...ENDED.map((state) =>
    gen2(
      `a stop of a session that is ${state} is accepted, and changes nothing`,
      [
        { request: stop(), expected: stopped },
        { request: get(), expected: shown({ status: state }) },
      ],
      { state },
    ),
  ),
  one('a stop of an unknown session is not found', stop('{unknown}'), notFound),
  one('a stop of an id in another letter case is not found', stop('{ID}'), notFound, ready),
];

const preview = 'api-version=2021-01-01-preview';
const previews: readonly Exchange[] = [
  gen2('the preview version works on every call', [
    {
      request: { method: 'PUT', path: `${SESSIONS}/{new}?${preview}`, body: standard },
      expected: created({ id: '{new}' }),
    },
    { request: { method: 'GET', path: `${SESSIONS}/{new}?${preview}` }, expected: shown({ id: '{new}' }) },
    {
      request: { method: 'PATCH', path: `${SESSIONS}/{new}?${preview}`, body: { maxLeaseTimeMinutes: 9 } },
      expected: shown({ maxLeaseTimeMinutes: 9 }),
    },
    {
      request: { method: 'GET', path: `${SESSIONS}?${preview}` },
      expected: { status: 200, body: 'list', lists: { these: ['{new}'] } },
    },
    { request: { method: 'POST', path: `${SESSIONS}/{new}/:stop?${preview}` }, expected: stopped },
  ]),
  ...[
    'Api-Version=2021-01-01',
    'API-VERSION=2021-01-01',
    'api-version=2021-01-01&api-version=2021-01-01',
  ].map((query) =>
    one(
      `?${query} names a version`,
      { method: 'GET', path: `${SESSIONS}?${query}` },
      { status: 200, body: 'list' },
    ),
  ),
];

const unsupported: Expected = {
  status: 400,
  body: 'error',
  error: {
    code: 'UnsupportedApiVersion',
    message: /2021-01-01-preview.*2021-01-01(?!-)|2021-01-01(?!-).*2021-01-01-preview/,
  },
};
const wrongVersions: readonly [what: string, query: string][] = [
  ['none', ''],
  ['an empty one', '?api-version='],
  ['an unknown one', '?api-version=2020-01-01'],
  ['two that differ', '?api-version=2021-01-01&api-version=2021-01-01-preview'],
  ['two that differ, in two letter cases', '?api-version=2021-01-01&Api-Version=2020-01-01'],
  ["the token service's", '?api-version=2019-02-28-preview'],
];
const versions: readonly Exchange[] = [
  ...wrongVersions.map(([what, query]) =>
    one(`of versions, ${what} is refused`, { method: 'GET', path: `${SESSIONS}${query}` }, unsupported),
  ),
  one(
    'a create without a version is refused',
    { method: 'PUT', path: `${SESSIONS}/{new}`, body: standard },
    unsupported,
  ),
  one('a get without a version is refused', { method: 'GET', path: `${SESSIONS}/{id}` }, unsupported, ready),
  one(
    'an update without a version is refused',
    { method: 'PATCH', path: `${SESSIONS}/{id}`, body: { maxLeaseTimeMinutes: 300 } },
    unsupported,
    ready,
  ),
  one(
    'a stop without a version is refused',
    { method: 'POST', path: `${SESSIONS}/{id}/:stop` },
    unsupported,
    ready,
  ),
];

export const exchanges2021: readonly Exchange[] = [
  ...creates,
  ...refusedCreates,
  ...reads,
  ...updates,
  ...stops,
  ...previews,
  ...versions,
];
