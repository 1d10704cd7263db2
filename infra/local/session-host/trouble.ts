import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod';
import { formatTimeSpan } from '../../../shared/protocol/time-span.ts';
import { timeSpanSchema } from '../../../shared/protocol/time-span-schema.ts';
import { FailureOnDemandError } from './errors.ts';

/** Trouble on demand: to throttle, to be slow, to fail and to be full, as the real service is now and then. */

export interface TroubleValues {
  /** Calls of one account that come closer together than this are answered with 429. */
  callGapMs: number;
  /** How much later everything is answered. */
  delayMs: number;
  /** The share of session calls that fail, from 0 to 1. */
  failing: number;
  /** No server of any size is free. */
  full: boolean;
}

export interface Trouble {
  /** What holds now. */
  values(): TroubleValues;
  /** For the calls from now on; one that is being held back already is not let go. */
  change(change: TroubleChange): void;
  /** Returns when a call may be answered. */
  hold(): Promise<void>;
  /** @throws FailureOnDemandError for as many calls as are to fail */
  strike(): void;
}

/** Far more than anybody waits; and a timer of Node fires at once where it is told to wait for a month. */
const MAX_SPAN_MINUTES = 24 * 60;
const SPAN = 'must be a time span of at most 24 hours, such as "00:00:05"';
const SHARE = 'must be a number from 0 to 1';

/** A time span in milliseconds. */
export const troubleSpanSchema = timeSpanSchema((minutes) => minutes <= MAX_SPAN_MINUTES, {
  notOne: SPAN,
  notAllowed: SPAN,
}).transform((minutes) => Math.round(minutes * 60_000));

/** The body of `PATCH /trouble`. A field that does not exist is refused: nothing would come of it, unnoticed. */
export const troubleChangeSchema = z
  .strictObject({
    callGap: troubleSpanSchema,
    delay: troubleSpanSchema,
    failing: z.number({ error: SHARE }).min(0, SHARE).max(1, SHARE),
    full: z.boolean({ error: 'must be true or false' }),
  })
  .partial();
export type TroubleChange = z.output<typeof troubleChangeSchema>;

/** What `/trouble` answers. */
export const writeTrouble = ({ callGapMs, delayMs, failing, full }: TroubleValues) => ({
  callGap: writeSpan(callGapMs),
  delay: writeSpan(delayMs),
  failing,
  full,
});

/** To the millisecond, where the API's own time spans stop at the second: delays of tests are short. */
const writeSpan = (ms: number): string => {
  const fraction = ms % 1000 === 0 ? '' : `.${String(ms % 1000).padStart(3, '0')}`;
  return `${formatTimeSpan(ms / 60_000)}${fraction}`;
};

export const createTrouble = (
  atStart: TroubleValues,
  random: () => number,
  log: (line: string) => void,
): Trouble => {
  let values = atStart;
  return {
    values: () => values,
    change({ callGap, delay, failing, full }) {
      const before = lineOf(values);
      values = {
        callGapMs: callGap ?? values.callGapMs,
        delayMs: delay ?? values.delayMs,
        failing: failing ?? values.failing,
        full: full ?? values.full,
      };
      if (lineOf(values) !== before) log(lineOf(values));
    },
    async hold() {
      if (values.delayMs > 0) await sleep(values.delayMs);
    },
    strike() {
      if (random() < values.failing) throw new FailureOnDemandError('This call fails because it is told to.');
    },
  };
};

const lineOf = (values: TroubleValues): string => {
  const { callGap, delay, failing, full } = writeTrouble(values);
  return `trouble: call gap ${callGap}, delay ${delay}, failing ${failing}, ${full ? 'full' : 'not full'}`;
};
