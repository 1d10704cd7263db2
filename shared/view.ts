import { elapsedMinutesAtLeast, type Instant, leaseEnd } from './lease.ts';
import type { ShownSession } from './protocol/shown-session.ts';
import type { Activity, EndedSession, EndReason, Foreseen, LiveSession, Session } from './session.ts';

/** A session with what it will come to: what clients are shown. */
export interface SessionView {
  session: Session;
  activity: Activity;
  next: Foreseen;
}

/** What clients are shown as the status of a session; `Stopping` exists in the first API generation only. */
export const SHOWN_STATUSES = ['Starting', 'Ready', 'Stopping', 'Stopped', 'Expired', 'Error'] as const;
export type ShownStatus = (typeof SHOWN_STATUSES)[number];

/**
 * The status of a session for its clients. One that did not start is an Error as soon as that is decided, although
 * the stop of what may have been made is still being confirmed: clients wait for Ready, Expired or Error.
 */
export const shownStatus = (session: Session): ShownStatus => {
  if (session.life === 'ended') return session.status;
  const { desired } = session;
  if (desired.state === 'stopped') return desired.because === 'launch' ? 'Error' : 'Stopping';
  return runningStatus(session);
};

const runningStatus = ({ observed }: LiveSession): 'Starting' | 'Ready' =>
  observed.status === 'Requested' ? 'Starting' : observed.status;

/** When the lease of a Ready session may end at the earliest; null before Ready and after the end. */
export const shownLeaseEnd = (session: Session): Instant | null =>
  session.life === 'live' && session.observed.status === 'Ready'
    ? leaseEnd(session.observed.readyAt, session.leases.grantedMinutes).early
    : null;

/** What both API generations show of a session at `now`. Until a stop is confirmed, its server is there, and billed. */
export const shownSession = (session: Session, now: Instant): ShownSession => {
  const { sessionId, size, createdAt } = session;
  const status = shownStatus(session);
  const facts = { sessionId, size, createdAt, leaseMinutes: shownLeaseMinutes(session) };
  return session.life === 'ended'
    ? { ...facts, ...shownEnd(session) }
    : {
        ...facts,
        ...shownServer(session, now),
        status: status === 'Stopping' ? runningStatus(session) : status,
        isStopping: status === 'Stopping',
        message: session.desired.state === 'stopped' ? session.desired.message : null,
        errorCode: status === 'Error' ? ERROR_CODES.launch : null,
      };
};

const shownEnd = (session: EndedSession) => ({
  status: session.status,
  isStopping: false,
  elapsedMinutes: session.elapsedMinutes,
  hostname: session.hostname,
  ports: session.ports,
  teraflops: null,
  message: session.message,
  errorCode: session.status === 'Error' ? (session.errorCode ?? ERROR_CODES[session.because]) : null,
});

const shownServer = ({ observed }: LiveSession, now: Instant) =>
  observed.status === 'Ready'
    ? {
        elapsedMinutes: elapsedMinutesAtLeast(observed.readyAt, now),
        hostname: observed.hostname === '' ? null : observed.hostname,
        ports: observed.ports,
        teraflops: observed.teraflops,
      }
    : {
        elapsedMinutes: 0,
        hostname: null,
        ports: { handshake: null, inspector: null },
        teraflops: null,
      };

/** What an Error is called where the upstream gave it no name of its own. */
const ERROR_CODES: Record<EndReason, string> = {
  asked: 'SessionFailed',
  idle: 'SessionFailed',
  lifetime: 'SessionFailed',
  launch: 'LaunchFailed',
  expired: 'SessionFailed',
  failed: 'SessionFailed',
  'stopped-elsewhere': 'SessionFailed',
  gone: 'ServerDisappeared',
  refused: 'CreateRefused',
  foreign: 'SessionExists',
};

/** What is granted; before the upstream has confirmed anything, what it is being asked for. */
const shownLeaseMinutes = (session: Session): number => {
  const { leases } = session;
  const isConfirmed = session.life === 'live' && session.observed.status !== 'Requested';
  if (isConfirmed || leases.grantedMinutes > 0) return leases.grantedMinutes;
  if (session.life === 'ended') return Math.ceil(leases.requestedMinutes);
  return Math.max(session.creation.maxLeaseMinutes, Math.ceil(leases.floorMinutes));
};
