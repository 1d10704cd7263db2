import { badRequest, type Exchange, type Expected, type Given, notFound, type Request } from './exchange.ts';

/** Generation 1: lease times are time spans, and stopping is a status. */

const SESSIONS = '/v1/accounts/{account}/sessions';
/** What its clients send with every call, with a body or without. */
const scripted = { 'Content-Type': 'application/json' };

const create = (body: unknown, path = `${SESSIONS}/create`): Request => ({ method: 'POST', path, body });
const update = (body: unknown, id = '{id}'): Request => ({
  method: 'PATCH',
  path: `${SESSIONS}/${id}`,
  body,
});
const properties = (id = '{id}'): Request => ({ method: 'GET', path: `${SESSIONS}/${id}/properties` });
const list: Request = { method: 'GET', path: SESSIONS };
const stop = (id = '{id}'): Request => ({ method: 'DELETE', path: `${SESSIONS}/${id}`, headers: scripted });

const created: Expected = {
  status: 202,
  body: 'created',
  headers: { Location: /^accounts\/{account}\/sessions\/{created}$/ },
};
const done: Expected = { status: 200 };
const stopped: Expected = { status: 204 };
const shown = (has: Record<string, unknown>): Expected => ({ status: 200, body: 'session', has });

const v1 = (name: string, steps: Exchange['steps'], given?: Given): Exchange => ({
  name: `v1: ${name}`,
  generation: 'v1',
  ...(given === undefined ? {} : { given }),
  steps,
});
const one = (name: string, request: Request, expected: Expected, given?: Given): Exchange =>
  v1(name, [{ request, expected }], given);

const ready: Given = { state: 'Ready' };
const ownReady: Given = { state: 'Ready', isOwn: true };
const ownStarting: Given = { state: 'Starting', isOwn: true };
const ENDED = ['Stopped', 'Expired', 'Error'] as const;

/** A create that is accepted, and what the session is then shown with. */
const accepted = (name: string, body: unknown, has: Record<string, unknown>): Exchange =>
  v1(`a create with ${name} is accepted`, [
    { request: create(body), expected: created },
    { request: properties('{created}'), expected: shown({ sessionId: '{created}', ...has }) },
  ]);

const creates: readonly Exchange[] = [
  accepted(
    'the documented body, which is not JSON',
    "{ 'maxLeaseTime': '4:0:0', 'models': [], 'size': 'standard' }",
    {
      sessionStatus: 'Starting',
      sessionSize: 'Standard',
      sessionMaxLeaseTime: '04:00:00',
      sessionElapsedTime: '00:00:00',
      message: null,
    },
  ),
  accepted(
    'the same in JSON',
    { maxLeaseTime: '04:00:00', models: [], size: 'Standard' },
    {
      sessionSize: 'Standard',
      sessionMaxLeaseTime: '04:00:00',
    },
  ),
  accepted(
    'no size and no models',
    { maxLeaseTime: '0:10:0' },
    {
      sessionSize: 'Standard',
      sessionMaxLeaseTime: '00:10:00',
    },
  ),
  accepted(
    'models',
    { maxLeaseTime: '1:0:0', models: ['https://a.blob.example/box?sv=1&sig=a%2Bb', 'http://b.example/c'] },
    {
      sessionMaxLeaseTime: '01:00:00',
    },
  ),
  accepted('a size in any letter case', "{ 'maxLeaseTime': '1:0:0', 'size': 'sTaNDARD' }", {
    sessionSize: 'Standard',
  }),
  accepted('a lease of a day in hours', { maxLeaseTime: '24:00:00' }, { sessionMaxLeaseTime: '1.00:00:00' }),
  accepted('a lease of a day in days', { maxLeaseTime: '1.00:00:00' }, { sessionMaxLeaseTime: '1.00:00:00' }),
  accepted('a lease without seconds', { maxLeaseTime: '04:00' }, { sessionMaxLeaseTime: '04:00:00' }),
  // What becomes of less than a minute is not documented; the lease is never shorter than was asked for.
  accepted('a fraction of a second', { maxLeaseTime: '04:00:00.5000000' }, {}),
  v1('a create at a path in any letter case with a trailing slash is accepted', [
    {
      request: create({ maxLeaseTime: '1:0:0' }, '/V1/Accounts/{ACCOUNT}/Sessions/Create/'),
      expected: created,
    },
  ]),
  v1('a create without a Content-Type is accepted', [
    {
      request: { ...create({ maxLeaseTime: '1:0:0' }), headers: { 'Content-Type': null } },
      expected: created,
    },
  ]),
  v1(
    'a create of size PREMIUM is answered like others where there is no such server, and the reason is its message',
    [
      { request: create("{ 'maxLeaseTime': '4:0:0', 'models': [], 'size': 'PREMIUM' }"), expected: created },
      {
        request: properties('{created}'),
        expected: shown({ sessionStatus: 'Error', sessionSize: 'Premium', sessionElapsedTime: '00:00:00' }),
      },
    ],
  ),
];

