import { createHmac } from 'node:crypto';
import { BODY_FAULTS, HOSTILE_HEADERS, HOSTILE_SEGMENTS, HOSTILE_VALUES } from './hostile.ts';

/** Requests by chance: good ones, such with one fault, and such with several. The same chance gives the same ones. */

/** A route as the functions host announces it, `/accounts/{accountId}/sessions`. */
export interface Route {
  name: string;
  methods: readonly string[];
  template: string;
}

/** A request as it goes over the wire. `target` and the values of the headers are Latin-1. */
export interface RawRequest {
  method: string;
  target: string;
  headers: readonly (readonly [name: string, value: string])[];
  body: Buffer | undefined;
}

/** An account, with all that it has been given. */
export interface Tenant {
  accountId: string;
  key: string;
  token: string;
  /** Of its own list of sessions. */
  continuation: string;
}

/** Who calls, and whom they try to reach. */
export interface World {
  host: string;
  mine: Tenant & {
    /** To be read, changed and used. */
    living: readonly string[];
    /** To be created and stopped: some exist, some do not yet. */
    spare: readonly string[];
    ended: readonly string[];
  };
  theirs: Tenant & { sessionIds: readonly string[] };
  /** What the keeper signs with: for tokens that are wrong although they are signed. */
  secret: Uint8Array;
}

export type Chance = () => number;

interface Dice {
  /** True so often of a hundred times. */
  percent(percent: number): boolean;
  below(count: number): number;
  pick<Item>(items: readonly Item[]): Item;
}

const diceFrom = (chance: Chance): Dice => {
  const below = (count: number): number => Math.floor(chance() * count);
  return {
    below,
    percent: (percent) => chance() * 100 < percent,
    pick: (items) => {
      const item = items[below(items.length)];
      if (item === undefined) throw new RangeError('nothing to pick from');
      return item;
    },
  };
};

/** A request that is still being spoilt. */
interface Draft {
  route: Route;
  method: string;
  segments: string[];
  query: string[];
  /** Known only once it is known whose account is asked for. */
  authorization: () => string[];
  headers: [name: string, value: string][];
  body: string | Buffer | undefined;
  isChunked: boolean;
  /** Whether it reaches for the other account: then never with that account's own token. */
  reachesOver: boolean;
}

export const requestFrom = (chance: Chance, route: Route, world: World): RawRequest => {
  const dice = diceFrom(chance);
  const draft = goodDraft(dice, route, world);
  // Nearly every good create costs a row for good: most are not quite good.
  if (route.template.endsWith('/create') && dice.percent(75)) spoilField(draft, dice, world);
  // What is for everybody is the same each time, and some of it is large.
  if (!route.template.includes('{') && dice.percent(70)) shapePath(draft, dice, world);
  for (let faults = dice.percent(5) ? 0 : dice.pick(FAULTS); faults > 0; faults -= 1) {
    dice.pick(draft.body === undefined ? SPOIL : SPOIL_WITH_BODY)(draft, dice, world);
  }
  return written(draft, dice, world);
};

/** What a spoilt request has; many of them are harmless. */
const FAULTS = [1, 2, 2, 3, 3, 4, 5];
const API_VERSION = 'api-version=2021-01-01';

const goodDraft = (dice: Dice, route: Route, world: World): Draft => {
  const draft: Draft = {
    route,
    method: dice.pick(route.methods),
    segments: [],
    query: [],
    authorization: () => [],
    headers: [],
    body: undefined,
    isChunked: false,
    reachesOver: false,
  };
  draft.segments = route.template
    .slice(1)
    .split('/')
    .flatMap((segment) => filled(segment, draft, dice, world));
  if (draft.segments[0] === 'accounts') draft.query.push(API_VERSION);
  if (route.template.endsWith('/token')) {
    draft.authorization = () => [`Bearer ${world.mine.accountId}:${world.mine.key}`];
  } else if (route.template.includes('{accountId}')) {
    draft.authorization = () => [`Bearer ${world.mine.token}`];
  }
  const takesBody = ['PUT', 'PATCH'].includes(draft.method) || route.template.endsWith('/create');
  // A body that nobody asked for is allowed, and read by nobody.
  if (dice.percent(takesBody ? 98 : 5)) draft.body = goodBody(dice, draft);
  if (dice.percent(70)) draft.headers.push(['Content-Type', 'application/json']);
  return draft;
};

