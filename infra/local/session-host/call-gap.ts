import { TooManyRequestsError } from '../../../shared/errors.ts';

export interface CallGap {
  /**
   * Lets a call of the account pass. A call that is refused does not put the next allowed instant off.
   *
   * @throws TooManyRequestsError with the whole seconds to wait, where it comes too early
   */
  pass(accountId: string, now: number): void;
}

/** Keeps the calls of each account at least as far apart as `gapMs` says at the time; 0 lets everything pass. */
export const createCallGap = (gapMs: () => number): CallGap => {
  const lastByAccount = new Map<string, number>();
  return {
    pass(accountId, now) {
      const gap = gapMs();
      const waitMs = (lastByAccount.get(accountId) ?? Number.NEGATIVE_INFINITY) + gap - now;
      // More than a gap to wait means that the clock was set back.
      if (waitMs > 0 && waitMs <= gap) {
        throw new TooManyRequestsError(`Calls of one account must be ${gap / 1000} s apart.`, {
          retryAfterSeconds: Math.ceil(waitMs / 1000),
        });
      }
      lastByAccount.set(accountId, now);
    },
  };
};