const LEASE = 'maxLeaseTime';
const refusedLeases: readonly [what: string, lease: unknown][] = [
  ['above 24 hours', '1.02:03:04'],
  ['above 24 hours by a second', '24:00:01'],
  ['above 24 hours by a fraction of a second', '1.00:00:00.0000001'],
  ['of zero', '0:0:0'],
  ['below zero', '-1:0:0'],
  ['that is a number', 4],
  ['that is a bare number in quotes', '4'],
  ['with sixty minutes', '4:60:0'],
  ['in words', 'four hours'],
  ['of null', null],
  ['that is empty', ''],
];

const refusedCreates: readonly Exchange[] = [
  ...refusedLeases.map(([what, maxLeaseTime]) =>
    one(
      `a create with a lease ${what} is refused`,
      create({ maxLeaseTime, size: 'Standard' }),
      badRequest(LEASE),
    ),
  ),
  one('a create without a lease is refused', create({ models: [], size: 'standard' }), badRequest(LEASE)),
  one('a create without a body is refused', create(undefined), badRequest(LEASE)),
  one(
    'a create with an unknown size is refused',
    create({ maxLeaseTime: '1:0:0', size: 'huge' }),
    badRequest('size'),
  ),
  one(
    'a create with a size that is a number is refused',
    create({ maxLeaseTime: '1:0:0', size: 1 }),
    badRequest('size'),
  ),
  one(
    'a create with models that are no array is refused',
    create({ maxLeaseTime: '1:0:0', models: 'https://a.example/b' }),
    badRequest('models'),
  ),
  one(
    'a create with a relative model is refused',
    create({ maxLeaseTime: '1:0:0', models: ['box.arrAsset'] }),
    badRequest('models'),
  ),
  one('a create that is no JSON is refused', create("{ 'maxLeaseTime': "), badRequest()),
  one('a create that is an array is refused', create('[]'), badRequest()),
  one(
    'a create with several faults is told all of them',
    create({ maxLeaseTime: 4, size: 'huge', models: 1 }),
    {
      status: 400,
      body: 'error',
      error: { code: 'BadRequest', target: LEASE, details: [LEASE, 'models', 'size'] },
    },
  ),
];

const reads: readonly Exchange[] = [
  one(
    'the properties of a Ready session are documented',
    properties(),
    shown({
      message: null,
      sessionId: '{id}',
      sessionMaxLeaseTime: '04:00:00',
      sessionSize: 'Standard',
      sessionStatus: 'Ready',
    }),
    ready,
  ),
  one(
    'the properties of a Starting session have no elapsed time',
    properties(),
    shown({
      message: null,
      sessionId: '{id}',
      sessionMaxLeaseTime: '04:00:00',
      sessionElapsedTime: '00:00:00',
      sessionStatus: 'Starting',
    }),
    { state: 'Starting' },
  ),
  one(
    'the properties of a Stopped session can be asked for',
    properties(),
    shown({ sessionStatus: 'Stopped', message: null }),
    {
      state: 'Stopped',
    },
  ),
  one('the message of an Expired session says more', properties(), shown({ sessionStatus: 'Expired' }), {
    state: 'Expired',
    madeBy: '2021',
  }),
  one(
    'the message of an Error says more',
    properties(),
    shown({ sessionStatus: 'Error', sessionSize: 'Premium' }),
    {
      state: 'Error',
    },
  ),
  one(
    'a path in any letter case with a trailing slash finds the properties',
    { method: 'GET', path: '/V1/ACCOUNTS/{ACCOUNT}/SESSIONS/{ID}/PROPERTIES/', headers: scripted },
    shown({ sessionId: '{id}' }),
    ready,
  ),
  one(
    'an api-version is not minded',
    { method: 'GET', path: `${SESSIONS}/{id}/properties?api-version=1999-01-01` },
    shown({ sessionId: '{id}' }),
    ready,
  ),
  one('the properties of an unknown session are not found', properties('{unknown}'), notFound),
  one('the properties of what can be no id are not found', properties('no.such~id'), notFound),
  one(
    'the list has the sessions that are Ready, and none that has ended',
    { ...list, headers: scripted },
    { status: 200, body: 'list', lists: { these: ['{id}'] } },
    ready,
  ),
  one(
    'the list has the sessions that are Starting',
    { method: 'GET', path: '/V1/Accounts/{ACCOUNT}/Sessions/' },
    { status: 200, body: 'list', lists: { these: ['{id}'] } },
    { state: 'Starting' },
  ),
  ...ENDED.map((state) =>
    one(
      `the list has no session that is ${state}`,
      list,
      { status: 200, body: 'list', lists: { notThese: ['{id}'] } },
      { state, madeBy: '2021' },
    ),
  ),
];

/** Named in the message and as the target; the current value is told. */
const notLarger = badRequest(LEASE, /maxLeaseTime.*04:00:00/);
const refusedUpdates: readonly [what: string, lease: unknown, expected: Expected][] = [
  ['equal to the current one', '4:0:0', notLarger],
  ['smaller than the current one', '03:59:59', notLarger],
  ['that would be an addition', '1:0:0', notLarger],
  ['of 24 hours', '24:00:00', badRequest(LEASE)],
  ['in the last minute before 24 hours', '23:59:30', badRequest(LEASE)],
  ['above 24 hours', '1.02:03:04', badRequest(LEASE)],
  ['of zero', '0:0:0', badRequest(LEASE)],
  ['that is a number', 5, badRequest(LEASE)],
  ['in words', 'long', badRequest(LEASE)],
  ['of null', null, badRequest(LEASE)],
];

