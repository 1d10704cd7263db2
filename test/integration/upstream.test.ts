import { describe, expect, it } from 'vitest';
import {
  ACCOUNT,
  type Answer,
  type Call,
  calls,
  errorBody,
  ID,
  properties,
  serve,
  soon,
  TOKEN,
  upstreamAt,
  wholeList,
} from './upstream-fixture.ts';

const all: Call[] = ['create', 'observe', 'extend', 'stop'];

describe('a request', () => {
  const path = `/accounts/${ACCOUNT}/sessions/${ID}`;
  const version = '?api-version=2021-01-01';
  const wanted = { maxLeaseTimeMinutes: 60, size: 'Standard', models: ['https://example.org/m'] };

  it.each([
    { call: 'create', method: 'PUT', url: `${path}${version}`, body: JSON.stringify(wanted) },
    { call: 'observe', method: 'GET', url: `${path}${version}`, body: '' },
    { call: 'extend', method: 'PATCH', url: `${path}${version}`, body: '{"maxLeaseTimeMinutes":90}' },
    { call: 'stop', method: 'POST', url: `${path}/:stop${version}`, body: '' },
  ] as const)('$call is $method with the token', async ({ call, method, url, body }) => {
    const server = await serve(() => ({ status: 200, body: properties() }));
    await calls[call](upstreamAt(server.url));
    expect(server.asked).toEqual([{ method, path: url, authorization: `Bearer ${TOKEN}`, body }]);
  });
});

