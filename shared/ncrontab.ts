/**
 * Whether a text is an NCRONTAB expression as Azure's timers read it: second, minute, hour, day, month, day of week.
 * A schedule that Azure refuses would leave a keeper that answers and never sweeps.
 */
export const isNcrontab = (text: string): boolean => {
  const fields = text.trim().split(/\s+/);
  return (
    fields.length === FIELDS.length && FIELDS.every((field, index) => isField(fields[index] ?? '', field))
  );
};

/** The longest time between two ticks of a valid expression within a day, whatever days it is restricted to. */
export const longestTickMs = (text: string): number => {
  const [seconds, minutes, hours] = text
    .trim()
    .split(/\s+/)
    .slice(0, 3)
    .map((field, index) => valuesOf(field, FIELDS[index] ?? { min: 0, max: 0 }));
  const ticks = (hours ?? []).flatMap((hour) =>
    (minutes ?? []).flatMap((minute) => (seconds ?? []).map((second) => (hour * 60 + minute) * 60 + second)),
  );
  // The first of the next day follows the last.
  const gaps = ticks.map((tick, index) => (ticks[index + 1] ?? (ticks[0] ?? 0) + DAY_SECONDS) - tick);
  return gaps.reduce((longest, gap) => Math.max(longest, gap), 0) * 1000;
};

const DAY_SECONDS = 24 * 60 * 60;

/** What a field stands for, in order. */
const valuesOf = (text: string, field: Field): number[] => {
  const values = text.split(',').flatMap((part) => {
    const [range = '', step] = part.split('/');
    const [first = '', last] = range === '*' ? [String(field.min), String(field.max)] : range.split('-');
    const from = valueIn(first, field) ?? field.min;
    // `5/15` goes on to the end of the field.
    const to = valueIn(last ?? '', field) ?? (step === undefined ? from : field.max);
    return Array.from({ length: to - from + 1 }, (_, index) => from + index).filter(
      (value) => (value - from) % Number(step ?? 1) === 0,
    );
  });
  return [...new Set(values)].sort((one, other) => one - other);
};

interface Field {
  min: number;
  max: number;
  names?: readonly string[];
}

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
const FIELDS: readonly Field[] = [
  { min: 0, max: 59 },
  { min: 0, max: 59 },
  { min: 0, max: 23 },
  { min: 1, max: 31 },
  { min: 1, max: 12, names: MONTHS },
  { min: 0, max: 6, names: DAYS },
];

/** A list of `*`, values and ranges, each with a step if wanted. */
const isField = (text: string, field: Field): boolean =>
  text.split(',').every((part) => {
    const [range = '', step, ...rest] = part.split('/');
    if (rest.length > 0 || (step !== undefined && !/^[1-9]\d?$/.test(step))) return false;
    if (range === '*') return true;
    const [first = '', last = first, ...more] = range.split('-');
    const [from, to] = [valueIn(first, field), valueIn(last, field)];
    return more.length === 0 && from !== undefined && to !== undefined && from <= to;
  });

const valueIn = (text: string, { min, max, names = [] }: Field): number | undefined => {
  const named = names.indexOf(text.slice(0, 3).toLowerCase());
  const value = named >= 0 ? named + min : /^\d{1,2}$/.test(text) ? Number(text) : Number.NaN;
  return value >= min && value <= max ? value : undefined;
};
