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