const filled = (segment: string, { method, route }: Draft, dice: Dice, { mine }: World): string[] => {
  switch (segment) {
    case '{accountId}':
      return [mine.accountId];
    case '{sessionId}': {
      const ends = method === 'DELETE' || route.template.endsWith(':stop') || method === 'PUT';
      return [dice.pick(dice.pick(ends ? [mine.spare, mine.ended] : [mine.living, mine.spare, mine.ended]))];
    }
    case '{*path}':
      return dice.pick(NOWHERE).split('/');
    default:
      return [segment];
  }
};

/** What scanners ask for, and what is nearly a route. */
const NOWHERE = [
  '',
  'index.html',
  'favicon.ico',
  '.env',
  '.git/config',
  'admin/host/status',
  'runtime/webhooks/durabletask',
  'api/health',
  'health/x',
  'v1',
  'v2/accounts',
  'accounts',
  'v1/accounts/x/sessions/y/z/properties',
  'robots.txt',
  'wp-login.php',
  'swagger.json',
  'metrics',
];

const goodBody = (dice: Dice, { method, route }: Draft): string => {
  const isV1 = route.template.startsWith('/v1/');
  const minutes = dice.pick([1, 10, 60, 61, 240, 1439]);
  const lease: [name: string, value: string] = isV1
    ? ['maxLeaseTime', JSON.stringify(`${Math.floor(minutes / 60)}:${minutes % 60}:0`)]
    : ['maxLeaseTimeMinutes', String(minutes)];
  const all: [name: string, value: string][] = [
    ['size', dice.pick(['"Standard"', '"premium"'])],
    ['models', '["https://models.example/box.arrAsset"]'],
    ['keepAlive', dice.pick(['true', 'false'])],
    ['idleTimeout', dice.pick(['"1:0:0"', 'null'])],
    ['maxLifetimeMinutes', dice.pick(['1000', 'null'])],
    ['tags', dice.pick(['{}', '{"for":"fuzz"}', '{"für":"\\u0007 ü 😀"}'])],
  ];
  const some = all.filter(([name]) => dice.percent(name === 'size' && !isV1 ? 100 : 25));
  // An update need not speak of the lease, and most leases are too small for one.
  return bodyOf(method === 'PATCH' && some.length > 0 && dice.percent(70) ? some : [lease, ...some]);
};

const bodyOf = (fields: readonly (readonly [name: string, value: string])[]): string =>
  `{${fields.map(([name, value]) => `"${name}":${value}`).join()}}`;

type Spoil = (draft: Draft, dice: Dice, world: World) => void;

const spoilSegment: Spoil = ({ segments }, dice) => {
  segments[dice.below(segments.length)] = dice.pick(HOSTILE_SEGMENTS);
};

/** To another account's sessions: by their ids in one's own account, or in theirs. */
const reachOver: Spoil = (draft, dice, { mine, theirs }) => {
  const swapsAccount = dice.percent(60);
  draft.reachesOver ||= swapsAccount;
  draft.segments = draft.segments.map((segment) => {
    if (segment === mine.accountId) return swapsAccount ? theirs.accountId : segment;
    const isSession = [mine.living, mine.spare, mine.ended].some((ids) => ids.includes(segment));
    return isSession ? dice.pick(theirs.sessionIds) : segment;
  });
};

/** By a way that looks like one's own account. */
const climbOver: Spoil = (draft, dice, { mine, theirs }) => {
  draft.reachesOver = true;
  const way = dice.pick(['..', '%2e%2e', '.%2E', '..%2f', '..\\', '%2f', '%5c', '']);
  draft.segments = draft.segments.flatMap((segment) =>
    segment === mine.accountId ? [segment, way, theirs.accountId] : [segment],
  );
};

