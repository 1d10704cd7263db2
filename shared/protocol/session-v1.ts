import { z } from 'zod';
import { elapsedMinutesAtLeast, type Instant } from '../lease.ts';
import type { Session } from '../session.ts';
import { type SessionView, shownLeaseEnd, shownStatus } from '../view.ts';
import { keeperFields, refuseBoth } from './keeper-fields.ts';
import { MAX_CREATE_LEASE_MINUTES, modelsSchema, sizeSchema } from './session-2021.ts';
import { formatTimeSpan } from './time-span.ts';
import { timeSpanSchema } from './time-span-schema.ts';

/** The first generation of the API, `v1`: lease times are time spans, and properties are named `session…`. */

/** The minutes of a `maxLeaseTime`; fractions stay, because they are the client's words. */
const leaseTime = (isAllowed: (minutes: number) => boolean, limit: string) =>
  timeSpanSchema((minutes) => minutes > 0 && isAllowed(minutes), {
    missing: 'is missing',
    notOne: 'must be a time span such as "04:00:00", written as a string, above zero',
    notAllowed: `must be above zero and ${limit}`,
  });

const createdLease = leaseTime((minutes) => minutes <= MAX_CREATE_LEASE_MINUTES, 'at most 24 hours');
/** How far an extension may reach is said together with the current value, which the keeper knows. */
const extendedLease = leaseTime(() => true, 'below 24 hours');

/** The body of `POST /v1/accounts/{accountId}/sessions/create`. */
export const createV1Schema = z
  .object({
    maxLeaseTime: createdLease,
    models: modelsSchema.nullish().transform((models) => models ?? []),
    size: sizeSchema.nullish().transform((size) => size ?? 'Standard'),
    ...keeperFields,
  })
  .superRefine(refuseBoth);

/** The body of `PATCH /v1/accounts/{accountId}/sessions/{sessionId}`; one of the fields must be there. */
export const updateV1Schema = z
  .object({ maxLeaseTime: extendedLease.optional(), ...keeperFields })
  .superRefine(refuseBoth)
  .refine((body) => Object.values(body).some((value) => value !== undefined), {
    path: ['maxLeaseTime'],
    error: 'is missing',
  });

/** The properties of a session, as `v1` sends them, with the keeper's own object. */
export const propertiesV1 = (view: SessionView, now: Instant): Record<string, unknown> => {
  const { session } = view;
  return {
    message: session.life === 'ended' ? session.message : stopMessageOf(session),
    sessionElapsedTime: formatTimeSpan(elapsedMinutes(session, now)),
    sessionHostname: hostnameOf(session),
    sessionId: session.sessionId,
    sessionMaxLeaseTime: formatTimeSpan(shownLeaseMinutes(session)),
    sessionSize: session.size,
    sessionStatus: shownStatus(session),
    keeper: keeperObject(view),
  };
};

const stopMessageOf = (session: Session & { life: 'live' }): string | null =>
  session.desired.state === 'stopped' ? session.desired.message : null;

const elapsedMinutes = (session: Session, now: Instant): number => {
  if (session.life === 'ended') return session.elapsedMinutes;
  return session.observed.status === 'Ready' ? elapsedMinutesAtLeast(session.observed.readyAt, now) : 0;
};

const hostnameOf = (session: Session): string | null => {
  if (session.life === 'ended') return session.hostname;
  return session.observed.status === 'Ready' ? session.observed.hostname : null;
};

/** What is granted; before the upstream has confirmed anything, what it is being asked for. */
const shownLeaseMinutes = ({ leases, ...session }: Session): number => {
  const isConfirmed = session.life === 'live' && session.observed.status !== 'Requested';
  if (isConfirmed || leases.grantedMinutes > 0) return leases.grantedMinutes;
  if (session.life === 'ended') return Math.ceil(leases.requestedMinutes);
  return Math.max(session.creation.maxLeaseMinutes, Math.ceil(leases.floorMinutes));
};

/** The `keeper` object of a session's properties: its policy, and what the keeper will do next and why. */
const keeperObject = ({ session, activity, next }: SessionView): Record<string, unknown> => {
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
    tags,
    next: { action: next.action, at: stamp(next.at), because: next.because },
    ...(session.life === 'ended' ? { ended: { at: stamp(session.endedAt), because: session.because } } : {}),
  };
};

const stamp = (at: Instant): string => new Date(at).toISOString();
