import { MINUTE_MS } from '../../shared/lease.ts';
import {
  BrokenExchangeError,
  type HttpAnswer,
  type HttpRequest,
  type Send,
  UnreachableError,
} from '../../shared/upstream/send.ts';
import type { CallCheck, Leaving } from './check-calls.ts';
import type { RateCheck } from './check-rate.ts';
import type { FaultName } from './fault-kinds.ts';
import type { Faults } from './faults.ts';
import { abortInstantOf, type Process } from './process.ts';
import type { Books, Server } from './upstream-books.ts';
import { answerOf, type Conditions, error, UPSTREAM } from './upstream-wire.ts';
import type { World } from './world.ts';

/** The service as a process meets it over HTTP: the way there and back, with everything that happens on it. */

/** A request that left, for whoever counts them (the rate limit of invariant R). */
export interface UpstreamCall {
  at: number;
  method: string;
  path: string;
}

export interface UpstreamService {
  connect(process: Process): Send;
  calls(): readonly UpstreamCall[];
}

const HUNG_STOP_MS = 10 * MINUTE_MS;
/** A server with this model takes minutes to start. */
export const LARGE_MODEL = 'https://models.example/large';

export const createUpstreamService = (
  world: World,
  faults: Faults,
  books: Books,
  check: CallCheck,
  rate: RateCheck,
  /** So many sessions are on a page of its list; undefined: now so many, now others. */
  pageSize?: number,
): UpstreamService => {
  const chance = world.chance('upstream');
  const calls: UpstreamCall[] = [];
  const latency = (): number => chance.integer(5, 80);
  /** A service that says 404 twice in a row, half a minute apart, is believed: it lies no more than once an hour. */
  const lies = new Map<string, number>();
  const mayLie = (path: string): boolean => (lies.get(path) ?? 0) < world.now() - 60 * MINUTE_MS;

  const conditionsAt = (request: HttpRequest, leftAt: number): Conditions => ({
    now: world.now(),
    leftAt,
    pageSize: pageSize ?? chance.integer(1, 30),
    launch() {
      if (faults.strikes('upstream-full')) return { startsInMs: 0, isFull: true };
      const isLarge = request.body?.includes(LARGE_MODEL) === true;
      if (isLarge) return { startsInMs: chance.integer(8, 14) * MINUTE_MS, isFull: false };
      const isSlow = faults.strikes('upstream-slow-start');
      const startsInMs = isSlow
        ? chance.integer(4 * MINUTE_MS, 40 * MINUTE_MS)
        : chance.integer(2_000, 150_000);
      return { startsInMs, isFull: false };
    },
    stopsInMs() {
      if (faults.strikes('upstream-stop-ignored')) return undefined;
      // It disturbs nobody by itself: what is accepted is done.
      if (faults.draws('upstream-hung-stop')) {
        faults.count('upstream-hung-stop');
        return HUNG_STOP_MS;
      }
      const isSlow = faults.strikes('upstream-slow-stop');
      return isSlow ? chance.integer(20_000, 100_000) : chance.integer(200, 8_000);
    },
    refusesLease: () => faults.strikes('upstream-refuses-lease'),
    token() {
      if (faults.draws('token-ends-early'))
        return { saysMs: TOKEN_MS, holdsMs: chance.integer(5_000, 8 * MINUTE_MS) };
      const isShort = faults.draws('token-short');
      if (isShort) faults.count('token-short');
      const lifetimeMs = isShort ? chance.integer(1, 20) * MINUTE_MS : TOKEN_MS;
      return { saysMs: lifetimeMs, holdsMs: lifetimeMs };
    },
    endedEarly: () => faults.hit('token-ends-early'),
  });

  const serve = (request: HttpRequest, leftAt: number): HttpAnswer =>
    answerOf(books, request, conditionsAt(request, leftAt));

  const send = (process: Process, request: HttpRequest): Promise<HttpAnswer> => {
    const { method, url, signal } = request;
    const path = url.slice(UPSTREAM.length);
    const isToken = path.endsWith('/token');
    const what = `${method} ${path.split('?')[0]?.replace(/^\/accounts\/[^/]*/, '')}`;
    return process.io(what, (answered, failed) => {
      const leftAt = world.now();
      const note = (text: string): void => world.trace.note(process.name, `${what}: ${text}`);
      // The aborting itself reaches a process only while it runs.
      if (signal.aborted) {
        note('aborted before it left');
        return failed(new BrokenExchangeError(new Error('aborted before it left')));
      }
      calls.push({ at: leftAt, method, path });
      const counted = isToken ? undefined : rate.leaves(what);
      const op = OPS[method];
      const [, , , , sessionId = ''] = path.split(/[/?]/);
      const isList = path.includes('/sessions?');
      const { body = '' } = request;
      const answeredOnce =
        op === undefined
          ? undefined
          : check.leaves({ sessionId, what, op, body, until: abortInstantOf(signal), by: process.name });
      let isOver = false;
      const settle = (act: () => void): void => {
        if (isOver) return;
        isOver = true;
        answeredOnce?.();
        act();
      };
      const breakOff = (why: string): void =>
        settle(() => {
          note(why);
          failed(new BrokenExchangeError(new Error(why)));
        });
      signal.addEventListener('abort', () => breakOff('aborted'), { once: true });

      const answer = (got: HttpAnswer, backMs = latency()): void =>
        world.after(backMs, () =>
          settle(() => {
            if (!isToken) note(`${got.status}${method === 'GET' ? ` ${briefly(got.body)}` : ''}`);
            if (got.status === 401) counted?.refused();
            if (got.status === 429) rate.told(process, waitMsOf(got));
            for (const server of namedIn(books, got)) server.seenAt ??= world.now();
            answered(got);
          }),
        );
      const unreachable = (): void =>
        world.after(latency(), () =>
          settle(() => {
            note('cannot be reached');
            failed(new UnreachableError(new Error('ECONNREFUSED')));
          }),
        );
      const deny = (): void => {
        const denial = { at: leftAt, isLook: method === 'GET' };
        if (denial.isLook || op === 'stop') books.find(sessionId)?.denials.push(denial);
      };
      /** The effect, and what becomes of the answer. */
      const arrive = (afterMs: number, then: (got: HttpAnswer) => void): void =>
        world.quietly(afterMs, () => then(serve(request, leftAt)));
      /** The effect, and another answer; a hit where it says something else. */
      const distort = (name: FaultName, change: (got: HttpAnswer) => HttpAnswer): void =>
        arrive(latency(), (got) => {
          const changed = change(got);
          if (changed.body !== got.body) faults.hit(name);
          answer(changed);
        });

      if (faults.strikes('upstream-unreachable') || faults.strikes('upstream-restart')) return unreachable();
      if (faults.strikes('upstream-outage')) return answer(error(503, 'Unavailable', 'down'), latency() * 2);
      if (isToken && faults.strikes('token-unavailable')) return answer(error(500, 'Internal', 'no'), 50);
      if (!isToken && faults.draws('upstream-429')) {
        const seconds = chance.pick([undefined, '1', '10', '60', '3600', 'soon']);
        const headers = seconds === undefined ? {} : { 'retry-after': seconds };
        const told = { status: 429, headers, body: '' };
        faults.hit('upstream-429', waitMsOf(told));
        return answer(told);
      }
      if (faults.strikes('upstream-5xx')) {
        const got = { ...error(chance.pick([500, 502, 503, 504]), 'Internal', 'fault'), headers: {} };
        return chance.hits(0.5) ? answer(got) : arrive(latency(), () => answer(got));
      }
      if (faults.strikes('upstream-broken')) {
        const broken = (): void => world.after(latency(), () => breakOff('broken off'));
        return chance.hits(0.5) ? broken() : arrive(latency(), broken);
      }
      if (faults.strikes('upstream-late')) {
        const lateMs = chance.integer(3_000, 60_000);
        note(`arrives after ${lateMs} ms`);
        return arrive(lateMs, answer);
      }
      if (faults.draws('upstream-malformed')) {
        const body = chance.pick([
          '',
          '<html>',
          '{',
          '{"sessions":3}',
          '[]',
          '{"id":"other","status":"Ready"}',
        ]);
        // An answer that has no body is none that could be malformed.
        return distort('upstream-malformed', (got) => (got.body === '' ? got : { ...got, body }));
      }
      if (!isToken && faults.draws('upstream-unknown-state')) {
        return distort('upstream-unknown-state', (got) => ({
          ...got,
          body: got.body.replace(/"status":"[A-Za-z]+"/g, '"status":"Hibernating"'),
        }));
      }
      // Its tokens end while no new ones are to be had.
      if (!isToken && faults.isOn('token-unavailable') && chance.hits(0.3)) {
        faults.hit('token-unavailable');
        return answer({ status: 401, headers: {}, body: '' });
      }
      if (!isToken && faults.strikes('token-refused')) return answer({ status: 401, headers: {}, body: '' });
      const isKnown = isList ? books.living().length > 0 : books.find(sessionId) !== undefined;
      if (method === 'GET' && !isList && isKnown && mayLie(path) && faults.strikes('upstream-404')) {
        lies.set(path, leftAt);
        deny();
        return answer(error(404, 'SessionNotFound', 'There is no such session.'));
      }
      if (isList && faults.draws('upstream-partial-list')) {
        return distort('upstream-partial-list', (got) => partly(got, chance.integer(0, 2)));
      }
      if (method !== 'PUT' && isKnown && faults.strikes('upstream-amnesia')) {
        const nothing = { status: 200, headers: {}, body: '{"sessions":[]}' };
        if (!isList) deny();
        return answer(isList ? nothing : error(404, 'SessionNotFound', 'No such session.'));
      }
      if (method === 'GET' && !isToken && faults.draws('upstream-stale')) {
        const minutes = chance.integer(1, 5);
        return distort('upstream-stale', (got) => {
          for (const server of namedIn(books, got)) server.staleAt = world.now();
          return { ...got, body: ofBefore(got.body, minutes, books) };
        });
      }
      const slowness = faults.strikes('upstream-slow') ? chance.integer(1_000, 15_000) : 0;
      arrive(latency() + (chance.hits(0.5) ? slowness : 0), (got) => answer(got, latency() + slowness));
    });
  };

  return { connect: (process) => (request) => send(process, request), calls: () => calls };
};

