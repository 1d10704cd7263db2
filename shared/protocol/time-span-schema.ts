import * as z from 'zod';
import { parseTimeSpanMinutes } from './time-span.ts';

/**
 * Exactly what `parseTimeSpanMinutes` reads, as a pattern for the API's description. An unusual spelling of zero is one
 * too: who refuses zero adds `ABOVE_ZERO`.
 */
const TIME_SPAN_PATTERN = String.raw`^\s*(?:\d{1,4}|\d{1,4}\.0{0,2}(?:[01]?\d|2[0-3])):[0-5]?\d(?::[0-5]?\d(?:\.\d{1,7})?)?\s*$`;

/** Of a time span, in the words of JSON Schema: it has a digit that is not 0. */
export const ABOVE_ZERO = { not: { pattern: String.raw`^[\s0:.]*$` } } as const;

/**
 * A time span as text, checked and read as minutes. `notOne` is said of anything that is no time span, `notAllowed` of
 * one that is out of range.
 */
export const timeSpanSchema = (
  isAllowed: (minutes: number) => boolean,
  { missing, notOne, notAllowed }: { missing?: string; notOne: string; notAllowed: string },
) =>
  z
    .string({ error: ({ input }) => (input === undefined ? (missing ?? notOne) : notOne) })
    .meta({ pattern: TIME_SPAN_PATTERN, examples: ['04:00:00', '4:0:0', '00:45:30'] })
    .transform((text, context) => {
      const minutes = parseTimeSpanMinutes(text);
      if (minutes !== undefined && isAllowed(minutes)) return minutes;
      const message = minutes === undefined ? notOne : notAllowed;
      context.issues.push({ code: 'custom', input: text, message });
      return z.NEVER;
    });
