import { type Absence, withAbsence } from './absence.ts';
import { type Instant, MINUTE_MS } from './lease.ts';
import { PAGE_SIZE } from './protocol/session-2021.ts';
import { type AccountRules, nextLookAt, type Rules } from './session.ts';

/**
 * How a whole account stands, in one row that all instances share: when its upstream may be called next, who sweeps,
 * and what is counted over all of its sessions. Pure.
 */
export interface Gate {
  /** No call leaves for the upstream before. */
  nextCallAt: Instant;
  /** Who sweeps, for thrift: two sweeps at once do no harm. Since when: not told by an older version. */
  sweeper: { id: string; until: Instant; since?: Instant | undefined } | null;
  /** When the latest sweep began; null before the first. */
  sweptAt: Instant | null;
  /** The last sweep left work behind, which the next one goes on with by then. */
  busyUntil: Instant;
  /** The keeper was away before: nobody is idle because of that. */
  graceFrom: Instant;
  /** Shorter absences, as far as they still matter. */
  absences: readonly Absence[];
  /** When the latest complete list of the upstream was asked for; null before the first. */
  listedAt: Instant | null;
  /** When the next one is wanted, where that is before its time; null where it is not. */
  listAgainAt: Instant | null;
  /** How many pages that list had, and how many servers were on them, whoever they belong to; 0 before the first. */
  listPages: number;
  listedCount: number;
  /** When the living sessions were counted; null before the first time. */
  countedAt: Instant | null;
  /** Sessions kept alive, as counted then. */
  keptCount: number;
  /** Living sessions, as counted then. */
  liveCount: number;
  /** The latest stops and disappearances that nobody asked for, each by itself. */
  unaskedStops: readonly Instant[];
  /** Those before them, where there were more than are kept one by one. */
  unaskedBefore: readonly CountFrom[];
  /** Servers of the upstream that no living record explains, and since when they are known. */
  strangers: Readonly<Record<string, Instant>>;
}

/** So many in the stretch of time that begins then. */
export interface CountFrom {
  from: Instant;
  count: number;
}

/** An account of which nothing is known yet: as if the keeper had been away. */
export const NEW_GATE: Gate = {
  nextCallAt: 0,
  sweeper: null,
  sweptAt: null,
  busyUntil: 0,
  graceFrom: 0,
  absences: [],
  listedAt: null,
  listAgainAt: null,
  listPages: 0,
  listedCount: 0,
  countedAt: null,
  keptCount: 0,
  liveCount: 0,
  unaskedStops: [],
  unaskedBefore: [],
  strangers: {},
};

/** A `Retry-After` is believed for so long; an instant of the row that is further ahead than any of them is not at all. */
const RETRY_AFTER_LONGEST_MS = 2 * MINUTE_MS;

/** How long an answer that told to wait is heeded: one that tells of hours is heeded for two minutes, and asked again. */
export const believedMs = (retryAfterMs: number): number => Math.min(retryAfterMs, RETRY_AFTER_LONGEST_MS);

/** Much more than the clocks of two instances differ by, one of which wrote an instant and one of which reads it. */
const CLOCKS_DIFFER_MS = MINUTE_MS;

/** When the next call may leave: `now` where that is already so. */
export const opensAt = ({ nextCallAt }: Gate, now: Instant): Instant => {
  const latest = now + RETRY_AFTER_LONGEST_MS;
  return nextCallAt <= now || nextCallAt > latest + CLOCKS_DIFFER_MS ? now : Math.min(nextCallAt, latest);
};

/** The gate after a call that leaves now. */
export const passed = (gate: Gate, callGapMs: number, now: Instant): Gate => ({
  ...gate,
  nextCallAt: now + callGapMs,
});

/** The gate after an answer that told to wait; the same where that is nothing new. */
export const heldBack = (gate: Gate, retryAfterMs: number, now: Instant): Gate => {
  const until = now + believedMs(retryAfterMs);
  const isNews = until > opensAt(gate, now);
  return isNews ? { ...gate, nextCallAt: until } : gate;
};

