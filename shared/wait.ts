import type { Clock } from './clock.ts';
import type { Instant } from './lease.ts';

/** Waits for an instant of the clock; at once where that is over. */
export const waitUntil = (clock: Clock, at: Instant): Promise<void> =>
  new Promise((resolve) => {
    const signal = clock.abortAt(at);
    if (signal.aborted || at <= clock.now()) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