const shapePath: Spoil = (draft, dice) => {
  const { segments } = draft;
  const at = dice.below(segments.length + 1);
  const text = segments[at] ?? '';
  const shapes: (() => void)[] = [
    () => segments.push(''),
    () => segments.push('', ''),
    () => segments.splice(at, 0, ''),
    () => segments.splice(at, 0, '.'),
    () => segments.splice(at, 0, '..'),
    () => segments.splice(at, 0, text, '..'),
    () => segments.splice(at, 1),
    () => segments.push(dice.pick(HOSTILE_SEGMENTS)),
    () => segments.unshift('v1'),
    () => segments.splice(at, 1, text.toUpperCase()),
    () => segments.splice(at, 1, text.replace(/[a-z]/i, escaped)),
    () => segments.splice(at, 1, escaped(text)),
    () => segments.splice(at, 1, `${text}%20`),
    () => segments.splice(at, 1, `{${text}}`),
    () => segments.splice(at, 1, text.replaceAll('-', '')),
    () => segments.splice(at, 1, `${text}\u00E9\u{1F600}`),
  ];
  dice.pick(shapes)();
};

const escaped = (text: string): string =>
  [...Buffer.from(text)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');

const spoilQuery: Spoil = (draft, dice, { mine, theirs }) => {
  const queries: readonly (() => string[])[] = [
    () => [],
    () => [''],
    () => ['api-version='],
    () => ['api-version'],
    () => ['api-version=2022-01-01'],
    () => ['api-version=2021-01-01-preview'],
    () => ['api-version=2019-02-28-preview'],
    () => [API_VERSION, API_VERSION],
    () => [API_VERSION, 'api-version=2021-01-01-preview'],
    () => [`${API_VERSION},2021-01-01`],
    () => [`${API_VERSION}%00`],
    () => [` ${API_VERSION}`.replace(' ', '%20')],
    () => ['Api-Version=2021-01-01'],
    () => ['%61pi-version=2021-01-01'],
    () => ['api-version[]=2021-01-01'],
    () => ['api_version=2021-01-01'],
    () => [API_VERSION, '%', '%zz=%zz', '%c3%28=%00'],
    () => [API_VERSION, '__proto__=x', 'constructor=y', 'hasOwnProperty=z'],
    () => [API_VERSION, "$filter=PartitionKey%20ne%20''", '$top=1000'],
    () => [API_VERSION, ...Array.from({ length: 300 }, (_, index) => `p${index}=${index}`)],
    () => [API_VERSION, `x=${'é'.repeat(400)}`],
    () => [API_VERSION, 'accountId=x', 'sessionId=y', `accountId=${theirs.accountId}`],
    () => [API_VERSION, `continuation=${mine.continuation}`],
    () => [API_VERSION, `continuation=${theirs.continuation}`],
    () => [API_VERSION, `continuation=${mine.token}`],
    () => [API_VERSION, `continuation=${mine.continuation}&continuation=${theirs.continuation}`],
    () => [API_VERSION, 'continuation='],
    () => [API_VERSION, 'continuation=x.y.z'],
    () => [API_VERSION, `continuation=${'a'.repeat(6000)}`],
    () => [API_VERSION, `continuation=${unsigned({ after: '' })}`],
    () => [API_VERSION, `continuation=${forged({ after: '', aud: `${mine.accountId} 2021-01-01` })}`],
    () => [API_VERSION, `continuation=${mine.continuation.slice(0, -3)}`],
  ];
  draft.query = dice.pick(queries)();
};

const addHeader: Spoil = ({ headers }, dice, { theirs }) => {
  const [name, value] = dice.percent(5)
    ? (['X-Original-URL', `/v1/accounts/${theirs.accountId}/sessions`] as const)
    : dice.pick(HOSTILE_HEADERS);
  headers.push([name, value]);
  if (dice.percent(25)) headers.push([dice.pick([name, name.toLowerCase()]), dice.pick([value, 'x'])]);
};

const spoilBody: Spoil = (draft, dice) => {
  const { body } = draft;
  draft.body = dice.pick(BODY_FAULTS)(typeof body === 'string' ? body : '{"maxLeaseTime":"1:0:0"}');
};

/** A field of another kind or size, or one that is not the client's to set. */
const spoilField: Spoil = (draft, dice, { theirs }) => {
  if (typeof draft.body !== 'string') return;
  const foreign: [name: string, value: string][] = [
    ['accountId', JSON.stringify(theirs.accountId)],
    ['partitionKey', JSON.stringify(theirs.accountId)],
    ['PartitionKey', JSON.stringify(theirs.accountId)],
    ['rowKey', '"session:x"'],
    ['etag', '"*"'],
    ['id', JSON.stringify(dice.pick(theirs.sessionIds))],
    ['sessionId', JSON.stringify(dice.pick(theirs.sessionIds))],
    ['dueAt', '0'],
    ['status', '"Stopped"'],
    ['upstream', '"http://evil.example"'],
    ['keeper', '{"keepAlive":true}'],
  ];
  const [name, value] = dice.percent(30)
    ? dice.pick(foreign)
    : [dice.pick(FIELDS), dice.pick(HOSTILE_VALUES)];
  // A field that is there already comes twice, and the last one counts.
  draft.body = draft.body.replace(/}$/, `,"${name}":${value}}`);
};