describe('an answer', () => {
  const found = (created: boolean) => ({
    type: 'found',
    created,
    sighting: {
      status: 'Ready',
      leaseMinutes: 60,
      elapsedMinutes: 3,
      hostname: 'host.example.org',
      ports: { handshake: 50_051, inspector: 50_052 },
      size: 'Standard',
      teraflops: 4,
      errorCode: null,
      errorMessage: null,
      sentAt: expect.any(Number),
      receivedAt: expect.any(Number),
    },
  });
  const refused = (status: number) => ({ type: 'refused', status, message: 'No.' });
  const unclear = (status: number, retryAfterMs: number | null = null) => ({
    type: 'inconclusive',
    because: `it answered ${status}`,
    retryAfterMs,
  });
  const malformed = { type: 'inconclusive', because: 'its answer cannot be read', retryAfterMs: null };
  const missing = { type: 'missing', sentAt: expect.any(Number) };
  const ok: Answer = { status: 200, body: properties() };
  const error = (status: number, headers = {}): Answer => ({ status, headers, body: errorBody() });

  const rows: { name: string; calls: Call[]; answer: Answer; expected: object }[] = [
    { name: '201', calls: ['create'], answer: { ...ok, status: 201 }, expected: found(true) },
    { name: '200', calls: ['create', 'observe', 'extend'], answer: ok, expected: found(false) },
    { name: '204', calls: ['stop'], answer: { status: 204, body: '' }, expected: { type: 'accepted' } },
    { name: '409', calls: ['create'], answer: error(409), expected: { type: 'exists' } },
    { name: '409', calls: ['extend', 'stop'], answer: error(409), expected: refused(409) },
    { name: '400', calls: ['create', 'extend', 'stop'], answer: error(400), expected: refused(400) },
    { name: '422', calls: ['create', 'extend', 'stop'], answer: error(422), expected: refused(422) },
    { name: '400', calls: ['observe'], answer: error(400), expected: unclear(400) },
    { name: '404', calls: ['observe', 'extend', 'stop'], answer: error(404), expected: missing },
    { name: '404 of a create', calls: ['create'], answer: error(404), expected: unclear(404) },
    {
      name: '404 without an error body',
      calls: all,
      answer: { status: 404, body: '<h1>Not found</h1>' },
      expected: unclear(404),
    },
    { name: '404 with an empty body', calls: all, answer: { status: 404, body: '' }, expected: unclear(404) },
    {
      name: '404 with another JSON',
      calls: all,
      answer: { status: 404, body: { message: 'no route' } },
      expected: unclear(404),
    },
    { name: '403', calls: all, answer: error(403), expected: unclear(403) },
    { name: '429 without Retry-After', calls: all, answer: error(429), expected: unclear(429, 10_000) },
    {
      name: '429 with Retry-After',
      calls: all,
      answer: error(429, { 'Retry-After': '7' }),
      expected: unclear(429, 7_000),
    },
    {
      name: '429 with nonsense in Retry-After',
      calls: all,
      answer: error(429, { 'Retry-After': 'soon' }),
      expected: unclear(429, 10_000),
    },
    {
      name: '429 with more than anybody waits for',
      calls: all,
      answer: error(429, { 'Retry-After': '600' }),
      expected: unclear(429, 600_000),
    },
    {
      name: '503 with a date in Retry-After',
      calls: all,
      answer: error(503, { 'Retry-After': 'Wed, 21 Oct 2026 07:28:00 GMT' }),
      expected: unclear(503, 10_000),
    },
    { name: '503', calls: all, answer: error(503), expected: unclear(503) },
    {
      name: '503 with Retry-After',
      calls: all,
      answer: error(503, { 'Retry-After': '30' }),
      expected: unclear(503, 30_000),
    },
    { name: '500', calls: all, answer: error(500), expected: unclear(500) },
    { name: '500 with a healthy body', calls: all, answer: { ...ok, status: 500 }, expected: unclear(500) },
    {
      name: '200 with broken JSON',
      calls: ['create', 'observe', 'extend'],
      answer: { status: 200, body: '{"id":' },
      expected: malformed,
    },
    {
      name: '200 without a body',
      calls: ['create', 'observe', 'extend'],
      answer: { status: 200, body: '' },
      expected: malformed,
    },
    {
      name: '200 of another session',
      calls: ['create', 'observe', 'extend'],
      answer: { status: 200, body: properties({ id: 'A-SESSION' }) },
      expected: malformed,
    },
    {
      name: '200 with an unknown status',
      calls: ['create', 'observe', 'extend'],
      answer: { status: 200, body: { ...properties(), status: 'Hibernating' } },
      expected: malformed,
    },
    {
      name: '200 with a negative lease',
      calls: ['observe'],
      answer: { status: 200, body: properties({ maxLeaseTimeMinutes: -1 }) },
      expected: malformed,
    },
  ];
  it.each(rows.flatMap(({ calls: names, ...row }) => names.map((call) => ({ call, ...row }))))(
    '$name to $call',
    async ({ call, answer, expected }) => {
      const server = await serve(() => answer);
      expect(await calls[call](upstreamAt(server.url))).toEqual(expected);
      expect(server.asked).toHaveLength(1);
    },
  );

  it('of a starting session, in the words of any edition, has nothing that is not known yet', async () => {
    const early = { id: ID, status: 'Starting', maxLeaseTimeMinutes: 60, elapsedTimeMinutes: null } as const;
    const old = {
      hostname: null,
      arrInspectorPort: 0,
      handshakePort: 0,
      teraflops: 0,
      error: null,
      somethingNew: [1],
    };
    const server = await serve(({ path }) => ({
      status: 200,
      body: path.includes('stop') ? early : { ...early, ...old },
    }));
    expect(await upstreamAt(server.url).observe(ID, soon())).toMatchObject({
      type: 'found',
      sighting: {
        status: 'Starting',
        elapsedMinutes: 0,
        hostname: null,
        ports: { handshake: null, inspector: null },
        teraflops: null,
        errorCode: null,
        errorMessage: null,
      },
    });
  });

  it('of a failed session has its message, and its name', async () => {
    const body = properties({ status: 'Error', error: { code: 'Full', message: 'no place is free' } });
    const server = await serve(() => ({ status: 200, body }));
    expect(await upstreamAt(server.url).observe(ID, soon())).toMatchObject({
      sighting: { status: 'Error', errorCode: 'Full', errorMessage: 'no place is free' },
    });
  });

  it('lies between the instants that it is told with', async () => {
    const instants: number[] = [];
    const server = await serve(() => {
      instants.push(Date.now());
      return ok;
    });
    const outcome = await upstreamAt(server.url).observe(ID, soon());
    const { sentAt, receivedAt } = outcome.type === 'found' ? outcome.sighting : { sentAt: 0, receivedAt: 0 };
    expect(sentAt).toBeLessThanOrEqual(instants[0] ?? 0);
    expect(receivedAt).toBeGreaterThanOrEqual(instants[0] ?? Number.POSITIVE_INFINITY);
  });

  it.each([301, 302, 307, 308])('%i is not followed', async (status) => {
    const elsewhere = await serve(() => ok);
    const server = await serve(({ path }) => ({ status, headers: { Location: `${elsewhere.url}${path}` } }));
    for (const call of all) {
      expect(await calls[call](upstreamAt(server.url))).toEqual(unclear(status));
    }
    expect(elsewhere.asked).toEqual([]);
    expect(server.asked).toHaveLength(all.length);
  });
});