/** A sweeper that says nothing for so long is taken for dead. */
export const SWEEPER_MS = 15_000;

/** Whether another one sweeps at the moment. */
export const isSweptByOther = ({ sweeper }: Gate, id: string, now: Instant): boolean =>
  sweeper !== null && sweeper.id !== id && sweeper.until > now && sweeper.until <= now + 2 * SWEEPER_MS;

/**
 * So long a sweep has the account for itself. Whoever comes then takes over, and the one before goes on until then: where
 * calls have to wait for each other, there is no slot between the end of a sweep and the next tick that nobody uses.
 */
export const SWEEP_TURN_MS = 50_000;

/** Whether this one may take the sweep over, or go on with it. */
export const maySweep = (gate: Gate, id: string, now: Instant): boolean => {
  const since = gate.sweeper?.since;
  return !isSweptByOther(gate, id, now) || (since !== undefined && since + SWEEP_TURN_MS <= now);
};

type AwayLimits = Pick<AccountRules, 'awayMs' | 'absentMs'>;

/** The gate as a sweep takes it over, or goes on with it. */
export const swept = (gate: Gate, id: string, limits: AwayLimits, now: Instant): Gate => ({
  ...noted(gate, limits, now),
  sweeper: { id, since: sinceOf(gate, id) ?? now, until: now + SWEEPER_MS },
});

const sinceOf = ({ sweeper }: Gate, id: string): Instant | undefined =>
  sweeper?.id === id ? sweeper.since : undefined;

/** The gate with the time at which a sweep looked. */
export const noted = (gate: Gate, limits: AwayLimits, now: Instant): Gate => ({
  ...gate,
  sweptAt: now,
  graceFrom: graceFrom(gate, limits.awayMs, now),
  absences: absences(gate, limits, now),
});

/** The gate as a sweep leaves it; `busyUntil` where it leaves work behind, otherwise 0. */
export const left = (gate: Gate, id: string, busyUntil: Instant): Gate =>
  gate.sweeper?.id === id ? { ...gate, sweeper: null, busyUntil } : gate;

/** Work that is left behind is taken up after so long: `awayMs` has room for three sweeps. */
export const busyMs = ({ awayMs }: Pick<AccountRules, 'awayMs'>): number => awayMs / 3;

/**
 * Whether a call that nobody waits for may leave now: the gate is open, nobody sweeps, and the last sweep came to an
 * end. Otherwise the slots belong to what is most urgent.
 */
export const isSpare = (gate: Gate, rules: Pick<AccountRules, 'awayMs'>, now: Instant): boolean => {
  const { busyUntil } = gate;
  const isBusy = busyUntil > now && busyUntil <= now + busyMs(rules) + CLOCKS_DIFFER_MS;
  return opensAt(gate, now) <= now && !isSweptByOther(gate, '', now) && !isBusy;
};

/**
 * From when on idleness counts. Where no sweep has begun for longer than `awayMs` the keeper was away, and so were
 * perhaps the signs of use that it should have noted.
 */
const graceFrom = (gate: Gate, awayMs: number, now: Instant): Instant =>
  isAway(gate, { awayMs }, now) ? now : gate.graceFrom;

/** Whether no sweep has begun for so long that the keeper counts as away. */
export const isAway = ({ sweptAt }: Gate, { awayMs }: Pick<AccountRules, 'awayMs'>, now: Instant): boolean =>
  sweptAt === null || now - sweptAt > awayMs;

/** Since when a server that no record explains is known; undefined where it is new. Ids are anybody's words. */
export const strangerSince = ({ strangers }: Gate, sessionId: string): Instant | undefined =>
  Object.hasOwn(strangers, sessionId) ? strangers[sessionId] : undefined;

/** The shorter absences up to now: the longer ones are everybody's, in `graceFrom`, and make up for those before them. */
const absences = (
  { sweptAt, absences: known }: Gate,
  { awayMs, absentMs }: AwayLimits,
  now: Instant,
): readonly Absence[] => {
  if (sweptAt === null || now - sweptAt > awayMs) return [];
  return now - sweptAt > absentMs ? withAbsence(known, now - sweptAt, now) : known;
};