/** As a token mostly holds: renewed often enough that what befalls new ones is met. */
const TOKEN_MS = 45 * MINUTE_MS;

const OPS: Partial<Record<HttpRequest['method'], Leaving['op']>> = {
  PUT: 'create',
  PATCH: 'extend',
  POST: 'stop',
};

/** As the product reads it: a 429 without a number of seconds is worth ten, and more than two minutes are two. */
const waitMsOf = ({ headers }: HttpAnswer): number => {
  const seconds = Number(headers['retry-after']);
  const told = Number.isInteger(seconds) && seconds > 0 ? seconds : 10;
  return Math.min(told, 120) * 1000;
};

/** What it would have said some minutes ago, of those that were there already: no lease was ever shorter than at first. */
const ofBefore = (body: string, minutes: number, books: Books): string =>
  body
    .replace(
      /"elapsedTimeMinutes":(\d+)/g,
      (_, now) => `"elapsedTimeMinutes":${Math.max(0, Number(now) - minutes)}`,
    )
    .replace(
      /("id":"([^"]*)"[^}]*"maxLeaseTimeMinutes":)(\d+)/g,
      (_, before, id, now) =>
        `${before}${Math.max(books.find(id)?.requestedMinutes ?? 0, Number(now) - minutes)}`,
    );

/** The list as it is, but for some of it, and without a word that there is more. */
const partly = (got: HttpAnswer, count: number): HttpAnswer => {
  if (got.status !== 200) return got;
  const { sessions }: { sessions: unknown[] } = JSON.parse(got.body);
  return { ...got, body: JSON.stringify({ sessions: sessions.slice(0, count) }) };
};

/** The servers that an answer tells of. */
const namedIn = (books: Books, { status, body }: HttpAnswer): Server[] => {
  if (status !== 200 && status !== 201) return [];
  const ids = [...body.matchAll(/"id":"([^"]*)"/g)].map(([, id = '']) => id);
  return ids.map((id) => books.find(id)).filter((server) => server !== undefined);
};

const briefly = (body: string): string => {
  const status = /"status":"([A-Za-z]+)"/.exec(body)?.[1];
  return status ?? body.slice(0, 40);
};