describe('the list', () => {
  const next = (url: string, page: number): string =>
    `${url}/accounts/${ACCOUNT}/sessions?api-version=2021-01-01&page=${page}`;
  const failure = { type: 'inconclusive', because: expect.stringMatching(/./), retryAfterMs: null };
  const pageOf = (path: string): number => Number(new URL(path, 'http://any').searchParams.get('page') ?? 0);

  it('has the sessions of all pages', async () => {
    const server = await serve(({ path }) => {
      const page = pageOf(path);
      const link = page < 2 ? { '@nextLink': next(server.url, page + 1) } : {};
      return { status: 200, body: { sessions: [properties({ id: `s-${page}` })], ...link } };
    });
    const listing = await wholeList(upstreamAt(server.url));
    expect(listing.type === 'listed' && [...listing.sightings.keys()]).toEqual(['s-0', 's-1', 's-2']);
    expect(server.asked.every(({ authorization }) => authorization === `Bearer ${TOKEN}`)).toBe(true);
  });

  it('may be empty', async () => {
    const server = await serve(() => ({ status: 200, body: { sessions: [], '@nextLink': null } }));
    expect(await wholeList(upstreamAt(server.url))).toMatchObject({
      ...{ type: 'listed', sightings: new Map(), unreadable: new Set(), isWhole: true, pages: 1 },
    });
  });

  it('does not follow a link to another origin', async () => {
    const elsewhere = await serve(() => ({ status: 200, body: { sessions: [] } }));
    const server = await serve(() => ({
      status: 200,
      body: { sessions: [], '@nextLink': next(elsewhere.url, 1) },
    }));
    // What it shows is so, and who is not on it may be there.
    expect(await wholeList(upstreamAt(server.url))).toMatchObject({ type: 'listed', isWhole: false });
    expect(elsewhere.asked).toEqual([]);
  });

  it('does not follow a link for ever', async () => {
    const server = await serve(({ path }) => ({
      status: 200,
      body: { sessions: [], '@nextLink': next(server.url, pageOf(path) + 1) },
    }));
    expect(await wholeList(upstreamAt(server.url))).toMatchObject({ type: 'listed', isWhole: false });
    expect(server.asked.length).toBeLessThanOrEqual(1000);
  });

  it.each<{ name: string; answer: Answer; retryAfterMs: number | null }>([
    { name: 'a failure', answer: { status: 500 }, retryAfterMs: null },
    { name: 'throttling', answer: { status: 429, headers: { 'Retry-After': '9' } }, retryAfterMs: 9_000 },
    { name: 'a 404', answer: { status: 404, body: errorBody() }, retryAfterMs: null },
    { name: 'broken JSON', answer: { status: 200, body: '[' }, retryAfterMs: null },
    { name: 'no list', answer: { status: 200, body: { sessions: 3 } }, retryAfterMs: null },
  ])('is not to be had whole with $name on its second page', async ({ answer, retryAfterMs }) => {
    const server = await serve(({ path }) =>
      pageOf(path) > 0
        ? answer
        : { status: 200, body: { sessions: [properties()], '@nextLink': next(server.url, 1) } },
    );
    expect(await wholeList(upstreamAt(server.url))).toEqual({ ...failure, retryAfterMs });
  });

  it('does not go round in a circle', async () => {
    const server = await serve(() => ({
      status: 200,
      body: { sessions: [], '@nextLink': next(server.url, 1) },
    }));
    expect(await wholeList(upstreamAt(server.url))).toMatchObject({ isWhole: false, pages: 2 });
  });

  it.each<{ name: string; entry: unknown; unreadable: string[]; isWhole: boolean }>([
    {
      name: 'an unknown status',
      entry: { ...properties({ id: 'odd' }), status: 'Odd' },
      ...{ unreadable: ['odd'], isWhole: true },
    },
    {
      name: 'no lease',
      entry: { ...properties({ id: 'odd' }), maxLeaseTimeMinutes: null },
      ...{ unreadable: ['odd'], isWhole: true },
    },
    { name: 'nothing but an id', entry: { id: 'odd' }, unreadable: ['odd'], isWhole: true },
    { name: 'no id', entry: { ...properties(), id: 7 }, unreadable: [], isWhole: false },
    { name: 'nothing at all', entry: null, unreadable: [], isWhole: false },
  ])('tells of all others where one entry has $name', async ({ entry, unreadable, isWhole }) => {
    const body = { sessions: [properties({ id: 'one' }), entry, properties({ id: 'other' })] };
    const server = await serve(() => ({ status: 200, body }));
    const listing = await wholeList(upstreamAt(server.url));
    expect(listing).toMatchObject({ type: 'listed', unreadable: new Set(unreadable), isWhole });
    expect(listing.type === 'listed' && [...listing.sightings.keys()]).toEqual(['one', 'other']);
  });
});
