import { expect } from 'vitest';
import { z } from 'zod';
import { errorBodySchema } from '../../shared/protocol/error-body.ts';
import {
  heartbeatSchema,
  keptListSchema,
  keptListV1Schema,
  keptSessionSchema,
  keptSessionV1Schema,
} from '../../shared/protocol/kept.ts';
import { type Session2021, sessionSchema } from '../../shared/protocol/session-2021.ts';
import { createdV1Schema, type SessionV1, sessionV1Schema } from '../../shared/protocol/session-v1.ts';
import type { Expected, Generation, Request, SideName } from './exchange.ts';

/** Whether an answer has the headers and the body that the reference page gives it: nothing less, and nothing else. */

export interface Answer {
  status: number;
  headers: Headers;
  text: string;
}

export interface Checked {
  /** Put before whatever is wrong. */
  name: string;
  side: SideName;
  generation: Generation;
  request: Pick<Request, 'method'>;
  expected: Expected;
  /** Every correlation vector so far. */
  vectors: Set<string>;
}

const VECTOR = /^[A-Za-z0-9+/]{22}\.0$/;
/** What is at no path or with no method of the API is in none of its versions. */
const OUTSIDE = ['NotFound', 'MethodNotAllowed'];
const GUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

const tokenSchema = z.strictObject({ AccessToken: z.string().regex(/^[\w-]+\.[\w-]+\.[\w-]+$/) });

/** The keeper's own object is the one thing that its bodies have in addition. */
const SCHEMAS = {
  keeper: {
    v1: { session: keptSessionV1Schema, list: keptListV1Schema },
    '2021': { session: keptSessionSchema, list: keptListSchema },
  },
  'session host': {
    v1: { session: sessionV1Schema, list: z.strictObject({ sessions: z.array(sessionV1Schema) }) },
    '2021': {
      session: sessionSchema,
      list: z.strictObject({ sessions: z.array(sessionSchema), '@nextLink': z.url().optional() }),
    },
  },
} as const;

/** Gives the body of the answer, undefined where it has none. */
export const checkAnswer = (answer: Answer, checked: Checked): unknown => {
  const { name, expected } = checked;
  expect(answer.status, `${name}: status, with the body ${answer.text.slice(0, 300)}`).toBe(expected.status);
  checkHeaders(answer, checked);
  if (expected.body === undefined) {
    expect(answer.text, `${name}: body`).toBe('');
    return undefined;
  }
  const body: unknown = JSON.parse(answer.text);
  checkShape(body, checked);
  if (expected.has !== undefined) expect(body, `${name}: body`).toMatchObject(patterns(expected.has));
  if (expected.error !== undefined) checkError(body, checked, expected.error);
  if (expected.lists !== undefined) checkList(body, checked, expected.lists);
  return body;
};

const checkHeaders = (
  { status, headers, text }: Answer,
  { name, generation, request, expected, vectors }: Checked,
): void => {
  const header = (wanted: string) => expect(headers.get(wanted), `${name}: ${wanted}`);
  const vector = headers.get('MS-CV') ?? '';
  header('MS-CV').toMatch(VECTOR);
  expect(vectors, `${name}: the MS-CV of another call`).not.toContain(vector);
  vectors.add(vector);
  header('X-Content-Type-Options').toBe('nosniff');
  header('Content-Type').toBe(expected.body === undefined ? null : 'application/json; charset=utf-8');
  // A 204 has no body by definition, and says nothing of its length.
  header('Content-Length').toBe(status === 204 ? null : String(Buffer.byteLength(text)));
  if (generation === '2021' && !OUTSIDE.includes(expected.error?.code ?? '')) {
    const versions = (headers.get('api-supported-versions') ?? '').split(/, ?/).sort();
    expect(versions, `${name}: api-supported-versions`).toEqual(['2021-01-01', '2021-01-01-preview']);
  }
  if (request.method === 'GET') {
    header('Cache-Control').toBe('no-store, no-cache');
    header('Pragma').toBe('no-cache');
  }
  if (status === 401) header('WWW-Authenticate').toMatch(/^Bearer/);
  if (status === 429 || status === 503) header('Retry-After').toMatch(/^[1-9]\d*$/);
  for (const [wanted, pattern] of Object.entries(expected.headers ?? {})) header(wanted).toMatch(pattern);
};

const checkShape = (body: unknown, { name, side, generation, expected }: Checked): void => {
  const isV1 = generation === 'v1';
  const schemas = SCHEMAS[side][isV1 ? 'v1' : '2021'];
  const about = `${name}: body`;
  switch (expected.body) {
    case 'session':
      if (isV1) checkSessionV1(parsed(schemas.session, body, about) as SessionV1, about);
      else checkSession(parsed(schemas.session, body, about) as Session2021, about);
      return;
    case 'list': {
      const { sessions } = parsed(schemas.list, body, about);
      for (const session of sessions) {
        if ('id' in session) checkSession(session, about);
        else checkSessionV1(session, about);
      }
      return;
    }
    case 'created':
      expect(parsed(createdV1Schema, body, about).sessionId, about).toMatch(GUID);
      return;
    case 'token':
      checkToken(parsed(tokenSchema, body, about).AccessToken, about);
      return;
    case 'heartbeat':
      parsed(heartbeatSchema, body, about);
      return;
    case 'error':
      parsed(errorBodySchema, body, about);
      return;
    case undefined:
      return;
    default:
      expected.body satisfies never;
  }
};

