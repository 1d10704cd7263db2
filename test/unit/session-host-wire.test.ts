import { describe, expect, it } from 'vitest';
import { createCallGap } from '../../infra/local/session-host/call-gap.ts';
import { parsePath } from '../../infra/local/session-host/paths.ts';
import { choosePorts, FIRST_PORT, LAST_PORT } from '../../infra/local/session-host/ports.ts';
import { BadRequestError, TooManyRequestsError } from '../../shared/errors.ts';

const NOW = Date.UTC(2026, 0, 2);

describe('paths', () => {
  const of2021 = { api: '2021-01-01', accountId: 'ab' };
  const ofV1 = { api: 'v1', accountId: 'ab' };
  it.each([
    ['/health', { api: 'host', type: 'health' }],
    ['/Health/', { api: 'host', type: 'health' }],
    ['/Trouble/', { api: 'host', type: 'trouble' }],
    ['/Accounts/AB/Token', { api: 'tokens', accountId: 'ab' }],
    ['/accounts/ab/sessions/', { ...of2021, type: 'sessions' }],
    ['/accounts/ab/SESSIONS/Mine', { ...of2021, type: 'session', sessionId: 'Mine' }],
    ['/accounts/ab/sessions/create', { ...of2021, type: 'session', sessionId: 'create' }],
    ['/accounts/ab/sessions/Mine/:Stop/', { ...of2021, type: 'stop', sessionId: 'Mine' }],
    ['/accounts/ab/sessions/a%2Fb/%3Astop', { ...of2021, type: 'stop', sessionId: 'a/b' }],
    ['/v1/accounts/ab/sessions', { ...ofV1, type: 'sessions' }],
    ['/V1/Accounts/AB/Sessions/Create/', { ...ofV1, type: 'create', sessionId: 'Create' }],
    ['/v1/accounts/ab/sessions/Mine/', { ...ofV1, type: 'session', sessionId: 'Mine' }],
    ['/v1/accounts/ab/sessions/Mine/Properties', { ...ofV1, type: 'properties', sessionId: 'Mine' }],
    ['/v1/accounts/ab/sessions/create/properties', { ...ofV1, type: 'properties', sessionId: 'create' }],
  ])('%s is known', (path, resource) => {
    expect(parsePath(path)).toEqual(resource);
  });

  it.each([
    '/',
    '/accounts',
    '/accounts//sessions',
    '/accounts/ab',
    '/accounts/ab/tokens',
    '/accounts/ab/token/x',
    '/accounts/ab/sessions/x/stop',
    '/accounts/ab/sessions/x/:stop/y',
    '/health/x',
    '/trouble/x',
    '/v1',
    '/v1/health',
    '/v1/trouble',
    '/v1/accounts//sessions',
    '/v1/accounts/ab/token',
    '/v1/accounts/ab/sessions/x/:stop',
    '/v1/accounts/ab/sessions/x/properties/y',
    '/v1/v1/accounts/ab/sessions',
    '/v2/accounts/ab/sessions',
  ])('%s is unknown', (path) => {
    expect(parsePath(path)).toBeUndefined();
  });

  it('with broken percent encoding are refused', () => {
    expect(() => parsePath('/accounts/%zz/sessions')).toThrow(BadRequestError);
  });
});

describe('the call gap', () => {
  it('keeps calls of one account apart, and says for how long', () => {
    const gap = createCallGap(() => 5000);
    gap.pass('a', NOW);
    gap.pass('b', NOW);
    expect(() => gap.pass('a', NOW + 1500)).toThrow(expect.objectContaining({ retryAfterSeconds: 4 }));
    expect(() => gap.pass('a', NOW + 4999)).toThrow(expect.objectContaining({ retryAfterSeconds: 1 }));
    gap.pass('a', NOW + 5000);
    expect(() => gap.pass('a', NOW + 5001)).toThrow(TooManyRequestsError);
  });

  it('does not hold anybody up for a clock that was set back', () => {
    const gap = createCallGap(() => 5000);
    gap.pass('a', NOW);
    expect(() => gap.pass('a', NOW - 60_000)).not.toThrow();
  });

  it('of 0 lets everything pass', () => {
    const gap = createCallGap(() => 0);
    gap.pass('a', NOW);
    expect(() => gap.pass('a', NOW)).not.toThrow();
  });

  it('may change at any time', () => {
    let gapMs = 0;
    const gap = createCallGap(() => gapMs);
    gap.pass('a', NOW);
    gapMs = 60_000;
    expect(() => gap.pass('a', NOW + 1000)).toThrow(expect.objectContaining({ retryAfterSeconds: 59 }));
    gapMs = 1000;
    gap.pass('a', NOW + 1000);
  });
});

describe('ports', () => {
  const allFree = async (): Promise<boolean> => true;

  it('are taken from the range of the API, past its end from its start on', async () => {
    expect(await choosePorts(2, new Set(), () => 0, allFree)).toEqual([FIRST_PORT, FIRST_PORT + 1]);
    expect(await choosePorts(2, new Set(), () => 0.999_999_9, allFree)).toEqual([LAST_PORT, FIRST_PORT]);
  });

  it('skip those that are taken, by our sessions or by others', async () => {
    const used = new Set([FIRST_PORT, FIRST_PORT + 2]);
    const ports = await choosePorts(
      2,
      used,
      () => 0,
      async (port) => port !== FIRST_PORT + 1,
    );
    expect(ports).toEqual([FIRST_PORT + 3, FIRST_PORT + 4]);
  });

  it('are undefined where there are none', async () => {
    expect(
      await choosePorts(
        2,
        new Set(),
        () => 0.5,
        async (port) => port === FIRST_PORT,
      ),
    ).toBeUndefined();
  });
});
