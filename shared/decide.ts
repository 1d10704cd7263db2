import { countsFrom } from './absence.ts';
import {
  clientLeaseMinutes,
  elapsedMinutesAtMost,
  extensionCapMinutes,
  extensionTarget,
  type Instant,
  leaseEnd,
  MINUTE_MS,
} from './lease.ts';
import {
  type Activity,
  type Because,
  CREATE_SETTLED_MS,
  type Decision,
  type Desired,
  type Foreseen,
  HELD_OBSERVE_MS,
  idleAt,
  idleFactsOf,
  isUnconfirmed,
  isUnsent,
  LEASE_END_OBSERVE_MS,
  type LiveSession,
  MISSING_RECHECK_MS,
  nextLookAt,
  type Observed,
  type Rules,
  type Session,
  STARTING_OBSERVE_MS,
  STARTING_TIMEOUT_MS,
  STOP_FIRST_OBSERVE_MS,
  STOP_OBSERVES_MS,
  STOP_REPEATS_MS,
  type Step,
  UNSENT_LAUNCH_TIMEOUTS,
  type Waits,
} from './session.ts';

/**
 * What to do about a session at `now`: total and pure. Every step that the record gives rise to has an instant; the
 * first one that has come is the decision, and otherwise the soonest one is what comes next.
 */
export const decide = (session: Session, activity: Activity, now: Instant, rules: Rules): Decision => {
  if (session.life === 'ended') {
    const next = { action: 'forget', at: session.dueAt, because: 'retention' } as const;
    return next.at <= now
      ? { type: 'forget', because: next.because }
      : { type: 'none', because: next.because, next };
  }
  const steps = plan(session, activity, rules);
  for (const step of steps) {
    const decision = step.at <= now ? decisionOf(session, step, now, rules) : undefined;
    if (decision !== undefined) return decision;
  }
  // Every plan has a look at the upstream in it, which is a decision once its instant has come: one is ahead here.
  const next = soonest(steps.filter((step) => step.at > now));
  return { type: 'none', because: isCapped(session) ? 'cap' : next.because, next };
};

/**
 * What will be done about the session next, leaving out looks that change nothing by themselves. Where only looks are
 * ahead, it is the next of them.
 */
export const foresee = (session: Session, activity: Activity, now: Instant, rules: Rules): Foreseen => {
  const decision = decide(session, activity, now, rules);
  if (decision.type !== 'none') return { action: decision.type, at: now, because: decision.because };
  if (session.life === 'ended') return decision.next;
  // That a launch may time out is no plan: what is ahead of a starting session is being seen Ready.
  const changes = plan(session, activity, rules).filter(
    (step) => step.action !== 'observe' && step.because !== 'launch' && step.at > now,
  );
  if (changes.length > 0) return soonest(changes);
  return decision.because === 'cap'
    ? { action: 'none', at: decision.next.at, because: 'cap' }
    : decision.next;
};

/** When the decision wants the session looked at: now, or when its next step comes. */
export const dueAtOf = (decision: Decision, now: Instant): Instant =>
  decision.type === 'none' ? decision.next.at : now;

/** Whether the decision stops a session that nobody asked to stop. */
export const isVerdict = (session: LiveSession, decision: Decision): boolean =>
  decision.type === 'stop' && session.desired.state === 'running';

/** Whether it can be done without the upstream: no create ever left, so that there is nothing to stop. */
export const asksNobody = (session: LiveSession, decision: Decision): boolean =>
  decision.type === 'stop' && isUnsent(session);

/**
 * Everything that the record gives rise to, the most urgent first. It depends on what is known and not on the time,
 * so that deciding twice without news decides the same. Nothing is planned before another's call or a back-off ends;
 * only the verdict that a running session is to be stopped does not wait for a back-off, and has a call of its own. It
 * waits where the brake holds the session.
 */