/**
 * The rules of the account as it stands: with many sessions to keep, a renewal may have to wait for the calls of all
 * others, and begins so much earlier; and it reaches so much further that each of them needs fewer. Never more than for
 * as many as there may be (a gap that was set later, or several creates at once, may have let in others): a margin that
 * reaches beyond a renewal would ask for one all the time.
 */
export const rulesAt = (gate: Gate, rules: AccountRules, now: Instant): Rules => ({
  renewMarginMinutes: rules.renewMarginMinutes + renewalsMs(gate.keptCount, rules) / MINUTE_MS,
  extensionMinutes: extensionMinutesAt(gate.keptCount, rules),
  observeIntervalMs: rules.observeIntervalMs,
  launchTimeoutMs: rules.launchTimeoutMs,
  graceFrom: graceFrom(gate, rules.awayMs, now),
  absences: absences(gate, rules, now),
});

/**
 * Where calls are few, a renewal reaches further than it is set; but no further than this, because for so long a kept
 * session runs on where its keeper dies for good. Who has no keeper takes leases of four hours.
 */
const LONGEST_EXTENSION_MINUTES = 240;

/** The time that an extension gives, less the margin that is set, has room for the calls of all sessions so often. */
const ROOM_FOR_RENEWALS = 3;

const longestExtensionMinutes = ({ extensionMinutes }: AccountRules): number =>
  Math.max(LONGEST_EXTENSION_MINUTES, extensionMinutes);

/** How far ahead a renewal reaches where so many sessions are kept: see `mostKept`. */
const extensionMinutesAt = (count: number, rules: AccountRules): number => {
  const needed = rules.renewMarginMinutes + (ROOM_FOR_RENEWALS * renewalsMs(count, rules)) / MINUTE_MS;
  return Math.min(longestExtensionMinutes(rules), Math.max(rules.extensionMinutes, needed));
};

/** How long so many renewals wait for each other. */
const renewalsMs = (count: number, rules: AccountRules): number =>
  rules.callGapMs === 0 ? 0 : Math.min(count, mostKept(rules)) * rules.callGapMs;

/** A renewal so close to the end of its lease comes before everything else, where it waits for nobody. */
const LAST_CALL_MS = 2 * MINUTE_MS;

/**
 * The same where it may have to wait for all others: as many as are kept, or as are due at once (those that came since
 * the count). More than for its renewals nobody needs the time: the margin has it, and still more.
 */
export const lastCallMs = ({ keptCount }: Gate, rules: AccountRules, renewalsDue: number): number =>
  LAST_CALL_MS + renewalsMs(Math.max(keptCount, renewalsDue), rules);

/** When the upstream's next complete list is due; 0: it has been all along. */
export const listDueAt = (
  { listedAt, listAgainAt }: Gate,
  { observeIntervalMs }: Pick<AccountRules, 'observeIntervalMs'>,
  now: Instant,
): Instant =>
  // In the future: the clock that wrote it was wrong.
  listedAt === null || listedAt > now
    ? 0
    : Math.min(nextLookAt(listedAt, observeIntervalMs), listAgainAt ?? Number.POSITIVE_INFINITY);

/** When the living sessions are to be counted again, whatever can be had of the upstream. */
export const countDueAt = (
  { countedAt }: Gate,
  { observeIntervalMs }: Pick<AccountRules, 'observeIntervalMs'>,
  now: Instant,
): Instant => (countedAt === null || countedAt > now ? 0 : countedAt + observeIntervalMs);

/**
 * How many pages the upstream's list has, by what the latest one had and how many sessions there are now: it shows the
 * sessions of others as well, and pages are as large as the upstream likes.
 */
export const pagesExpected = ({ listPages, listedCount, liveCount }: Gate): number => {
  const sessions = Math.max(liveCount, listedCount);
  // Of a list with one page alone it cannot be told how many would have had room on it.
  const onOne = listPages > 1 ? listedCount / listPages : PAGE_SIZE;
  return Math.max(1, listPages, Math.ceil(sessions / Math.max(1, onOne)));
};

