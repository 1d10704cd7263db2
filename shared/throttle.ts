import { TooManyRequestsError } from './errors.ts';
import type { Instant } from './lease.ts';

/** How fast each account may call. A call above its rate costs neither the table nor the upstream anything. */

export type CallKind = 'read' | 'write' | 'heartbeat';

/** Calls of each kind that one account may make per second, above zero; fractions are good. */
export interface CallRates {
  readsPerSecond: number;
  writesPerSecond: number;
  heartbeatsPerSecond: number;
}

export interface Throttle {
  /**
   * Lets a call of the account pass, or refuses it, which costs no token. `accountId` is a configured one, in lower
   * case. A caller that waits for `retryAfterSeconds` passes, unless another call of its account comes first.
   *
   * @throws TooManyRequestsError with the whole seconds until there is a token, at least 1
   */
  take(accountId: string, kind: CallKind, now: Instant): void;
}

/** A bucket holds what its rate gives in this time: how much of a burst passes at once. */
export const BURST_SECONDS = 10;

/**
 * One token bucket for each account and kind of call, full at first: in any t seconds, at most rate × (t + 10) calls
 * pass (one more than rate × t, where a burst is less than one call).
 *
 * The buckets are in memory, and each instance of the app has its own: with n instances an account may call up to n
 * times as fast. Only configured accounts get here, so there are never more buckets than three for each of them.
 *
 * A clock that is set back gives no token and takes none; counting goes on from the new time. One that is set forward
 * cannot be told from time that has passed, and gives a full bucket at most.
 */
export const createThrottle = ({
  readsPerSecond,
  writesPerSecond,
  heartbeatsPerSecond,
}: CallRates): Throttle => {
  const bucketsByAccount = new Map<string, Record<CallKind, Bucket>>();
  const bucketsOf = (accountId: string, now: Instant): Record<CallKind, Bucket> => {
    const known = bucketsByAccount.get(accountId);
    if (known !== undefined) return known;
    const buckets = {
      read: fullBucket(readsPerSecond, now),
      write: fullBucket(writesPerSecond, now),
      heartbeat: fullBucket(heartbeatsPerSecond, now),
    };
    bucketsByAccount.set(accountId, buckets);
    return buckets;
  };

  return {
    take(accountId, kind, now) {
      const bucket = bucketsOf(accountId, now)[kind];
      refill(bucket, now);
      const missingNs = bucket.tokenNs - bucket.contentNs;
      if (missingNs > 0) {
        const retryAfterSeconds = Math.ceil(missingNs / SECOND_NS);
        const message = `Too many ${kind} calls of this account: call again in ${retryAfterSeconds} s.`;
        throw new TooManyRequestsError(message, { retryAfterSeconds });
      }
      bucket.contentNs -= bucket.tokenNs;
    },
  };
};

const MS_NS = 1e6;
const SECOND_NS = 1e9;

/**
 * Counted in the time that the content takes to flow in. Whole nanoseconds: sums of them are exact, where those of
 * fractions of a token fall just short of one.
 */
interface Bucket {
  /** What one token takes, rounded up. */
  readonly tokenNs: number;
  readonly capacityNs: number;
  contentNs: number;
  filledAt: Instant;
}

const fullBucket = (perSecond: number, now: Instant): Bucket => {
  const tokenNs = Math.ceil(SECOND_NS / perSecond);
  const capacityNs = Math.round(tokenNs * Math.max(1, perSecond * BURST_SECONDS));
  return { tokenNs, capacityNs, contentNs: capacityNs, filledAt: now };
};

const refill = (bucket: Bucket, now: Instant): void => {
  const passedNs = Math.max(0, Math.round((now - bucket.filledAt) * MS_NS));
  bucket.contentNs = Math.min(bucket.capacityNs, bucket.contentNs + passedNs);
  bucket.filledAt = now;
};