const plan = (session: LiveSession, activity: Activity, rules: Rules): Step[] => {
  const free = session.pending?.until ?? 0;
  const willing = Math.max(free, session.retry?.at ?? 0);
  const isCondemning = (step: Step): boolean => step.action === 'stop' && session.desired.state === 'running';
  const steps = liveSteps(session, activity, rules);
  const sentence = Math.max(free, session.heldUntil ?? 0);
  const verdicts = steps.filter(isCondemning).map((step) => ({ ...step, at: Math.max(step.at, sentence) }));
  const others = [...lookFirst(session), ...steps.filter((step) => !isCondemning(step))];
  return [...verdicts, ...others.map((step) => ({ ...step, at: Math.max(step.at, willing) }))];
};

/** A change that got no answer is not simply repeated: the session may have ended meanwhile. */
const lookFirst = ({ unansweredSince }: LiveSession): Step[] =>
  unansweredSince === null ? [] : [{ action: 'observe', at: unansweredSince, because: 'unanswered' }];

const liveSteps = (session: LiveSession, activity: Activity, rules: Rules): Step[] => {
  const { desired } = session;
  switch (desired.state) {
    case 'stopped':
      return stoppingSteps(session, desired);
    case 'running':
      return runningSteps(session, activity, rules);
    default:
      return desired satisfies never;
  }
};

const runningSteps = (session: LiveSession, activity: Activity, rules: Rules): Step[] => {
  const { observed } = session;
  switch (observed.status) {
    case 'Requested':
      return requestedSteps(session, rules);
    case 'Starting':
      return startingSteps(session, observed);
    case 'Ready':
      return readySteps(session, observed, activity, rules);
    default:
      return observed satisfies never;
  }
};

const startingSteps = (session: LiveSession, observed: Observed & { status: 'Starting' }): Step[] => {
  const { since, lastSeenAt } = observed;
  const giveUpAt = since + STARTING_TIMEOUT_MS;
  // Only a look that still saw it Starting condemns it: nobody may have looked for half an hour.
  const verdict: Step[] = lastSeenAt < giveUpAt ? [] : [{ action: 'stop', at: giveUpAt, because: 'launch' }];
  if (session.missingSince !== null) return [...verdict, secondLook(session, session.missingSince)];
  return [
    ...verdict,
    ...clientExtension(session),
    { action: 'observe', at: lastSeenAt + STARTING_OBSERVE_MS, because: 'starting' },
  ];
};

/** A server that may be gone is asked for nothing until a second look has told; where the brake is on, that waits. */
const secondLook = ({ heldUntil, observedAt }: LiveSession, missingSince: Instant): Step => ({
  action: 'observe',
  at: Math.max(
    missingSince + MISSING_RECHECK_MS,
    Math.min(heldUntil ?? 0, (observedAt ?? 0) + HELD_OBSERVE_MS),
  ),
  because: 'missing',
});

const requestedSteps = ({ creation, createdAt }: LiveSession, rules: Rules): Step[] => [
  { action: 'stop', at: launchEnd(creation, createdAt, rules), because: 'launch' },
  // PUT with the same id and words: a repeated create makes no second server.
  { action: 'create', at: 0, because: creation.attempts === 0 ? 'requested' : 'unconfirmed' },
];

/** A launch takes its time from the first attempt that was sent: until then it only waits for its turn. */
const launchEnd = (
  { firstAttemptAt }: LiveSession['creation'],
  createdAt: Instant,
  { launchTimeoutMs }: Rules,
): Instant =>
  firstAttemptAt === null
    ? createdAt + UNSENT_LAUNCH_TIMEOUTS * launchTimeoutMs
    : firstAttemptAt + launchTimeoutMs;

