import * as z from 'zod';
import type { Instant } from '../lease.ts';
import { type SessionView, shownLeaseEnd } from '../view.ts';
import { END_REASONS, explained, NEXT_ACTIONS, NEXT_REASONS } from './keeper-words.ts';

/** The `keeper` object of a session's properties, in both generations: its policy, and what comes next and why. */

const stamp = (at: Instant): string => new Date(at).toISOString();
const instant = z.iso.datetime();

export const keeperSchema = z
  .strictObject({
    keepAlive: z.boolean().meta({ description: 'Whether the keeper extends the lease before it ends.' }),
    idleTimeoutMinutes: z.number().nullable().meta({
      description: 'How long the session may go without use, in minutes; null: for ever.',
    }),
    maxLifetimeMinutes: z.number().nullable().meta({
      description: 'How long it may run since Ready, in minutes; null: as long as its lease.',
    }),
    lastActivityAt: instant.meta({
      description: 'The last sign of use; others that follow within a minute may not be written down.',
    }),
    leaseEnd: instant.nullable().meta({
      description: 'When the lease ends at the earliest; null before Ready and after the end.',
    }),
    ports: z
      .strictObject({
        handshake: z.int().nullable().meta({ description: 'Port that a client connects to.' }),
        inspector: z.int().nullable().meta({ description: 'Port of the inspector.' }),
      })
      .meta({ description: 'Ports of the server; null before Ready.' }),
    tags: z.record(z.string(), z.string()).meta({ description: 'The words that its client gave it.' }),
    next: z
      .strictObject({
        action: z.string().meta(explained('What will be done:', NEXT_ACTIONS)),
        at: instant.meta({ description: 'When it will be done, unless something changes before.' }),
        because: z.string().meta(explained('Why it will be done:', NEXT_REASONS)),
      })
      .meta({ description: 'What the keeper will do next about the session, when, and why.' }),
    ended: z
      .strictObject({
        at: instant.meta({ description: 'When the keeper knew of the end.' }),
        because: z.string().meta(explained('Why it ended:', END_REASONS)),
        message: z.string().nullable().meta({ description: 'More about it, for people.' }),
      })
      .optional()
      .meta({ description: 'How the session came to its end; absent before it did.' }),
  })
  .meta({ description: 'What the keeper knows of a session and wants of it, and what comes next.' });
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
