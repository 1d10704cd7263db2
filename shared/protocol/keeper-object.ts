import { z } from 'zod';
import type { Instant } from '../lease.ts';
import { type SessionView, shownLeaseEnd } from '../view.ts';

/** The `keeper` object of a session's properties, in both generations: its policy, and what comes next and why. */

const stamp = (at: Instant): string => new Date(at).toISOString();
const instant = z.iso.datetime();

export const keeperSchema = z.strictObject({
  keepAlive: z.boolean(),
  idleTimeoutMinutes: z.number().nullable(),
  maxLifetimeMinutes: z.number().nullable(),
  lastActivityAt: instant,
  leaseEnd: instant.nullable(),
  ports: z.strictObject({ handshake: z.int().nullable(), inspector: z.int().nullable() }),
  tags: z.record(z.string(), z.string()),
  next: z.strictObject({ action: z.string(), at: instant, because: z.string() }),
  ended: z.strictObject({ at: instant, because: z.string(), message: z.string().nullable() }).optional(),
});
export type KeeperObject = z.output<typeof keeperSchema>;

export const keeperObject = ({ session, activity, next }: SessionView): KeeperObject => {
  const { policy, tags } = session;
  const leaseEnd = shownLeaseEnd(session);
  const ready = session.life === 'live' && session.observed.status === 'Ready' ? session.observed : null;
  return {
    keepAlive: policy.keepAlive,
    idleTimeoutMinutes: policy.idleTimeoutMinutes,
    maxLifetimeMinutes: policy.maxLifetimeMinutes,
    lastActivityAt: stamp(activity.lastActivityAt),
    leaseEnd: leaseEnd === null ? null : stamp(leaseEnd),
    ports: session.life === 'ended' ? session.ports : (ready?.ports ?? { handshake: null, inspector: null }),
    tags: { ...tags },
    next: { action: next.action, at: stamp(next.at), because: next.because },
    ...(session.life === 'ended'
      ? { ended: { at: stamp(session.endedAt), because: session.because, message: session.message } }
      : {}),
  };
};
