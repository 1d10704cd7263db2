import { describe, expect, it } from 'vitest';
import * as errors from '../../shared/errors.ts';
import { errorAnswer } from '../../shared/protocol/error-body.ts';

type Details = { target?: string; retryAfterSeconds?: number; faults?: errors.Fault[]; cause?: unknown };
type KeeperErrorClass = new (message: string, details?: Details) => errors.KeeperError;

const CLASSES: readonly (readonly [KeeperErrorClass, number, string])[] = [
  [errors.BadRequestError, 400, 'BadRequest'],
  [errors.UnsupportedApiVersionError, 400, 'UnsupportedApiVersion'],
  [errors.InvalidLeaseError, 422, 'InvalidLease'],
  [errors.SessionNotRunningError, 422, 'SessionNotRunning'],
  [errors.TooManyRequestsError, 429, 'TooManyRequests'],
  [errors.KeepAliveRefusedError, 429, 'TooManyKeptSessions'],
  [errors.ExtensionRefusedError, 400, 'ExtensionRefused'],
  [errors.PayloadTooLargeError, 413, 'PayloadTooLarge'],
  [errors.UnauthorizedError, 401, 'Unauthorized'],
  [errors.ForbiddenError, 403, 'Forbidden'],
  [errors.SessionNotFoundError, 404, 'SessionNotFound'],
  [errors.SessionOverError, 409, 'SessionOver'],
  [errors.SessionExistsError, 409, 'SessionExists'],
  [errors.StorageUnavailableError, 503, 'ServiceUnavailable'],
  [errors.UpstreamUnavailableError, 503, 'UpstreamUnavailable'],
  [errors.UnreadableRowError, 500, 'UnreadableRow'],
  [errors.TooManyConflictsError, 503, 'ServiceUnavailable'],
];

const CANARY = 'bG9jYWwtY2FuYXJ5LXNlY3JldA==';
const PLAIN_500 = {
  status: 500,
  headers: {},
  body: { error: { code: 'InternalServerError', message: 'Something went wrong here. It has been logged.' } },
};

describe.each(CLASSES)('%o', (Kind, status, code) => {
  it(`is ${status} ${code} with its message`, () => {
    const answer = errorAnswer(new Kind('What happened.'));
    expect(answer.status).toBe(status);
    expect(answer.body).toEqual({ error: { code, message: 'What happened.' } });
  });

  it('carries its class name, for the log', () => {
    expect(new Kind('What happened.').name).toBe(Kind.name);
  });

  it('names the field at fault', () => {
    const answer = errorAnswer(new Kind('What happened.', { target: 'maxLeaseTime' }));
    expect(answer.body).toEqual({ error: { code, message: 'What happened.', target: 'maxLeaseTime' } });
  });

  it.each([0, 1, 120])('says Retry-After: %d', (retryAfterSeconds) => {
    const { headers } = errorAnswer(new Kind('Later.', { retryAfterSeconds }));
    expect(headers['Retry-After']).toBe(String(retryAfterSeconds));
  });

  it('says when to come again, and how to prove who calls, only where that is known', () => {
    const { headers } = errorAnswer(new Kind('What happened.'));
    expect(headers).toEqual(status === 401 ? { 'WWW-Authenticate': 'Bearer' } : {});
  });

  it('lists its faults where there are several', () => {
    const faults = ['size', 'tags'].map((target) => ({ target, message: `${target}: is not valid` }));
    const details = faults.map((fault) => ({ code, ...fault }));
    expect(errorAnswer(new Kind('What happened.', { faults })).body.error.details).toEqual(details);
    const one = errorAnswer(new Kind('What happened.', { faults: faults.slice(1) }));
    expect(one.body.error).not.toHaveProperty('details');
  });

  it('keeps its cause and its stack to itself', () => {
    const error = new Kind('What happened.', { cause: new Error(CANARY) });
    const text = JSON.stringify(errorAnswer(error));
    expect(error.cause).toBeInstanceOf(Error);
    expect(text).not.toContain(CANARY);
    expect(text).not.toContain(import.meta.filename);
  });
});

describe('error answers', () => {
  it('are checked here for every class that there is', () => {
    const known = new Set<unknown>([
      ...CLASSES.map(([Kind]) => Kind),
      errors.LeaseNotLargerError,
      errors.LeaseTooLongError,
    ]);
    const missing = Object.values(errors).filter(
      (value) => value.prototype instanceof errors.KeeperError && !known.has(value),
    );
    expect(missing).toEqual([]);
  });

  it('tell the current lease where the wanted one is too long', () => {
    const { status, body } = errorAnswer(new errors.LeaseTooLongError(90, 1439));
    expect(status).toBe(400);
    expect(body.error.message).toMatch(/1439 minutes.*90 minutes/);
  });

  it('tell the current lease where a larger one was needed', () => {
    const { status, headers, body } = errorAnswer(new errors.LeaseNotLargerError(90));
    expect({ status, headers, code: body.error.code }).toEqual({
      status: 400,
      headers: {},
      code: 'BadRequest',
    });
    expect(body.error.message).toContain('90 minutes');
  });

  it.each([
    ['a foreign error', new Error(CANARY)],
    ['one with a cause', new Error(CANARY, { cause: new errors.BadRequestError(CANARY) })],
    ['a type error', new TypeError(CANARY)],
    ['a fault of the settings', new errors.ConfigError([CANARY])],
    ['several at once', new AggregateError([new errors.BadRequestError(CANARY)], CANARY)],
    ['an object with a status of its own', { status: 418, code: CANARY, message: CANARY }],
    [
      'an error with a status and headers',
      Object.assign(new Error(CANARY), { status: 401, retryAfterSeconds: 1 }),
    ],
    ['a string', CANARY],
    ['null', null],
    ['undefined', undefined],
  ])('are a bare 500 for %s', (_what, thrown) => {
    expect(errorAnswer(thrown)).toEqual(PLAIN_500);
  });
});
