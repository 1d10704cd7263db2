import { extensionCapMinutes, leaseEnd } from './lease.ts';
import type { EndedSession, LiveSession } from './session.ts';

/** What a session that is over has cost, what was saved by stopping it, and whether its end cut somebody off. Pure. */

/**
 * The minutes that its server was billed for: from Ready to the end, and never more than its lease, which ended it where
 * the keeper saw that late. 0 where no server of ours ever became Ready.
 */
export const billedMinutes = ({ owned, elapsedMinutes, leases }: EndedSession): number =>
  owned ? Math.min(elapsedMinutes, leases.grantedMinutes) : 0;

/**
 * The minutes of lease that were left when a server was stopped without anybody asking, idle or past its lifetime: it
 * would have run for as long at least. 0 for whatever ended otherwise: the keeper has no part in that.
 */
export const savedMinutes = (ended: EndedSession): number => {
  const isReaped = ended.because === 'idle' || ended.because === 'lifetime';
  return isReaped && ended.owned && ended.elapsedMinutes > 0
    ? Math.max(0, ended.leases.grantedMinutes - ended.elapsedMinutes)
    : 0;
};

/**
 * Whether a kept session has lost its lease, although nobody wanted it stopped and more could have been asked for. An idle
 * one would have been stopped before; where the keeper could not tell, it counts as used. One that has disappeared
 * lapsed where its lease was over by then.
 */
export const isLapse = ({ policy, desired, observed, leases }: LiveSession, ended: EndedSession): boolean => {
  if (!policy.keepAlive || desired.state === 'stopped') return false;
  if (leases.grantedMinutes >= extensionCapMinutes(policy.maxLifetimeMinutes)) return false;
  if (ended.because === 'expired') return true;
  if (ended.because !== 'gone' || observed.status !== 'Ready') return false;
  return leaseEnd(observed.readyAt, leases.grantedMinutes).late <= ended.endedAt;
};
