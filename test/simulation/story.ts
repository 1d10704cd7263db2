import type { Instant } from '../../shared/lease.ts';
import type { ShownStatus } from '../../shared/view.ts';
import type { NewSession, SessionChange } from '../../shared/wishes.ts';
import { RULES } from './bounds.ts';

/**
 * What one client knows of its session: what it asked for, what it was promised, and what it was shown. The checks
 * judge by this and by the upstream's books, never by the keeper's records.
 */
export interface Story {
  readonly id: string;
  readonly wanted: NewSession;
  readonly askedAt: Instant;
  /** When a create was first answered yes. */
  createdAt: Instant | null;
  /** The create was answered: not possible. */
  isRefused: boolean;
  stopAskedAt: Instant | null;
  stopPromisedAt: Instant | null;
  /** The longest lease that was ever asked for, to an end. */
  leaseMinutes: number;
  /** The same with what is being asked for. */
  mostAskedMinutes: number;
  /** The longest lease that a client was answered yes to, and when. */
  promised: { leaseMinutes: number; at: Instant } | null;
  /** When the latest use began that was answered as such. */
  usedAt: Instant;
  /** Until when use may have been noted, as far as anybody can know. */
  mayBeUsedUntil: Instant;
  /** When the signs of its use were lost, and that was found out: until then it counts as used. */
  foundUsedAt: Instant;
  /** Use was noted that was late enough to arm idleness. */
  isArmed: boolean;
  readyShownAt: Instant | null;
  terminal: { status: ShownStatus; at: Instant } | null;
  readonly keepAlive: Known<boolean>;
  readonly idleTimeout: Known<number | null>;
  readonly maxLifetime: Known<number | null>;
  readonly isIdleExplicit: Known<boolean>;
  /** Since when the policy is what it is. */
  policyAt: Instant;
}

/** What may hold: one value where it is certain. */
export interface Known<T> {
  readonly possible: Set<T>;
}

export const sureOf = <T>({ possible }: Known<T>): T | undefined =>
  possible.size === 1 ? possible.values().next().value : undefined;

const known = <T>(value: T): Known<T> => ({ possible: new Set([value]) });

export const DEFAULTS = {
  keepAlive: false,
  idleTimeoutMinutes: 30,
  idleTimeoutExplicit: false,
  maxLifetimeMinutes: null,
} as const;

export const storyOf = (wanted: NewSession, now: Instant): Story => ({
  id: wanted.sessionId,
  wanted,
  askedAt: now,
  createdAt: null,
  isRefused: false,
  leaseMinutes: wanted.leaseMinutes,
  mostAskedMinutes: Math.max(wanted.leaseMinutes, RULES.renewMarginMinutes),
  promised: null,
  stopAskedAt: null,
  stopPromisedAt: null,
  usedAt: now,
  mayBeUsedUntil: now,
  foundUsedAt: now,
  isArmed: false,
  readyShownAt: null,
  terminal: null,
  policyAt: now,
  keepAlive: known(wanted.keepAlive ?? DEFAULTS.keepAlive),
  idleTimeout: known(
    wanted.idleTimeoutMinutes === undefined ? DEFAULTS.idleTimeoutMinutes : wanted.idleTimeoutMinutes,
  ),
  maxLifetime: known(wanted.maxLifetimeMinutes ?? DEFAULTS.maxLifetimeMinutes),
  isIdleExplicit: known(wanted.idleTimeoutMinutes !== undefined),
});

/** A change that is on its way may hold from now on. */
export const mayChange = (story: Story, change: SessionChange): void => {
  story.mostAskedMinutes = Math.max(story.mostAskedMinutes, change.leaseMinutes ?? 0);
  if (change.keepAlive !== undefined) story.keepAlive.possible.add(change.keepAlive);
  if (change.maxLifetimeMinutes !== undefined) story.maxLifetime.possible.add(change.maxLifetimeMinutes);
  if (change.idleTimeoutMinutes === undefined) return;
  story.idleTimeout.possible.add(change.idleTimeoutMinutes);
  story.isIdleExplicit.possible.add(true);
};

/** A lease that was answered yes is had, or the next thing that is asked for. */
export const hasPromise = (story: Story, leaseMinutes: number, now: Instant): void => {
  if (leaseMinutes <= (story.promised?.leaseMinutes ?? -1)) return;
  story.promised = { leaseMinutes, at: now };
};

/** A change that was answered yes holds, and what was before it does not; a lost one may still come after it. */
export const hasChanged = (story: Story, change: SessionChange, now: Instant, isUnsure: boolean): void => {
  const settle = <T>({ possible }: Known<T>, value: T | undefined): void => {
    if (value === undefined) return;
    if (!isUnsure) possible.clear();
    possible.add(value);
  };
  settle(story.keepAlive, change.keepAlive);
  settle(story.maxLifetime, change.maxLifetimeMinutes);
  settle(story.idleTimeout, change.idleTimeoutMinutes);
  if (change.idleTimeoutMinutes !== undefined) settle(story.isIdleExplicit, true);
  story.policyAt = now;
};