const readySteps = (
  session: LiveSession,
  observed: Observed & { status: 'Ready' },
  activity: Activity,
  rules: Rules,
): Step[] => {
  const { policy, leases } = session;
  const end = leaseEnd(observed.readyAt, leases.grantedMinutes);
  const steps: Step[] = [];
  const idle = idleAt(idleFactsOf(session), activity, countsFrom(rules, policy.idleTimeoutMinutes));
  if (idle !== null) steps.push({ action: 'stop', at: idle, because: 'idle' });
  if (policy.maxLifetimeMinutes !== null) {
    // By the late end: a whole lifetime is granted.
    const over = observed.readyAt.late + policy.maxLifetimeMinutes * MINUTE_MS;
    steps.push({ action: 'stop', at: over, because: 'lifetime' });
  }
  if (session.missingSince !== null) return [...steps, secondLook(session, session.missingSince)];
  steps.push(...clientExtension(session));
  // After a refusal a look comes first, and the next minute asks for another total.
  const isHeeded = session.refused === null || (session.observedAt ?? 0) >= session.refused.at;
  if (policy.keepAlive && isHeeded && !isCapped(session)) {
    const refusedAt = session.refused?.at ?? Number.NEGATIVE_INFINITY;
    const renewAt = Math.max(end.early - rules.renewMarginMinutes * MINUTE_MS, refusedAt + MINUTE_MS);
    steps.push({ action: 'extend', at: renewAt, because: 'keep-alive' });
  }
  steps.push(observation(session, end, rules));
  return steps;
};

/** The client asked for more than the upstream has granted. */
const clientExtension = ({ leases, refused }: LiveSession): Step[] => {
  const wanted = clientLeaseMinutes(leases.floorMinutes);
  if (wanted <= leases.grantedMinutes || wanted === refused?.maxLeaseMinutes) return [];
  return [{ action: 'extend', at: 0, because: 'client' }];
};

/** When a Ready session is looked at: at the end of its lease, after a refusal, and every interval. */
const observation = (session: LiveSession, end: { early: Instant; late: Instant }, rules: Rules): Step => {
  const seenAt = session.observedAt ?? 0;
  if (session.refused !== null && seenAt < session.refused.at) {
    return { action: 'observe', at: session.refused.at, because: 'refused' };
  }
  const interval = nextLookAt(seenAt, rules.observeIntervalMs);
  const atEnd = lookAtLeaseEnd(seenAt, end);
  return interval < atEnd
    ? { action: 'observe', at: interval, because: 'interval' }
    : { action: 'observe', at: atEnd, because: 'lease-end' };
};

/** Only the upstream says Expired: it is asked when the lease may have ended, when it must have, and then on. */
const lookAtLeaseEnd = (seenAt: Instant, end: { early: Instant; late: Instant }): Instant => {
  if (seenAt < end.early) return end.early;
  if (seenAt < end.late) return Math.min(seenAt + STARTING_OBSERVE_MS, end.late + LEASE_END_OBSERVE_MS);
  return seenAt + STARTING_OBSERVE_MS;
};

const stoppingSteps = (session: LiveSession, desired: Desired & { state: 'stopped' }): Step[] => {
  const { creation, missingSince } = session;
  const { acceptedAt, repeatedAt } = desired;
  const seenAt = session.observedAt ?? 0;
  if (missingSince !== null) {
    // 404 for a server that no answer ever confirmed: a create that is still on its way may yet make it. It is looked
    // for meanwhile, so that it is stopped as soon as it is there.
    const settled = (creation.lastUntil ?? 0) + CREATE_SETTLED_MS;
    const look = Math.min(settled, seenAt + STARTING_OBSERVE_MS);
    return [
      { action: 'observe', at: Math.max(look, missingSince + STOP_OBSERVES_MS[0]), because: 'missing' },
    ];
  }
  // Nothing was heard of its server yet: one that is there under this id may be somebody else's.
  if (isUnconfirmed(session) && acceptedAt === null)
    return [{ action: 'observe', at: 0, because: 'unconfirmed' }];
  if (acceptedAt === null) return [{ action: 'stop', at: 0, because: desired.because }];
  const repeatAt = repeatOfStop(acceptedAt, repeatedAt);
  const repetition: Step = { action: 'stop', at: repeatAt, because: desired.because };
  const look: Step = { action: 'observe', at: lookAfterStop(acceptedAt, seenAt), because: 'stopping' };
  // One after the other, for both may be due whenever it is this session's turn: neither puts off the other for ever.
  return seenAt < repeatAt ? [look, repetition] : [repetition, look];
};

