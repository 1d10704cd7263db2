import type { AccountState } from '../../shared/doctor/account-state.ts';
import type { Diagnosis } from '../../shared/doctor/diagnosis.ts';
import type { StrangerState } from '../../shared/doctor/stranger-state.ts';
import type { Instant } from '../../shared/lease.ts';
import { sessionLines } from './session-lines.ts';
import { actText, differenceLines, duration, row, when } from './words.ts';

/** What the doctor found, for people. */

export interface ClockState {
  aheadMs: number;
  isTrusted: boolean;
}

export const pageOf = (diagnosis: Diagnosis, clock: ClockState): string => {
  const { accountId, upstream, at, account, sessions, strangers, rows } = diagnosis;
  return [
    `account ${accountId}   ${new Date(at).toISOString()}`,
    `upstream ${upstream}`,
    ...accountLines(account, clock, at),
    ...sessions.flatMap((state) => ['', ...sessionLines(state, at)]),
    ...section(
      'servers that no living session explains',
      strangers.flatMap((one) => strangerLines(one, at)),
    ),
    ...section('rows of no readable session', differenceLines(rows)),
    ...section('the next sweep', sweepLines(diagnosis)),
    '',
    summaryOf(diagnosis),
  ].join('\n');
};

const section = (title: string, lines: readonly string[]): string[] =>
  lines.length === 0 ? [] : ['', title, ...lines];

const accountLines = (account: AccountState, clock: ClockState, now: Instant): string[] => {
  const { closedUntil, callGapMs, sweeper, sweptAt, isAway, graceFrom, listedAt, listDueAt } = account;
  const { unaskedStops, isBraked, keptCount, calls, unanswered } = account;
  const gap = callGapMs === 0 ? 'no pause between calls' : `${duration(callGapMs)} between calls`;
  const swept = sweptAt === null ? 'never' : when(sweptAt, now);
  const sweeps = sweeper === null ? '' : `; ${sweeper.id} sweeps now`;
  const listed = listedAt === null ? 'never' : `${when(listedAt, now)}, ${keptCount} kept alive then`;
  const dueText = listDueAt <= now ? 'now' : when(listDueAt, now);
  return [
    row('gate', `${closedUntil === null ? 'open' : `opens ${when(closedUntil, now)}`}; ${gap}`),
    row('swept', `${swept}${isAway ? ', which counts as having been away' : ''}${sweeps}`),
    row('idleness', graceFrom === 0 ? 'as sessions say' : `counts from ${when(graceFrom, now)}`),
    row('brake', `${isBraked ? 'ON' : 'off'}; ${unaskedStops} stops lately that nobody asked for`),
    row('listed', `${listed}; the next is due ${dueText}`),
    row('clock', clockText(clock)),
    row('asked', `${counted(calls, 'call')} to the upstream, beside the keeper's own`),
    ...(unanswered === null ? [] : [row('! unknown', `the upstream did not say what it has: ${unanswered}`)]),
  ];
};

const clockText = ({ aheadMs, isTrusted }: ClockState): string => {
  // A reply says whole seconds.
  const seconds = Math.round(aheadMs / 1000);
  const side = seconds > 0 ? 'ahead of' : 'behind';
  const apart =
    Math.abs(seconds) <= 1 ? "agrees with the table's" : `${Math.abs(seconds)} s ${side} the table's`;
  return isTrusted ? apart : `${apart}: not to be trusted, and the table's is used here`;
};

const strangerLines = (
  { sessionId, status, since, decision, differences }: StrangerState,
  now: Instant,
): string[] => {
  const at = decision.type === 'wait' ? ` until ${when(decision.until, now)}` : '';
  return [
    `  ${sessionId}   ${status} upstream, known since ${when(since, now)}`,
    ...differenceLines(differences).map((line) => `  ${line}`),
    `    at the next list: ${decision.type} because ${decision.because}${at}`,
  ];
};

const sweepLines = ({ sweep, at }: Diagnosis): string[] => [
  ...sweep.acts.map((act, index) => {
    const wait = act.at - at < 1_000 ? '' : `   after ${duration(act.at - at)}`;
    return `  ${String(index + 1).padStart(2)}. ${act.sessionId}   ${actText(act)}${wait}`;
  }),
  ...sweep.reports.map(
    ({ sessionId, what, text }) => `  report   ${sessionId ?? 'account'}   ${what}: ${text}`,
  ),
  ...(sweep.isUnfinished ? ['  … and what it does not come to is left to the sweep after it'] : []),
];

const summaryOf = ({ sessions, differences, sweep, isWhole }: Diagnosis): string => {
  const things = sweep.acts.length + sweep.reports.length;
  const counts = `${counted(sessions.length, 'session')}, ${counted(differences, 'difference')}`;
  const known = isWhole ? '' : ' (the upstream did not say everything)';
  return `${counts}, ${counted(things, 'thing')} to do in the next sweep${known}`;
};

const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;
