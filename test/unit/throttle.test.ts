import { describe, expect, it } from 'vitest';
import { TooManyRequestsError } from '../../shared/errors.ts';
import { BURST_SECONDS, type CallKind, createThrottle, type Throttle } from '../../shared/throttle.ts';
import { ACCOUNT_ID, minutes, seconds, T0 } from '../builders.ts';

const OTHER_ID = '22222222-2222-2222-2222-222222222222';
const KINDS: readonly CallKind[] = ['read', 'write', 'heartbeat'];

const refusalOf = (
  throttle: Throttle,
  now: number,
  kind: CallKind = 'read',
  accountId = ACCOUNT_ID,
): TooManyRequestsError | undefined => {
  try {
    throttle.take(accountId, kind, now);
    return undefined;
  } catch (error) {
    if (error instanceof TooManyRequestsError) return error;
    throw error;
  }
};

/** What comes of one call: 'passes', or the seconds after which it may be repeated. */
const outcome = (...call: Parameters<typeof refusalOf>): 'passes' | number | undefined => {
  const refusal = refusalOf(...call);
  return refusal === undefined ? 'passes' : refusal.retryAfterSeconds;
};

const evenly = (perSecond: number): Throttle =>
  createThrottle({ readsPerSecond: perSecond, writesPerSecond: perSecond, heartbeatsPerSecond: perSecond });

/** How many calls pass at one instant, until one is refused. */
const passing = (throttle: Throttle, now: number, kind?: CallKind, accountId?: string): number => {
  let count = 0;
  while (refusalOf(throttle, now, kind, accountId) === undefined) count += 1;
  return count;
};

describe('a bucket', () => {
  it.each([
    { perSecond: 0.01, burst: 1 },
    { perSecond: 0.1, burst: 1 },
    { perSecond: 0.15, burst: 1 },
    { perSecond: 0.3, burst: 3 },
    { perSecond: 0.7, burst: 7 },
    { perSecond: 1, burst: 10 },
    { perSecond: 1.1, burst: 11 },
    { perSecond: 1.19, burst: 11 },
    { perSecond: 3, burst: 30 },
    { perSecond: 200, burst: 2000 },
    { perSecond: 99_999.9, burst: 999_999 },
    { perSecond: 100_000, burst: 1_000_000 },
  ])('of $perSecond per second is full at first: $burst calls pass', ({ perSecond, burst }) => {
    expect(passing(evenly(perSecond), T0)).toBe(burst);
  });

  it('holds ten seconds’ worth', () => {
    expect(BURST_SECONDS).toBe(10);
  });

  it.each([
    { perSecond: 5, afterMs: 0, count: 0 },
    { perSecond: 5, afterMs: 199, count: 0 },
    { perSecond: 5, afterMs: 200, count: 1 },
    { perSecond: 5, afterMs: 399, count: 1 },
    { perSecond: 5, afterMs: 400, count: 2 },
    { perSecond: 5, afterMs: seconds(9.8), count: 49 },
    { perSecond: 5, afterMs: seconds(10), count: 50 },
    { perSecond: 5, afterMs: seconds(11), count: 50 },
    { perSecond: 5, afterMs: minutes(600_000), count: 50 },
    { perSecond: 0.1, afterMs: seconds(9.999), count: 0 },
    { perSecond: 0.1, afterMs: seconds(10), count: 1 },
    { perSecond: 0.1, afterMs: seconds(1000), count: 1 },
    { perSecond: 3, afterMs: 333, count: 0 },
    { perSecond: 3, afterMs: 334, count: 1 },
    { perSecond: 100_000, afterMs: 1, count: 100 },
  ])('of $perSecond per second has $count calls $afterMs ms after it was empty', (row) => {
    const throttle = evenly(row.perSecond);
    passing(throttle, T0);
    expect(passing(throttle, T0 + row.afterMs)).toBe(row.count);
  });

  it('gains as much in many short whiles as in a long one', () => {
    const throttle = evenly(0.7);
    passing(throttle, T0);
    const passedAt = Array.from({ length: 10_000 }, (_, index) => index + 1).filter(
      (ms) => refusalOf(throttle, T0 + ms) === undefined,
    );
    expect(passedAt).toEqual([1429, 2858, 4286, 5715, 7143, 8572]);
  });
});