/** The more time has passed since the upstream said that it stops the server, the longer the next look can wait. */
const lookAfterStop = (acceptedAt: Instant, seenAt: Instant): Instant => {
  const first = acceptedAt + STOP_FIRST_OBSERVE_MS;
  return seenAt < acceptedAt ? first : seenAt + waitAfter(STOP_OBSERVES_MS, seenAt - first);
};

/** An upstream that takes its time is not asked all the time: its calls are needed for others. */
const repeatOfStop = (acceptedAt: Instant, repeatedAt: Instant | null): Instant => {
  const latest = Math.max(acceptedAt, repeatedAt ?? 0);
  return latest + waitAfter(STOP_REPEATS_MS, latest - acceptedAt);
};

/** The next one of the waits after those that the time passed so far is enough for. */
const waitAfter = (waits: Waits, passedMs: number): number => {
  let over = 0;
  return (
    waits.find((wait) => {
      over += wait;
      return passedMs < over;
    }) ?? Math.max(...waits)
  );
};

const decisionOf = (session: LiveSession, step: Step, now: Instant, rules: Rules): Decision | undefined => {
  const { because } = step;
  switch (step.action) {
    case 'create':
      return { type: 'create', because, maxLeaseMinutes: session.creation.maxLeaseMinutes };
    case 'extend':
      return extension(session, because, now, rules);
    case 'stop':
      return { type: 'stop', because: step.because };
    case 'observe':
      return { type: 'observe', because };
    default:
      return step satisfies never;
  }
};

const extension = (
  session: LiveSession,
  because: Because,
  now: Instant,
  rules: Rules,
): Decision | undefined => {
  const { leases, observed, policy, refused } = session;
  if (because === 'client')
    return { type: 'extend', because, maxLeaseMinutes: clientLeaseMinutes(leases.floorMinutes) };
  if (observed.status !== 'Ready') return undefined;
  const target = extensionTarget({
    grantedMinutes: leases.grantedMinutes,
    elapsedMinutes: elapsedMinutesAtMost(observed.readyAt, now),
    extensionMinutes: rules.extensionMinutes,
    maxLifetimeMinutes: policy.maxLifetimeMinutes,
  });
  if (target === undefined) return undefined;
  const asked =
    refused === null ? target : afterRefusal(target, leases.grantedMinutes, refused.maxLeaseMinutes);
  return { type: 'extend', because, maxLeaseMinutes: asked };
};

/**
 * After a refusal the keeper asks for half of it, and half again, down to the next minute: what cannot be had whole
 * may be had in part. Then it begins anew. A refusal is never repeated unchanged.
 */
const afterRefusal = (target: number, grantedMinutes: number, refusedMinutes: number): number => {
  const half = Math.floor((grantedMinutes + refusedMinutes) / 2);
  const asked = half > grantedMinutes ? Math.min(half, target) : target;
  return asked === refusedMinutes ? asked + 1 : asked;
};

const isCapped = ({ policy, desired, observed, leases, refused }: LiveSession): boolean => {
  const cap = extensionCapMinutes(policy.maxLifetimeMinutes);
  // The last minute below the cap was refused: there is nothing else to ask for.
  const isAllRefused = refused?.maxLeaseMinutes === cap && leases.grantedMinutes === cap - 1;
  const isReached = leases.grantedMinutes >= cap || isAllRefused;
  return policy.keepAlive && desired.state === 'running' && observed.status === 'Ready' && isReached;
};

const soonest = (steps: readonly Step[]): Step =>
  steps.reduce((first, step) => (step.at < first.at ? step : first));
