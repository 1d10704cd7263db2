import type { SessionState } from '../../shared/doctor/session-state.ts';
import type { Instant } from '../../shared/lease.ts';
import { shownLeaseEnd } from '../../shared/view.ts';
import { actText, differenceLines, row, when } from './words.ts';

/** One session, for people: the table beside the upstream, what differs, and what is done about it. */
export const sessionLines = (state: SessionState, now: Instant): string[] => {
  const { session, faults, differences } = state;
  const { sessionId, desired, observed, leases, policy, dueAt, pending, retry, missingSince, heldUntil } =
    session;
  const wanted =
    desired.state === 'running'
      ? `running${policy.keepAlive ? ', kept alive' : ''}`
      : `stopped (${desired.because}) since ${when(desired.at, now)}`;
  const end = shownLeaseEnd(session);
  const ends = end === null ? '' : `, until ${when(end, now)} at the earliest`;
  return [
    sessionId,
    row('table', `${observed.status}; wanted ${wanted}; ${leases.grantedMinutes} min granted${ends}`),
    row('upstream', upstreamText(state)),
    row('due', when(dueAt, now)),
    row('idle', idleText(state, now)),
    ...(pending === null ? [] : [row('pending', `${pending.op} until ${when(pending.until, now)}`)]),
    ...(retry === null
      ? []
      : [row('retry', `${retry.failures} without an answer, next ${when(retry.at, now)}`)]),
    ...(missingSince === null ? [] : [row('missing', `since ${when(missingSince, now)}`)]),
    ...(heldUntil === null ? [] : [row('held', `by the brake until ${when(heldUntil, now)}`)]),
    ...(faults === 0 ? [] : [row('faults', `${faults} times in a row when it was due`)]),
    ...differenceLines(differences),
    row('next', nextText(state, now)),
  ];
};

const idleText = ({ session, idleAt }: SessionState, now: Instant): string => {
  if (idleAt !== null) return when(idleAt, now);
  return session.observed.status === 'Ready' ? 'never, as it is' : 'not before it is Ready';
};

const upstreamText = ({ told }: SessionState): string => {
  switch (told?.type) {
    case 'found': {
      const { status, leaseMinutes, elapsedMinutes } = told.sighting;
      return `${status}; ${elapsedMinutes} of ${leaseMinutes} min`;
    }
    case 'missing':
      return 'no such session (404)';
    case 'inconclusive':
    case 'unsent':
      return `could not tell: ${told.because}`;
    default:
      return 'not asked';
  }
};

const nextText = ({ acts, left, next, session, differences }: SessionState, now: Instant): string => {
  if (acts.length > 0) return acts.map(actText).join(', then ');
  if (differences.some(({ kind }) => kind === 'no due row')) return 'nothing, until a client asks for it';
  if (left === null) return `${next.action} because ${next.because}, ${when(next.at, now)}`;
  const why = session.dueAt > now ? 'it is looked at when it is due' : 'the next sweep does not come to it';
  return `${left.action} because ${left.because}, but ${why}`;
};