/**
 * How many sessions can be kept alive with one call each `callGapMs`. A renewal gives `extension` minutes, of which
 * the margin is left when the next one falls due: each session costs one call in `extension - margin`, where the margin
 * has grown by the calls of all, and the extension as far as it may. Half of the calls are left to everything else.
 */
export const mostKept = (rules: AccountRules): number => {
  const { renewMarginMinutes, callGapMs } = rules;
  if (callGapMs === 0) return Number.POSITIVE_INFINITY;
  const roomMs = (longestExtensionMinutes(rules) - renewMarginMinutes) * MINUTE_MS;
  return Math.floor(roomMs / (ROOM_FOR_RENEWALS * callGapMs));
};

const BRAKE_WINDOW_MS = 10 * MINUTE_MS;
/** So many stops in the window are an ordinary evening, in an account of any size. */
export const BRAKE_LEAST = 5;
const BRAKE_SHARE = 0.25;
/**
 * A column of the row holds so many instants, and many more. What is older is counted by stretches of time, so that the
 * share of an account of any size can be told; an older version that runs beside this one forgets it.
 */
const MOST_SINGLY = 1_000;
const STRETCH_MS = 10_000;
const HOLD_LONGEST_MS = 30 * MINUTE_MS;
/** A session is held once; what happens to it long after is another matter. */
const HOLD_SPENT_MS = 60 * MINUTE_MS;

/** In the window, give or take what clocks differ by: far ahead, the clock that wrote it was wrong. */
const isLately = (at: Instant, now: Instant): boolean =>
  at > now - BRAKE_WINDOW_MS && at <= now + CLOCKS_DIFFER_MS;

/** How many stops that nobody asked for there were lately. */
export const unaskedLately = (gate: Gate, now: Instant): number =>
  stopsLately(gate, now).length + stretchesLately(gate, now).reduce((sum, { count }) => sum + count, 0);

const stopsLately = ({ unaskedStops }: Gate, now: Instant): Instant[] =>
  unaskedStops.filter((at) => isLately(at, now));

/** A stretch counts until the last of its instants is over. */
const stretchesLately = ({ unaskedBefore }: Gate, now: Instant): CountFrom[] =>
  unaskedBefore.filter(
    ({ from }) => from <= now + CLOCKS_DIFFER_MS && isLately(Math.min(from + STRETCH_MS - 1, now), now),
  );

/** Whether so many stops are more than an account of so many sessions has on an ordinary day. */
export const isBraked = (gate: Gate, liveCount: number, now: Instant): boolean =>
  unaskedLately(gate, now) >= Math.max(BRAKE_LEAST, Math.ceil(liveCount * BRAKE_SHARE));

/** The gate after one more of them. */
export const withUnaskedStop = (gate: Gate, now: Instant): Gate => {
  const stops = [...stopsLately(gate, now), now];
  const singly = stops.slice(-MOST_SINGLY);
  const before = stops.slice(0, stops.length - singly.length);
  return {
    ...gate,
    unaskedStops: singly,
    unaskedBefore: before.reduce(withOneMore, stretchesLately(gate, now)),
  };
};

const withOneMore = (stretches: readonly CountFrom[], at: Instant): CountFrom[] => {
  const from = at - (at % STRETCH_MS);
  const others = stretches.filter((stretch) => stretch.from !== from);
  const count = stretches.find((stretch) => stretch.from === from)?.count ?? 0;
  return [...others, { from, count: count + 1 }];
};

/** How long the brake holds a session: as long as its user would have been waited for. */
export const holdMs = (idleTimeoutMinutes: number | null): number =>
  Math.min((idleTimeoutMinutes ?? Number.POSITIVE_INFINITY) * MINUTE_MS, HOLD_LONGEST_MS);

/** Whether the brake may still hold the session. */
export const mayBeHeld = (heldUntil: Instant | null, now: Instant): boolean =>
  heldUntil === null || heldUntil < now - HOLD_SPENT_MS;