const updates: readonly Exchange[] = [
  v1(
    'an update to a larger total is granted once',
    [
      { request: update("{ 'maxLeaseTime': '5:0:0' }"), expected: done },
      { request: properties(), expected: shown({ sessionMaxLeaseTime: '05:00:00', sessionStatus: 'Ready' }) },
      { request: update("{ 'maxLeaseTime': '5:0:0' }"), expected: badRequest(LEASE, /05:00:00/) },
    ],
    ownReady,
  ),
  v1(
    'an update goes to the last minute below 24 hours',
    [
      { request: update({ maxLeaseTime: '23:59:00' }), expected: done },
      { request: properties(), expected: shown({ sessionMaxLeaseTime: '23:59:00' }) },
    ],
    ownReady,
  ),
  v1('an update of a Starting session is accepted, and is the total', [
    { request: create({ maxLeaseTime: '1:0:0' }), expected: created },
    { request: update({ maxLeaseTime: '02:00:00' }, '{created}'), expected: done },
    {
      request: properties('{created}'),
      expected: shown({ sessionMaxLeaseTime: '02:00:00', sessionStatus: 'Starting' }),
    },
  ]),
  v1(
    'an update larger by a second is accepted',
    [{ request: update({ maxLeaseTime: '4:0:1' }), expected: done }],
    ownStarting,
  ),
  v1(
    'an update at a path in any letter case with a trailing slash is accepted',
    [
      {
        request: {
          method: 'PATCH',
          path: '/V1/Accounts/{ACCOUNT}/Sessions/{ID}/',
          headers: scripted,
          body: "{'maxLeaseTime':'04:30:00.5'}",
        },
        expected: done,
      },
    ],
    ownStarting,
  ),
  v1('an update of a lease that has a fraction is compared with it', [
    { request: create({ maxLeaseTime: '04:00:00.5' }), expected: created },
    {
      request: update({ maxLeaseTime: '04:00:30' }, '{created}'),
      expected: {
        because: 'the session host grants whole minutes, and the keeper remembers what its client asked for',
        keeper: done,
        'session host': badRequest(LEASE, /04:01:00/),
      },
    },
    { request: update({ maxLeaseTime: '04:01:01' }, '{created}'), expected: done },
  ]),
  ...refusedUpdates.map(([what, maxLeaseTime, expected]) =>
    one(`an update to a lease ${what} is refused`, update({ maxLeaseTime }), expected, ready),
  ),
  one('an update without a lease is refused', update({}), badRequest(LEASE), ready),
  one('an update without a body is refused', update(undefined), badRequest(LEASE), ready),
  one('an update that is no JSON is refused', update("{ 'maxLeaseTime'"), badRequest(), ready),
  one(
    'no refused update has changed the lease',
    properties(),
    shown({ sessionMaxLeaseTime: '04:00:00' }),
    ready,
  ),
  one(
    'an update of an unknown session is not found',
    update({ maxLeaseTime: '5:0:0' }, '{unknown}'),
    notFound,
  ),
  ...ENDED.map((state) =>
    // The page does not say with which status an ended session refuses.
    one(
      `an update of a session that is ${state} is refused`,
      update({ maxLeaseTime: '5:0:0' }),
      { status: 409, body: 'error', error: { code: 'SessionOver' } },
      { state, madeBy: '2021' },
    ),
  ),
];

const stops: readonly Exchange[] = [
  v1(
    'a stop of a Ready session is accepted, and again',
    [
      { request: stop(), expected: stopped },
      { request: properties(), expected: shown({ sessionStatus: /^Stopp(ing|ed)$/, message: null }) },
      { request: stop(), expected: stopped },
      { request: update({ maxLeaseTime: '5:0:0' }), expected: { status: 409, body: 'error' } },
    ],
    ownReady,
  ),
  v1(
    'a stop of a Starting session is accepted, in any letter case with a trailing slash',
    [
      { request: { method: 'DELETE', path: '/V1/Accounts/{ACCOUNT}/Sessions/{ID}/' }, expected: stopped },
      { request: properties(), expected: shown({ sessionStatus: /^Stopp(ing|ed)$/, message: null }) },
    ],
    ownStarting,
  ),
  ...ENDED.map((state) =>
    v1(
      `a stop of a session that is ${state} is accepted, and changes nothing`,
      [
        { request: stop(), expected: stopped },
        { request: properties(), expected: shown({ sessionStatus: state }) },
      ],
      { state, madeBy: '2021' },
    ),
  ),
  one('a stop of an unknown session is not found', stop('{unknown}'), notFound),
];

export const exchangesV1: readonly Exchange[] = [
  ...creates,
  ...refusedCreates,
  ...reads,
  ...updates,
  ...stops,
];
