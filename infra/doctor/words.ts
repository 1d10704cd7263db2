import type { Difference } from '../../shared/doctor/differences.ts';
import type { RehearsedAct } from '../../shared/doctor/rehearsal.ts';
import type { Instant } from '../../shared/lease.ts';

/** How the doctor says things. */

export const clockTime = (at: Instant): string => new Date(at).toISOString().slice(11, 19);

const UNITS = [
  ['d', 86_400],
  ['h', 3_600],
  ['min', 60],
  ['s', 1],
] as const;

/** In its two largest units. */
export const duration = (milliseconds: number): string => {
  let seconds = Math.round(Math.abs(milliseconds) / 1000);
  const first = UNITS.findIndex(([, length]) => seconds >= length);
  if (first < 0) return '0 s';
  const parts: string[] = [];
  for (const [unit, length] of UNITS.slice(first, first + 2)) {
    const count = Math.floor(seconds / length);
    seconds -= count * length;
    if (count > 0) parts.push(`${count} ${unit}`);
  }
  return parts.join(' ');
};

/** An instant with how far it is from now. */
export const when = (at: Instant, now: Instant): string => {
  if (at === 0) return 'now';
  const isFar = Math.abs(at - now) >= 86_400_000;
  const time = isFar ? new Date(at).toISOString().slice(0, 19) : clockTime(at);
  const span = duration(at - now);
  if (span === '0 s') return `${time} (now)`;
  return at > now ? `${time} (in ${span})` : `${time} (${span} ago)`;
};

export const row = (name: string, text: string): string => `  ${name.padEnd(10)}${text}`;

export const differenceLines = (differences: readonly Difference[]): string[] =>
  differences.map(({ kind, text }) => `  ! ${kind}: ${text}`);

export const actText = ({ action, because, maxLeaseMinutes }: RehearsedAct): string =>
  `${action}${maxLeaseMinutes === null ? '' : ` to ${maxLeaseMinutes} min`} because ${because}`;