const FIELDS = [
  'maxLeaseTime',
  'maxLeaseTimeMinutes',
  'size',
  'models',
  'keepAlive',
  'idleTimeoutMinutes',
  'maxLifetimeMinutes',
  'tags',
];

const spoilToken: Spoil = (draft, dice, { mine, theirs, secret }) => {
  const { accountId, key, token } = mine;
  const sub = accountId;
  const iss = 'lease-keeper';
  const [header = '', payload = '', signature = ''] = token.split('.');
  const signedAnew = (claims: object): string => forged(claims, secret, header);
  const other = (): string => (draft.reachesOver ? token : theirs.token);
  const credentials: readonly (() => string[])[] = [
    () => [],
    () => [''],
    () => ['Bearer'],
    () => ['Bearer '],
    () => [`bearer ${token}`],
    () => [`BEARER   ${token}`],
    () => [token],
    () => [`Basic ${Buffer.from(`${accountId}:${key}`).toString('base64')}`],
    () => [`Bearer ${accountId}:${key}`],
    () => [`Bearer ${key}`],
    () => [`Bearer ${theirs.accountId}:${key}`],
    () => [`Bearer ${accountId}:${theirs.key}`],
    () => [`Bearer ${accountId}:${'x'.repeat(6000)}`],
    () => [`Bearer ${other()}`],
    () => [`Bearer ${token} ${other()}`],
    () => [`Bearer ${token}, Bearer ${other()}`],
    () => [`Bearer ${token}`, `Bearer ${other()}`],
    () => [`Bearer ${token}`, `Bearer ${token}`],
    () => [`Bearer ${token.slice(0, -2)}`],
    () => [`Bearer ${token}x`],
    () => [`Bearer ${header}.${payload}.`],
    () => [`Bearer ${header}..${signature}`],
    () => [`Bearer ${theirs.token.split('.')[0]}.${payload}.${signature}`],
    () => [`Bearer ${header}.${theirs.token.split('.')[1]}.${signature}`],
    () => [`Bearer ${header}.${Buffer.from('not JSON').toString('base64url')}.${signature}`],
    () => [`Bearer ${unsigned({ sub: theirs.accountId, iss, exp: 9_999_999_999 })}`],
    () => [`Bearer ${forged({ sub, iss, exp: 9_999_999_999 })}`],
    () => [`Bearer ${signedAnew({ sub, iss, exp: 1_500_000_000 })}`],
    () => [`Bearer ${signedAnew({ sub, iss: 'another', exp: 9_999_999_999 })}`],
    () => [`Bearer ${signedAnew({ sub: 4, iss, exp: 9_999_999_999 })}`],
    () => [`Bearer ${signedAnew({ sub, iss, exp: 'never' })}`],
    () => [`Bearer ${signedAnew({ sub, iss, exp: 9_999_999_999, nbf: 9_999_999_998 })}`],
    () => [`Bearer ${signedAnew({ sub: '__proto__', iss, exp: 9_999_999_999 })}`],
    () => [`Bearer ${mine.continuation}`],
    () => ['Bearer x.y.z'],
    () => ['Bearer \u00FF.\u00FE.\u00FD'],
    () => [`Bearer ${'a'.repeat(7000)}`],
  ];
  draft.authorization = dice.pick(credentials);
};

