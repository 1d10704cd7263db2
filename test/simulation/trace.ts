import type { Instant } from '../../shared/lease.ts';

/** What happened, in lines that a person reads: the virtual time since the start, who, and what. */
export interface Trace {
  note(who: string, what: string): void;
  /** The last lines, or all of them where the whole trace is kept. */
  lines(): string[];
}

/** So many of the last lines are kept for a failure. */
const LAST_LINES = 400;

export const createTrace = (start: Instant, now: () => Instant, isWhole: boolean): Trace => {
  let kept: string[] = [];
  return {
    note(who, what) {
      kept.push(`${formatSince(now() - start)} ${who.padEnd(10)} ${what}`);
      if (!isWhole && kept.length >= 2 * LAST_LINES) kept = kept.slice(-LAST_LINES);
    },
    lines: () => (isWhole ? [...kept] : kept.slice(-LAST_LINES)),
  };
};

/** `07:05:09.120` since the start. */
export const formatSince = (milliseconds: number): string => {
  const digits = (value: number, count: number): string => String(Math.floor(value)).padStart(count, '0');
  const [hours, minutes] = [milliseconds / 3_600_000, (milliseconds / 60_000) % 60];
  return `${digits(hours, 2)}:${digits(minutes, 2)}:${digits((milliseconds / 1000) % 60, 2)}.${digits(milliseconds % 1000, 3)}`;
};
