import type { Instant } from '../../shared/lease.ts';
import { IDLE_TIMEOUT_MS } from './terms.ts';

/**
 * What the client of one session knows: what it asked for, what it was answered, and when. It is all that the judge
 * holds the books against, so nothing is noted here that a client could not know.
 */
export interface Story {
  /** Unique for each create that was sent, and given to the server as its model: the books have it with the session. */
  readonly mark: string;
  /**
   * `kept`: to be kept alive. `plain`: never idle, so it runs until it is stopped. `idle`: to be stopped after its idle
   * timeout without use.
   */
  readonly kind: 'kept' | 'plain' | 'idle';
  /** Of the kind `idle`. */
  readonly idleTimeoutMs: number;
  /** Unknown where the service was to choose it, and the answer was cut off. */
  id: string | undefined;
  readonly askedAt: Instant;
  /** When the create was answered yes. */
  createdAt: Instant | null;
  /** The largest lease that was answered yes, and the largest that was asked for. */
  minutes: number;
  triedMinutes: number;
  /** When the latest use was sent that was answered yes, and when the latest may have been taken note of. */
  usedAt: Instant | null;
  mayBeUsedAt: Instant | null;
  stopAskedAt: Instant | null;
  /** When the stop was answered yes. */
  stoppedAt: Instant | null;
  /** Another call about it is under way: answers could not be told apart by their order. */
  isBusy: boolean;
}

export const newStory = (
  mark: string,
  kind: Story['kind'],
  minutes: number,
  idleTimeoutMs = IDLE_TIMEOUT_MS,
): Story => ({
  mark,
  kind,
  idleTimeoutMs,
  id: undefined,
  askedAt: Date.now(),
  createdAt: null,
  minutes,
  triedMinutes: minutes,
  usedAt: null,
  mayBeUsedAt: null,
  stopAskedAt: null,
  stoppedAt: null,
  isBusy: false,
});
