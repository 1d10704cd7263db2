import { end, foreign, missing, sawEnd } from './ending.ts';
import { believedMs } from './gate.ts';
import { clientLeaseMinutes, type Instant, narrow, type ReadyAt, readyAtFrom } from './lease.ts';
import type { Act, Evolved, HistoryEvent, Outcome, Sighting } from './outcome.ts';
import { isUnconfirmed, type LiveSession } from './session.ts';

/** The first repetition comes at once (an HTTP call's short attempt is taken up by the sweep's longer one), then waits double. */
const RETRY_STEP_MS = 2_000;
const RETRY_LONGEST_MS = 30_000;

/**
 * What the outcome of an upstream call makes of the session. Pure; `session` is the record as it is now, which may
 * have changed since the call was decided. The granted lease only grows, and an ended session comes from here only.
 */
export const evolve = (session: LiveSession, act: Act, outcome: Outcome, now: Instant): Evolved => {
  const settled: LiveSession = act.type === 'observe' ? session : { ...session, pending: null };
  switch (outcome.type) {
    case 'found':
      return found(settled, act, outcome, now);
    case 'missing':
      // It was looked for because of a 409, and is not there: the create is repeated until it did not start in time.
      if (
        act.type === 'observe' &&
        settled.observed.status === 'Requested' &&
        settled.desired.state === 'running'
      )
        return same(unanswered(settled, act, null, now));
      // Only looks count: a 404 to an extension is a reason for one.
      return act.type === 'extend'
        ? same(unanswered(settled, act, null, now))
        : missing(settled, outcome.sentAt, now);
    case 'accepted':
      return accepted(settled, now);
    case 'exists':
      // An attempt before this one may have made it, and its answer was lost: a look tells whose it is.
      if (settled.creation.attempts > 1) return same({ ...settled, unansweredSince: now });
      return foreign(settled, now);
    case 'refused':
      return refused(settled, act, outcome, now);
    case 'unsent': {
      const kept = act.type === 'create' ? withoutAttempt(settled) : settled;
      return same(unanswered(kept, act, null, now));
    }
    case 'inconclusive':
      return same(unanswered(settled, act, outcome.retryAfterMs, now));
    default:
      return outcome satisfies never;
  }
};

const same = (next: LiveSession): Evolved => ({ next, events: [] });

/**
 * Nothing was learnt. An extension or a stop that gets no answer may be a call that the upstream cannot answer at all,
 * while it would say that the session has ended: looks and repetitions take turns.
 */
const unanswered = (
  session: LiveSession,
  act: Act,
  retryAfterMs: number | null,
  now: Instant,
): LiveSession => ({
  ...session,
  retry: backOff(session, retryAfterMs, now),
  unansweredSince: act.type === 'extend' || act.type === 'stop' ? now : null,
});

const backOff = (
  { retry }: LiveSession,
  retryAfterMs: number | null,
  now: Instant,
): NonNullable<LiveSession['retry']> => {
  const failures = retry?.failures ?? 0;
  const own = Math.min(RETRY_STEP_MS * (2 ** Math.min(failures, 10) - 1), RETRY_LONGEST_MS);
  const told = retryAfterMs === null ? 0 : believedMs(retryAfterMs);
  return { failures: failures + 1, at: now + Math.max(own, told) };
};

const withoutAttempt = (session: LiveSession): LiveSession => {
  const attempts = Math.max(0, session.creation.attempts - 1);
  const creation = attempts === 0 ? { attempts, firstAttemptAt: null, lastUntil: null } : { attempts };
  return { ...session, creation: { ...session.creation, ...creation } };
};

const found = (
  session: LiveSession,
  act: Act,
  { sighting, created }: Outcome & { type: 'found' },
  now: Instant,
): Evolved => {
  // The id existed before our very first attempt: this server is not ours, whatever it looks like.
  if (act.type === 'create' && !created && session.creation.attempts === 1) return foreign(session, now);
  if (act.type !== 'create' && isUnconfirmed(session) && !isAsWanted(session, sighting))
    return foreign(session, now);
  const looked: LiveSession = {
    ...session,
    observedAt: sighting.sentAt,
    missingSince: null,
    // A look does not shorten the wait of the change that it was made for.
    retry: act.type === 'observe' && session.unansweredSince !== null ? session.retry : null,
    unansweredSince: null,
    leases: {
      ...session.leases,
      grantedMinutes: Math.max(session.leases.grantedMinutes, sighting.leaseMinutes),
    },
  };
  const seen = settleRefusal(looked, sighting.sentAt);
  const evolved = seenAs(session, seen, act, sighting, now);
  const isLowered = seen.leases.floorMinutes < looked.leases.floorMinutes;
  return isLowered ? { ...evolved, events: [floorLowered(seen, now), ...evolved.events] } : evolved;
};

/**
 * A server that no answer to a create told of is ours where it has what every attempt asked for: nobody has extended it
 * yet, and the ids of others are their own.
 */
const isAsWanted = ({ creation, size }: LiveSession, sighting: Sighting): boolean =>
  sighting.leaseMinutes === creation.maxLeaseMinutes && (sighting.size === null || sighting.size === size);

const floorLowered = ({ leases }: LiveSession, now: Instant): HistoryEvent => ({
  at: now,
  kind: 'changed',
  because: 'refused',
  detail: { floorMinutes: leases.floorMinutes },
});