const parsed = <Schema extends z.ZodType>(schema: Schema, body: unknown, about: string): z.output<Schema> => {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  return expect.unreachable(`${about}: ${z.prettifyError(result.error)} in ${JSON.stringify(body)}`);
};

/** A token lives for 24 hours. */
const checkToken = (token: string, about: string): void => {
  const payload = Buffer.from(token.split('.')[1] ?? '', 'base64url').toString();
  const { exp } = z.looseObject({ exp: z.number() }).parse(JSON.parse(payload));
  expect(Math.abs(exp - Date.now() / 1000 - 24 * 3600), `${about}: exp`).toBeLessThan(60);
};

const ALWAYS = ['creationTime', 'elapsedTimeMinutes', 'id', 'maxLeaseTimeMinutes', 'size', 'status'];
const SERVER = ['arrInspectorPort', 'handshakePort', 'hostname', 'teraflops'];

/** What is not known yet, or not any more, is absent. */
const checkSession = (session: Session2021, about: string): void => {
  const { status, error, creationTime } = session;
  const fields = Object.keys(session).filter((field) => field !== 'keeper' && field !== 'error');
  expect(fields.sort(), `${about} of a session that is ${status}`).toEqual(
    status === 'Ready' ? [...ALWAYS, ...SERVER].sort() : ALWAYS,
  );
  expect(Math.abs(Date.now() - Date.parse(creationTime)), `${about}: ${creationTime}`).toBeLessThan(600_000);
  if (status === 'Starting') expect(session.elapsedTimeMinutes, about).toBe(0);
  if (status === 'Ready') {
    expect(session.hostname, about).not.toBe('');
    expect(isPort(session.handshakePort), `${about}: handshakePort ${session.handshakePort}`).toBe(true);
    expect(isPort(session.arrInspectorPort), `${about}: arrInspectorPort`).toBe(true);
  }
  if (status === 'Error') {
    expect(error?.code, about).toMatch(/./);
    expect(error?.message, about).toMatch(/./);
  } else expect(error, about).toBeUndefined();
};

/** Where the service puts the ports of sessions. */
const isPort = (port: number | undefined): boolean => port !== undefined && port >= 49_152 && port <= 65_534;

const checkSessionV1 = (session: SessionV1, about: string): void => {
  const { sessionStatus: status, message } = session;
  if (status === 'Starting') expect(session.sessionElapsedTime, about).toBe('00:00:00');
  if (status === 'Starting' || status === 'Ready') expect(message, about).toBeNull();
  if (status === 'Ready') expect(session.sessionHostname, about).toMatch(/./);
  if (status === 'Expired' || status === 'Error') expect(message, about).toMatch(/./);
};

const checkError = (body: unknown, { name }: Checked, wanted: NonNullable<Expected['error']>): void => {
  const { error } = errorBodySchema.parse(body);
  const { code, target, message, details } = wanted;
  expect(error.code, `${name}: code of ${error.message}`).toBe(code);
  if (target !== undefined) expect(error.target, `${name}: target of ${error.message}`).toBe(target);
  if (typeof message === 'string') expect(error.message, `${name}: message`).toBe(message);
  else if (message !== undefined) expect(error.message, `${name}: message`).toMatch(message);
  const targets = error.details?.map((detail) => detail.target).sort();
  expect(targets, `${name}: details`).toEqual(details === undefined ? undefined : [...details].sort());
};

const checkList = (body: unknown, { name }: Checked, wanted: NonNullable<Expected['lists']>): void => {
  const list = z.looseObject({ sessions: z.array(z.record(z.string(), z.unknown())) }).parse(body);
  const ids = list.sessions.map(({ id, sessionId }) => id ?? sessionId);
  // So few sessions make one page: there is nothing more.
  expect(list, `${name}: list`).not.toHaveProperty('@nextLink');
  expect(new Set(ids).size, `${name}: no session twice`).toBe(ids.length);
  for (const { status } of list.sessions) {
    if (status !== undefined) expect(['Starting', 'Ready'], `${name}: list`).toContain(status);
  }
  for (const id of wanted.these ?? []) expect(ids, `${name}: list`).toContain(id);
  for (const id of wanted.notThese ?? []) expect(ids, `${name}: list`).not.toContain(id);
};

/** Patterns may stand for texts. */
const patterns = (has: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(has).map(([field, value]) => [
      field,
      value instanceof RegExp ? expect.stringMatching(value) : value,
    ]),
  );
