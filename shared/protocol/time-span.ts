/**
 * Time spans as the Remote Rendering API writes them: `[d.]hh:mm:ss[.fraction]`.
 *
 * Its documentation and its clients also write `4:0:0` and `hh:mm`; all of these are read,
 * and only `[d.]hh:mm:ss` is written. A bare number is refused: .NET reads `4` as four days,
 * which nobody who types it means.
 */

const TIME_SPAN = /^(?:(\d{1,4})\.)?(\d{1,4}):(\d{1,2})(?::(\d{1,2})(\.\d{1,7})?)?$/;

/** The minutes of a time span (with a fraction for seconds), or undefined where the text is not one. */
export const parseTimeSpanMinutes = (text: string): number | undefined => {
  const match = TIME_SPAN.exec(text.trim());
  if (match === null) return undefined;
  const [, days = '0', hours = '0', minutes = '0', seconds = '0', fraction = '0'] = match;
  // Hours above 23 are plain hours here ("24:00:00" is a day), unless days were written as well.
  if (Number(minutes) > 59 || Number(seconds) > 59 || (match[1] !== undefined && Number(hours) > 23)) {
    return undefined;
  }
  const wholeSeconds = ((Number(days) * 24 + Number(hours)) * 60 + Number(minutes)) * 60 + Number(seconds);
  return (wholeSeconds + Number(fraction)) / 60;
};

const twoDigits = (value: number): string => String(value).padStart(2, '0');

/**
 * A time span in the form that the service sends: `[d.]hh:mm:ss`. A fraction of a second is cut off,
 * so an elapsed time is never announced before it has passed; below zero becomes zero.
 */
export const formatTimeSpan = (minutes: number): string => {
  // The small addition keeps 1/60 of a minute from becoming 0.999… of a second.
  const total = Math.max(0, Math.floor(minutes * 60 + 1e-6));
  const days = Math.floor(total / 86_400);
  const hours = Math.floor((total % 86_400) / 3600);
  const clock = `${twoDigits(hours)}:${twoDigits(Math.floor((total % 3600) / 60))}:${twoDigits(total % 60)}`;
  return days > 0 ? `${days}.${clock}` : clock;
};