const seenAs = (
  before: LiveSession,
  seen: LiveSession,
  act: Act,
  sighting: Sighting,
  now: Instant,
): Evolved => {
  switch (sighting.status) {
    case 'Starting':
      return extended(before, act, sawStarting(seen, sighting), now);
    case 'Ready':
      return extended(before, act, sawReady(seen, sighting), now);
    case 'Stopped':
    case 'Expired':
    case 'Error':
      return sawEnd(seen, act, sighting, sighting.status, now);
    default:
      return sighting.status satisfies never;
  }
};

const sawStarting = (session: LiveSession, { sentAt }: Sighting): LiveSession => {
  const { observed } = session;
  // A server that was Ready and says Starting contradicts itself: the lease is counted from the first Ready.
  if (observed.status === 'Ready') return session;
  const since = observed.status === 'Starting' ? observed.since : sentAt;
  const kept = observed.status === 'Starting' ? observed : {};
  return { ...session, observed: { ...kept, status: 'Starting', since, lastSeenAt: sentAt } };
};

const sawReady = (session: LiveSession, sighting: Sighting): LiveSession => {
  const { observed } = session;
  const seen = readyAtFrom(sighting);
  const { hostname, ports, teraflops } = sighting;
  const readyAt = narrow(knownReadyAt(session, seen), seen);
  const seenAt = observed.status === 'Ready' ? observed.seenAt : sighting.receivedAt;
  return {
    ...session,
    observed: {
      ...(observed.status === 'Ready' ? observed : {}),
      ...{ status: 'Ready', seenAt, readyAt, hostname: hostname ?? '', ports, teraflops },
    },
  };
};

/** What is known of the instant of Ready before this sighting: it came after the last look that saw Starting. */
const knownReadyAt = ({ observed }: LiveSession, seen: ReadyAt): ReadyAt => {
  switch (observed.status) {
    case 'Requested':
      return seen;
    case 'Starting':
      return { early: observed.lastSeenAt, late: seen.late };
    case 'Ready':
      return observed.readyAt;
    default:
      return observed satisfies never;
  }
};

/** Notes what changed, and an extension that was granted in part only, which is as good as refused. */
const extended = (before: LiveSession, act: Act, after: LiveSession, now: Instant): Evolved => {
  const events: HistoryEvent[] = [];
  if (after.observed.status !== before.observed.status) {
    events.push({ at: now, kind: 'status', because: act.because, detail: { status: after.observed.status } });
  }
  const { grantedMinutes } = after.leases;
  if (grantedMinutes > before.leases.grantedMinutes) {
    events.push({ at: now, kind: 'extended', because: act.because, detail: { grantedMinutes } });
  }
  if (act.type === 'extend' && grantedMinutes < act.maxLeaseMinutes) {
    const refusal = refused(after, act, { status: 200, message: `granted ${grantedMinutes} min only` }, now);
    return { next: refusal.next, events: [...events, ...refusal.events] };
  }
  return { next: after, events };
};

/** The look after a refusal settles it: the total holds after all, or the client's own lease is what it really has. */
const settleRefusal = (session: LiveSession, sentAt: Instant): LiveSession => {
  const { refused: refusal, leases } = session;
  const { floorMinutes, grantedMinutes } = leases;
  if (refusal === null) return session;
  if (grantedMinutes >= refusal.maxLeaseMinutes) return { ...session, refused: null };
  // Words that the client has said since are another question.
  const isAbout = clientLeaseMinutes(floorMinutes) === refusal.maxLeaseMinutes;
  if (sentAt < refusal.at || !isAbout) return session;
  return { ...session, leases: { ...leases, floorMinutes: Math.min(floorMinutes, grantedMinutes) } };
};

const accepted = (session: LiveSession, now: Instant): Evolved => {
  const { desired } = session;
  if (desired.state !== 'stopped') return same(session);
  const { acceptedAt } = desired;
  const told = acceptedAt === null ? { acceptedAt: now } : { repeatedAt: now };
  return same({ ...session, retry: null, unansweredSince: null, desired: { ...desired, ...told } });
};

const refused = (
  session: LiveSession,
  act: Act,
  { status, message }: { status: number; message: string },
  now: Instant,
): Evolved => {
  switch (act.type) {
    case 'create':
      return createRefused(session, message, now);
    case 'extend': {
      const detail = { maxLeaseMinutes: act.maxLeaseMinutes, status, message };
      return {
        // A look comes next: the total may hold after all, where only the answer to an earlier try was lost.
        next: { ...session, refused: { maxLeaseMinutes: act.maxLeaseMinutes, at: now } },
        events: [{ at: now, kind: 'refused', because: act.because, detail }],
      };
    }
    case 'observe':
    case 'stop':
      // No answer to the question: a look tells why the stop is refused, if it is that.
      return same(unanswered(session, act, null, now));
    default:
      return act satisfies never;
  }
};

const createRefused = (session: LiveSession, message: string, now: Instant): Evolved => {
  const text = `The upstream refused to create the session: ${message}`;
  if (session.creation.attempts <= 1) {
    const { next, events } = end(session, { status: 'Error', because: 'refused', message: text }, now);
    // No server was made: one that is there under this id some day is somebody else's.
    return { next: { ...next, owned: false }, events };
  }
  if (session.desired.state === 'stopped') return same({ ...session, retry: backOff(session, null, now) });
  // An earlier attempt may have made a server after all: it is stopped, and the Error stands once that is confirmed.
  return {
    next: {
      ...session,
      desired: {
        ...{ state: 'stopped', because: 'launch', at: now, acceptedAt: null, repeatedAt: null },
        message: text,
      },
    },
    events: [{ at: now, kind: 'stop', because: 'launch', detail: { message: text } }],
  };
};