describe('a refused call', () => {
  it.each([
    { perSecond: 200, afterMs: 0, retryAfterSeconds: 1 },
    { perSecond: 1, afterMs: 0, retryAfterSeconds: 1 },
    { perSecond: 1, afterMs: 1, retryAfterSeconds: 1 },
    { perSecond: 1, afterMs: 999, retryAfterSeconds: 1 },
    { perSecond: 0.5, afterMs: 0, retryAfterSeconds: 2 },
    { perSecond: 0.5, afterMs: 999, retryAfterSeconds: 2 },
    { perSecond: 0.5, afterMs: 1000, retryAfterSeconds: 1 },
    { perSecond: 0.3, afterMs: 0, retryAfterSeconds: 4 },
    { perSecond: 0.3, afterMs: 333, retryAfterSeconds: 4 },
    { perSecond: 0.3, afterMs: 334, retryAfterSeconds: 3 },
    { perSecond: 0.1, afterMs: 0, retryAfterSeconds: 10 },
    { perSecond: 0.1, afterMs: 7000, retryAfterSeconds: 3 },
    { perSecond: 0.1, afterMs: 9999, retryAfterSeconds: 1 },
  ])('is told to wait: $perSecond per second, $afterMs ms after the last token', (row) => {
    const throttle = evenly(row.perSecond);
    passing(throttle, T0);
    expect(outcome(throttle, T0 + row.afterMs)).toBe(row.retryAfterSeconds);
  });

  it('costs no token, however often it is repeated', () => {
    const throttle = evenly(0.5);
    passing(throttle, T0);
    for (let ms = 0; ms < 2000; ms += 1) expect(outcome(throttle, T0 + ms)).not.toBe('passes');
    expect([outcome(throttle, T0 + 2000), outcome(throttle, T0 + 2000)]).toEqual(['passes', 2]);
  });

  it.each(KINDS)('is a 429 that says what there was too much of: %s', (kind) => {
    const throttle = evenly(0.5);
    passing(throttle, T0, kind);
    expect(refusalOf(throttle, T0, kind)).toMatchObject({
      code: 'TooManyRequests',
      status: 429,
      retryAfterSeconds: 2,
      target: undefined,
      message: `Too many ${kind} calls of this account: call again in 2 s.`,
    });
  });
});

describe('each account and kind', () => {
  const rates = { readsPerSecond: 3, writesPerSecond: 0.5, heartbeatsPerSecond: 7 };
  const bursts: Record<CallKind, number> = { read: 30, write: 5, heartbeat: 70 };

  it.each(KINDS)('has a rate of its own: %s', (kind) => {
    expect(passing(createThrottle(rates), T0, kind)).toBe(bursts[kind]);
  });

  it.each(KINDS)('takes nothing from the others: %s', (kind) => {
    const throttle = createThrottle(rates);
    passing(throttle, T0, kind);
    for (const other of KINDS.filter((one) => one !== kind)) {
      expect(passing(throttle, T0, other)).toBe(bursts[other]);
    }
    for (const one of KINDS) expect(passing(throttle, T0, one, OTHER_ID)).toBe(bursts[one]);
  });

  it('begins with a full bucket, whenever its first call comes', () => {
    const throttle = createThrottle(rates);
    passing(throttle, T0);
    expect(passing(throttle, T0 + 1, 'read', OTHER_ID)).toBe(30);
    expect(passing(throttle, T0 + minutes(9), 'write')).toBe(5);
  });

  it('is of this throttle alone: another instance of the app has its own', () => {
    const throttle = createThrottle(rates);
    passing(throttle, T0);
    expect(passing(createThrottle(rates), T0)).toBe(30);
  });
});

describe('a clock that is set back', () => {
  const JUMPS = [1, seconds(1), seconds(10), minutes(60), minutes(600_000), T0];

  it.each(JUMPS)('by %d ms gives nothing', (backMs) => {
    const throttle = evenly(5);
    passing(throttle, T0);
    expect(passing(throttle, T0 - backMs)).toBe(0);
  });

  it.each(JUMPS)('by %d ms takes nothing', (backMs) => {
    const throttle = evenly(5);
    for (let call = 0; call < 20; call += 1) throttle.take(ACCOUNT_ID, 'read', T0);
    expect(passing(throttle, T0 - backMs)).toBe(30);
  });

  it('does not make anybody wait for the time to come again', () => {
    const throttle = evenly(0.5);
    passing(throttle, T0);
    const back = T0 - minutes(60);
    expect(outcome(throttle, T0 + 1000)).toBe(1);
    expect([0, 999, 1000].map((ms) => outcome(throttle, back + ms))).toEqual([1, 1, 'passes']);
  });

  it('and forward again gives no more than a full bucket', () => {
    const throttle = evenly(5);
    passing(throttle, T0);
    expect(outcome(throttle, T0 - minutes(60))).toBe(1);
    expect(passing(throttle, T0)).toBe(50);
  });
});