/** A target or a host that is no such thing, or a method that no function has. */
const spoilFrame: Spoil = (draft, dice, { host }) => {
  const frames: readonly (() => void)[] = [
    () => draft.headers.push(['Host', dice.pick(['evil.example', 'a b', 'x:99999', '[::1', ''])]),
    () => draft.segments.unshift('', 'evil.example'),
    () => draft.segments.unshift(`http://${host}`),
    () => {
      draft.segments = ['*'];
    },
    () => {
      draft.method = dice.pick(['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS']);
    },
    () => {
      draft.method = dice.pick(['TRACE', 'PROPFIND', 'PURGE']);
    },
    () => {
      draft.isChunked = true;
    },
  ];
  dice.pick(frames)();
};

const SPOIL: readonly Spoil[] = [
  spoilSegment,
  reachOver,
  climbOver,
  shapePath,
  shapePath,
  spoilQuery,
  spoilQuery,
  addHeader,
  addHeader,
  spoilToken,
  spoilToken,
  spoilToken,
  spoilFrame,
];
const SPOIL_WITH_BODY: readonly Spoil[] = [
  ...SPOIL,
  spoilBody,
  spoilBody,
  spoilBody,
  spoilField,
  spoilField,
  spoilField,
];

const segmentOf = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

const unsigned = (claims: object): string => `${segmentOf({ alg: 'none' })}.${segmentOf(claims)}.`;

const forged = (
  claims: object,
  secret: Uint8Array = Buffer.alloc(32),
  header = segmentOf({ alg: 'HS256' }),
): string => {
  const text = `${header}.${segmentOf(claims)}`;
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
};

/** One server reads at most 16 KB of target and headers, another more: what is larger says nothing. */
const MOST_HEAD_CHARACTERS = 14_000;

const written = (draft: Draft, dice: Dice, { host }: World): RawRequest => {
  const { method, segments, query, authorization } = draft;
  const path = segments.join('/');
  const target = `${/^(http:|\*$)/.test(path) ? '' : '/'}${path}${query.length === 0 ? '' : `?${query.join('&')}`}`;
  const body = typeof draft.body === 'string' ? Buffer.from(draft.body) : draft.body;
  const names = new Set(draft.headers.map(([name]) => name));
  const framing: [string, string][] = draft.isChunked
    ? [['Transfer-Encoding', 'chunked']]
    : [['Content-Length', dice.percent(3) ? `00${body?.length ?? 0}` : String(body?.length ?? 0)]];
  const all: (readonly [string, string])[] = [
    ...(names.has('Host') ? [] : [['Host', host] as const]),
    ...(body === undefined && dice.percent(50) ? [] : framing),
    ...authorization().map((value) => ['Authorization', value] as const),
    ...draft.headers,
  ];
  let size = target.length;
  const headers = all.filter(([name, value]) => {
    if (size + value.length > MOST_HEAD_CHARACTERS) return false;
    size += name.length + value.length;
    return true;
  });
  return { method, target: withoutBlanks(target), headers, body };
};

/** Node's server refuses these before any function is asked, and ends the connection: nothing to learn there. */
const withoutBlanks = (text: string): string => text.replaceAll(/[^\x21-\x7e]/gu, escaped);
