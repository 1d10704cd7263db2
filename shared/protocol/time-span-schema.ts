import { z } from 'zod';
import { parseTimeSpanMinutes } from './time-span.ts';

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
    .transform((text, context) => {
      const minutes = parseTimeSpanMinutes(text);
      if (minutes !== undefined && isAllowed(minutes)) return minutes;
      const message = minutes === undefined ? notOne : notAllowed;
      context.issues.push({ code: 'custom', input: text, message });
      return z.NEVER;
    });
