import { Cron } from 'croner';
import type { HostedFunction, TimerTrigger } from './bindings.ts';
import type { Run } from './invoke.ts';
import type { HostLog } from './log.ts';
import { StartupError } from './startup-error.ts';

const NUMBERS = /^[\d*,/-]+$/;
const MONTHS = /^(?:[\d*,/-]|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)+$/i;
const DAYS = /^(?:[0-6*,-]|\/\d|sun|mon|tue|wed|thu|fri|sat)+$/i;
const FIELDS = [NUMBERS, NUMBERS, NUMBERS, NUMBERS, MONTHS, DAYS];

/** The last value of each of the six fields, where NCRONTAB's `5/15` ends. */
const LAST_VALUES = [59, 59, 23, 31, 12, 6];

/** What .NET writes for a time that never was. */
const NEVER = '0001-01-01T00:00:00+00:00';

export interface Timer {
  start(): void;
  /** Starts no more runs; one that is under way goes on. */
  stop(): void;
}

const toCroner = (schedule: string): string => {
  const fields = schedule.trim().split(/\s+/);
  if (fields.length !== 6)
    throw new StartupError(
      `"${schedule}" is not an NCRONTAB expression: it has ${fields.length} fields, not six`,
    );
  // Croner also knows L, W, #, ? and +, and a Sunday called 7: Azure does not.
  const strange = fields.find((field, index) => !FIELDS[index]?.test(field));
  if (strange !== undefined)
    throw new StartupError(`"${schedule}" is not an NCRONTAB expression: "${strange}" means nothing there`);
  const expanded = fields.map((field, index) =>
    field.replace(
      /(^|,)(\d+)\/(\d+)/g,
      (_, before, first, step) => `${before}${first}-${LAST_VALUES[index]}/${step}`,
    ),
  );
  return expanded.join(' ');
};

/**
 * The schedule of an NCRONTAB expression with six fields, in UTC as in Azure; a day must fit both the day of the month
 * and the day of the week. It does not run yet. Throws a StartupError for an expression that is wrong or that never comes.
 */
export const parseSchedule = (schedule: string): Cron => {
  const pattern = toCroner(schedule);
  let job: Cron;
  try {
    job = new Cron(pattern, { mode: '6-part', domAndDow: true, timezone: 'Etc/UTC', protect: true });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new StartupError(`"${schedule}" is not an NCRONTAB expression: ${reason}`, { cause: error });
  }
  if (job.nextRun() === null) throw new StartupError(`the schedule "${schedule}" never comes`);
  return job;
};

const textOf = (date: Date | null): string => date?.toISOString() ?? NEVER;

/**
 * Runs a function on its schedule, never twice at a time: an occurrence that comes while the last run is still going
 * on is skipped. A failure is logged, and the next occurrence is the next try.
 */
export const createTimer = (fn: HostedFunction<TimerTrigger>, run: Run, log: HostLog): Timer => {
  const job = parseSchedule(fn.trigger.schedule);
  // As in Azure, a run sees the status that the run before it has left: `Next` is the occurrence it was started for.
  let status = { Last: NEVER, Next: textOf(job.nextRun()), LastUpdated: NEVER };
  const tick = async (): Promise<void> => {
    const startedAt = new Date().toISOString();
    const timer = { Schedule: { AdjustForDST: true }, ScheduleStatus: status, IsPastDue: false };
    const invocation = run({ json: JSON.stringify(timer) });
    try {
      await invocation.response;
    } catch (error) {
      log.error(`${fn.name} failed`, error);
    }
    // A run whose time is up has answered, but is not over.
    await invocation.ended;
    status = { Last: startedAt, Next: textOf(job.nextRun()), LastUpdated: startedAt };
  };
  return {
    start() {
      job.schedule(tick);
      if (fn.trigger.runOnStartup) void job.trigger();
    },
    stop() {
      job.stop();
    },
  };
};
