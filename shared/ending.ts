import { elapsedMinutesAtLeast, type Instant, leaseEnd, MINUTE_MS } from './lease.ts';
import type { Act, Evolved, HistoryEvent, Sighting } from './outcome.ts';
import {
  CREATE_SETTLED_MS,
  type EndedSession,
  type EndReason,
  type EndStatus,
  type Facts,
  isUnconfirmed,
  type LiveSession,
  MISSING_RECHECK_MS,
  RETENTION_MS,
  STARTING_TIMEOUT_MS,
} from './session.ts';

/** How a session comes to its end: the only place that makes an ended record. */

/** The upstream shows the session in a terminal state. */
export const sawEnd = (
  session: LiveSession,
  act: Act,
  { errorCode, errorMessage, elapsedMinutes }: Sighting,
  status: EndStatus,
  now: Instant,
): Evolved => {
  const { desired } = session;
  if (desired.state === 'stopped') {
    const message = status === 'Stopped' ? desired.message : (errorMessage ?? desired.message);
    // A launch that failed is an Error for its client, however its server was got rid of.
    const shown = desired.because === 'launch' ? 'Error' : status;
    const text = desired.because === 'launch' ? desired.message : message;
    return end(session, { status: shown, because: desired.because, message: text, elapsedMinutes }, now);
  }
  if (act.type === 'create' && status !== 'Error') {
    const message = 'The id was used before: the upstream has an ended session of this id.';
    return end(session, { status: 'Error', because: 'failed', message, elapsedMinutes }, now);
  }
  return end(
    session,
    { status, ...ENDED_BY_ITSELF[status], elapsedMinutes, errorCode, ...told(errorMessage) },
    now,
  );
};

const told = (errorMessage: string | null): { message?: string } =>
  errorMessage === null || errorMessage === '' ? {} : { message: errorMessage };

const ENDED_BY_ITSELF: Record<EndStatus, { because: EndReason; message: string }> = {
  Expired: { because: 'expired', message: 'The lease of the session has ended.' },
  Stopped: {
    because: 'stopped-elsewhere',
    message: 'The session was stopped at the upstream, not by the keeper.',
  },
  Error: { because: 'failed', message: 'The upstream reports an error without a message.' },
};

/** The upstream says 404: noted, or the end, by what else is known. */
export const missing = (session: LiveSession, sentAt: Instant, now: Instant): Evolved => {
  const { desired, observed, creation, missingSince } = session;
  const again = missingSince !== null;
  const noted = stillMissing(session, sentAt);
  if (desired.state === 'stopped') {
    const confirmed =
      observed.status !== 'Requested' ||
      creation.attempts === 0 ||
      (again && sentAt >= (creation.lastUntil ?? 0) + CREATE_SETTLED_MS);
    if (!confirmed) return { next: noted, events: [] };
    const status = desired.because === 'launch' ? 'Error' : 'Stopped';
    return end(noted, { status, because: desired.because, message: desired.message }, now);
  }
  if (!again || sentAt < missingSince + MISSING_RECHECK_MS) return { next: noted, events: [] };
  const message = 'The server has disappeared: the upstream no longer knows the session.';
  return end(noted, { status: 'Error', because: 'gone', message }, now);
};

/** The record with one more look that found nothing. */
export const stillMissing = (session: LiveSession, sentAt: Instant): LiveSession => ({
  ...session,
  missingSince: session.missingSince ?? sentAt,
  observedAt: sentAt,
  retry: null,
  unansweredSince: null,
});

/**
 * When the server of a session whose upstream cannot be asked any more has lost its lease for certain, as far as was
 * ever known: half an hour to start, and the longest lease that was asked for.
 */
export const displacedUntil = ({ observed, createdAt, leases, creation }: LiveSession): Instant => {
  const { grantedMinutes, floorMinutes, askedMinutes = 0 } = leases;
  const leaseMinutes = Math.max(grantedMinutes, creation.maxLeaseMinutes, floorMinutes, askedMinutes);
  return observed.status === 'Ready'
    ? leaseEnd(observed.readyAt, leaseMinutes).late
    : createdAt + STARTING_TIMEOUT_MS + leaseMinutes * MINUTE_MS;
};

/** The end of a session whose upstream cannot be asked any more. */
export const displaced = (session: LiveSession, now: Instant): Evolved => {
  const message = 'Its upstream is no longer configured, and its lease is over.';
  const { desired } = session;
  if (desired.state === 'running') return end(session, { status: 'Error', because: 'gone', message }, now);
  const { because } = desired;
  // Its client has been shown the Error of a launch that failed, with its message.
  return because === 'launch'
    ? end(session, { status: 'Error', because, message: desired.message ?? message }, now)
    : end(session, { status: 'Stopped', because, message }, now);
};

/** The server under this id is somebody else's: the record ends, and the server is left alone. */
export const foreign = (session: LiveSession, now: Instant): Evolved => {
  const message = 'The id belongs to another session at the upstream.';
  const { next, events } = end(session, { status: 'Error', because: 'foreign', message }, now);
  return { next: { ...next, owned: false }, events };
};

/** The ended record of a live one, with the event of its end. */
export const end = (
  session: LiveSession,
  {
    status,
    because,
    message,
    errorCode = null,
    elapsedMinutes,
  }: {
    status: EndStatus;
    because: EndReason;
    message: string | null;
    errorCode?: string | null;
    elapsedMinutes?: number;
  },
  now: Instant,
): { next: EndedSession; events: HistoryEvent[] } => {
  const ready = session.observed.status === 'Ready' ? session.observed : null;
  const next: EndedSession = {
    ...factsOf(session),
    life: 'ended',
    status,
    because,
    message,
    errorCode,
    endedAt: now,
    dueAt: now + RETENTION_MS,
    elapsedMinutes: elapsedAtEnd(
      ready === null ? 0 : elapsedMinutesAtLeast(ready.readyAt, now),
      elapsedMinutes,
    ),
    hostname: ready?.hostname ?? null,
    ports: ready?.ports ?? { handshake: null, inspector: null },
    owned: session.observed.status !== 'Requested' || session.creation.attempts > 0,
    unconfirmedMinutes: isUnconfirmed(session) ? session.creation.maxLeaseMinutes : null,
  };
  const detail = { status, message };
  return { next, events: [{ at: now, kind: 'ended', because, detail }] };
};

/** The upstream counts whole minutes and knows the end; our own reckoning is finer, and may have seen the end late. */
const elapsedAtEnd = (ownMinutes: number, toldMinutes: number | undefined): number =>
  toldMinutes === undefined ? ownMinutes : Math.min(Math.max(ownMinutes, toldMinutes), toldMinutes + 59 / 60);

const factsOf = ({
  accountId,
  sessionId,
  size,
  models,
  tags,
  createdAt,
  upstream,
  policy,
  leases,
  requestedWishes,
  seq,
  opId,
  dueAt,
}: LiveSession): Facts => ({
  accountId,
  sessionId,
  size,
  models,
  tags,
  createdAt,
  upstream,
  policy,
  leases,
  requestedWishes,
  seq,
  opId,
  dueAt,
});
