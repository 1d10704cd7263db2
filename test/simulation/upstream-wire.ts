import type { Instant } from '../../shared/lease.ts';
import { MINUTE_MS } from '../../shared/lease.ts';
import type { Size } from '../../shared/protocol/vocabulary.ts';
import type { HttpAnswer, HttpRequest } from '../../shared/upstream/send.ts';
import { LONGEST_PAGE, MOST_EXTENDED_MINUTES } from './service-terms.ts';
import { type Books, isLiving, type Server } from './upstream-books.ts';

/** What the service answers, as text: the generation `2021-01-01` over its books, and a token endpoint. */

export const UPSTREAM = 'http://upstream.example';
export const UPSTREAM_ACCOUNT = '22222222-2222-2222-2222-222222222222';

/** What is not the books' to decide: times and chances of this moment, each asked for where it makes a difference. */
export interface Conditions {
  now: Instant;
  leftAt: Instant;
  pageSize: number;
  launch(): { startsInMs: number; isFull: boolean };
  /** Undefined: the stop is answered, and nothing comes of it. */
  stopsInMs(): number | undefined;
  refusesLease(): boolean;
  /** How long a new token holds: as it says, and in truth. */
  token(): { saysMs: number; holdsMs: number };
  /** A token was not taken, although it says that it still holds. */
  endedEarly(): void;
}

/** The service's own clock is in no answer but `creationTime` and the end of a token. */
export const answerOf = (books: Books, request: HttpRequest, conditions: Conditions): HttpAnswer => {
  const [path = '', query = ''] = request.url.slice(UPSTREAM.length).split('?');
  const [, accounts, account, collection, id, action] = path.split('/');
  if (accounts !== 'accounts' || account !== UPSTREAM_ACCOUNT)
    return error(404, 'AccountNotFound', 'no account');
  if (collection === 'token') return tokenAnswer(conditions);
  if (!hasToken(request, conditions))
    return { status: 401, headers: { 'www-authenticate': 'Bearer' }, body: '' };
  const parameters = new URLSearchParams(query);
  if (parameters.get('api-version') !== '2021-01-01')
    return error(400, 'UnsupportedApiVersion', 'which version?');
  if (id === undefined) return listAnswer(books, Number(parameters.get('from') ?? 0), conditions);
  const server = books.find(decodeURIComponent(id));
  if (request.method === 'PUT')
    return createAnswer(books, server, decodeURIComponent(id), request, conditions);
  if (server === undefined) return error(404, 'SessionNotFound', 'There is no such session.');
  if (action === ':stop') {
    if (isLiving(server)) books.stop(server, server.stoppingSince === null ? conditions.stopsInMs() : 0);
    return { status: 204, headers: {}, body: '' };
  }
  if (request.method === 'PATCH') return extendAnswer(books, server, request, conditions);
  return json(200, propertiesOf(server, conditions.now));
};

const tokenAnswer = ({ now, token }: Conditions): HttpAnswer => {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const { saysMs, holdsMs } = token();
  const claims = { exp: Math.floor((now + saysMs) / 1000), holdsUntil: now + holdsMs };
  return json(200, { AccessToken: `${part({ alg: 'none' })}.${part(claims)}.` });
};

const hasToken = ({ headers }: HttpRequest, { now, endedEarly }: Conditions): boolean => {
  const [, claims] = (headers.authorization ?? '').split('.');
  if (claims === undefined) return false;
  const { exp, holdsUntil }: { exp: number; holdsUntil: Instant } = JSON.parse(
    Buffer.from(claims, 'base64url').toString(),
  );
  const isSaidToHold = exp * 1000 > now;
  if (isSaidToHold && holdsUntil <= now) endedEarly();
  return isSaidToHold && holdsUntil > now;
};

const createAnswer = (
  books: Books,
  server: Server | undefined,
  id: string,
  { body = '' }: HttpRequest,
  { now, launch }: Conditions,
): HttpAnswer => {
  const { maxLeaseTimeMinutes: leaseMinutes, size }: { maxLeaseTimeMinutes: number; size: Size } =
    JSON.parse(body);
  if (!Number.isInteger(leaseMinutes) || leaseMinutes < 0 || leaseMinutes > 1440)
    return error(400, 'BadRequest', 'The maxLeaseTimeMinutes value is out of range.');
  if (server === undefined)
    return json(201, propertiesOf(books.create({ id, size, leaseMinutes, ...launch() }), now));
  const isSame = server.size === size && server.requestedMinutes === leaseMinutes;
  return isSame ? json(200, propertiesOf(server, now)) : error(409, 'Conflict', 'The id is taken.');
};

const extendAnswer = (
  books: Books,
  server: Server,
  { body = '' }: HttpRequest,
  { now, leftAt, refusesLease }: Conditions,
): HttpAnswer => {
  const { maxLeaseTimeMinutes: leaseMinutes }: { maxLeaseTimeMinutes: number } = JSON.parse(body);
  const isTaken = leaseMinutes > server.leaseMinutes && leaseMinutes <= MOST_EXTENDED_MINUTES;
  const isRefused = !isTaken || !isLiving(server) || server.stoppingSince !== null;
  const isRefusedAtWill = !isRefused && refusesLease();
  if (isRefusedAtWill) server.refusedAt = now;
  if (isRefused || isRefusedAtWill)
    return error(422, 'InvalidLease', 'The maxLeaseTimeMinutes value cannot be had.');
  books.extend(server, leaseMinutes, leftAt);
  return json(200, propertiesOf(server, now));
};

const listAnswer = (books: Books, from: number, { now, pageSize }: Conditions): HttpAnswer => {
  const size = Math.min(pageSize, LONGEST_PAGE);
  const living = books.living();
  const next =
    from + size < living.length
      ? {
          '@nextLink': `${UPSTREAM}/accounts/${UPSTREAM_ACCOUNT}/sessions?api-version=2021-01-01&from=${from + size}`,
        }
      : {};
  const sessions = living.slice(from, from + size).map((server) => propertiesOf(server, now));
  return json(200, { sessions, ...next });
};

const propertiesOf = (server: Server, now: Instant) => {
  const { id, size, status, leaseMinutes, readyAt, endedAt, createdAt } = server;
  const elapsed = readyAt === null ? 0 : Math.floor(((endedAt ?? now) - readyAt) / MINUTE_MS);
  const place = { hostname: `${id}.example`, handshakePort: 50_051, arrInspectorPort: 50_052, teraflops: 8 };
  return {
    ...{ id, size, status, maxLeaseTimeMinutes: leaseMinutes, elapsedTimeMinutes: elapsed },
    creationTime: new Date(createdAt).toISOString().replace('Z', '0000+00:00'),
    ...(status === 'Ready' ? place : {}),
    ...(server.error === null ? {} : { error: server.error }),
  };
};

const json = (status: number, body: object): HttpAnswer => ({
  status,
  headers: { 'content-type': 'application/json; charset=utf-8' },
  body: JSON.stringify(body),
});

export const error = (status: number, code: string, message: string): HttpAnswer =>
  json(status, { error: { code, message } });
