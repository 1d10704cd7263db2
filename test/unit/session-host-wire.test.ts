import { describe, expect, it } from 'vitest';
import { createCallGap } from '../../infra/local/session-host/call-gap.ts';
import type { LivingEntry } from '../../infra/local/session-host/entry.ts';
import { TooManyCallsError } from '../../infra/local/session-host/errors.ts';
import { pageOf } from '../../infra/local/session-host/pages.ts';
import { parsePath } from '../../infra/local/session-host/paths.ts';
import { choosePorts, FIRST_PORT, LAST_PORT } from '../../infra/local/session-host/ports.ts';
import { startingEntry } from '../../infra/local/session-host/rules.ts';
import { BadRequestError } from '../../shared/errors.ts';

const NOW = Date.UTC(2026, 0, 2);
const ACCOUNT = '11111111-1111-1111-1111-111111111111';

describe('paths', () => {
  it.each([
    ['/health', { type: 'health' }],
    ['/Health/', { type: 'health' }],
    ['/Accounts/AB/Token', { type: 'token', accountId: 'ab' }],
    ['/accounts/ab/sessions/', { type: 'sessions', accountId: 'ab' }],
    ['/accounts/ab/SESSIONS/Mine', { type: 'session', accountId: 'ab', sessionId: 'Mine' }],
    ['/accounts/ab/sessions/Mine/:Stop/', { type: 'stop', accountId: 'ab', sessionId: 'Mine' }],
    ['/accounts/ab/sessions/a%2Fb/%3Astop', { type: 'stop', accountId: 'ab', sessionId: 'a/b' }],
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
    '/v1/accounts/ab/sessions',
  ])('%s is unknown', (path) => {
    expect(parsePath(path)).toBeUndefined();
  });

  it('with broken percent encoding are refused', () => {
    expect(() => parsePath('/accounts/%zz/sessions')).toThrow(BadRequestError);
  });
});

describe('pages', () => {
  const session = (id: string, at: number): LivingEntry =>
    startingEntry(
      { accountId: ACCOUNT, id, size: 'Standard', models: [], maxLeaseTimeMinutes: 4 },
      { handshake: 50_000, inspector: 50_001 },
      at,
    );

  it('show every session once, oldest first, though some end between two pages', () => {
    const all = Array.from({ length: 205 }, (_, index) => session(`s${index}`, NOW + Math.floor(index / 7)));
    const first = pageOf(all.toReversed(), undefined);
    const remaining = all.filter((entry) => entry.id !== 's3' && entry.id !== 's50');
    const second = pageOf(remaining, first.continuation);
    const third = pageOf(remaining, second.continuation);
    expect([first, second, third].map((page) => page.entries.length)).toEqual([100, 100, 5]);
    expect(third.continuation).toBeUndefined();
    const shown = [first, second, third].flatMap((page) => page.entries.map((entry) => entry.id));
    expect(new Set(shown)).toEqual(new Set(all.map((entry) => entry.id)));
  });

  it('that are exactly full have no next one', () => {
    const all = Array.from({ length: 100 }, (_, index) => session(`s${index}`, NOW));
    expect(pageOf(all, undefined).continuation).toBeUndefined();
  });

  it.each(['', 'x', '!!', Buffer.from('s1').toString('base64url')])('refuse the continuation %j', (text) => {
    expect(() => pageOf([], text)).toThrow(BadRequestError);
  });
});

describe('the call gap', () => {
  it('keeps calls of one account apart, and says for how long', () => {
    const gap = createCallGap(5000);
    gap.pass('a', NOW);
    gap.pass('b', NOW);
    expect(() => gap.pass('a', NOW + 1500)).toThrow(expect.objectContaining({ retryAfterSeconds: 4 }));
    expect(() => gap.pass('a', NOW + 4999)).toThrow(expect.objectContaining({ retryAfterSeconds: 1 }));
    gap.pass('a', NOW + 5000);
    expect(() => gap.pass('a', NOW + 5001)).toThrow(TooManyCallsError);
  });

  it('does not hold anybody up for a clock that was set back', () => {
    const gap = createCallGap(5000);
    gap.pass('a', NOW);
    expect(() => gap.pass('a', NOW - 60_000)).not.toThrow();
  });

  it('of 0 lets everything pass', () => {
    const gap = createCallGap(0);
    gap.pass('a', NOW);
    expect(() => gap.pass('a', NOW)).not.toThrow();
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
