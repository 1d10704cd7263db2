/**
 * JSON as a column of the table holds it. JSON allows these two characters as they are; the emulator's reader of
 * transactions takes them for the end of a line.
 */
export const storedJson = (value: unknown): string => {
  const text = JSON.stringify(value);
  if (!SEPARATORS.test(text)) return text;
  return text.replaceAll('\u2028', String.raw`\u2028`).replaceAll('\u2029', String.raw`\u2029`);
};

const SEPARATORS = /[\u2028\u2029]/;
