import JSON5 from 'json5';
import type * as z from 'zod';
import { BadRequestError, type Fault, PayloadTooLargeError } from '../errors.ts';

/** The largest body that is read. The longest documented request is a create with a list of models. */
export const MAX_BODY_BYTES = 64 * 1024;
/** How deep objects and arrays may be nested; the API's own bodies reach 2. */
export const MAX_BODY_DEPTH = 32;
/** A list of a thousand faulty entries is told by its first ones. */
const MAX_FAULTS = 16;

// As JSON5 has them: a line comment ends at each of its four line ends.
const STRINGS_AND_COMMENTS =
  /"(?:\\[\s\S]|[^"\\])*"|'(?:\\[\s\S]|[^'\\])*'|\/\/[^\n\r\u2028\u2029]*|\/\*[\s\S]*?\*\//g;
// A value, not a key: `{ NaN: 1 }` and `{ nano: 1 }` are keys like others.
const UNUSUAL_NUMBER = /[[:,\s+-](?:0[xX][\da-fA-F]|(?:Infinity|NaN)\s*(?=[,\]}]))/;

/**
 * Reads a request body: an object in JSON or in JSON5, because the documented example of this API is
 * written with single quotes. What JSON5 allows beyond decimal numbers (hexadecimal, NaN, Infinity) is refused.
 *
 * @throws PayloadTooLargeError above 64 KiB
 * @throws BadRequestError that says what is wrong: encoding, syntax, depth, or no object
 */
export const parseBody = (bytes: Uint8Array): Record<string, unknown> => {
  if (bytes.byteLength > MAX_BODY_BYTES) {
    throw new PayloadTooLargeError(`The request body is larger than ${MAX_BODY_BYTES} bytes.`);
  }
  const text = decodeUtf8(bytes);
  if (text.trim() === '') return {};
  const value = parseText(text);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new BadRequestError('The request body must be one JSON object.');
  }
  if (isDeeperThan(value, MAX_BODY_DEPTH)) {
    throw new BadRequestError(`The request body is nested deeper than ${MAX_BODY_DEPTH} levels.`);
  }
  return { ...value };
};

/**
 * Checks a body against the schema of its route. Unknown fields are ignored, for old clients' sake.
 *
 * @throws BadRequestError that names the first faulty field, in its message and in `target`, and lists the first 16 fields
 */
export const checkBody = <Schema extends z.ZodType>(schema: Schema, body: unknown): z.output<Schema> => {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  const faults = firstOfEach(result.error.issues.map(faultOf)).slice(0, MAX_FAULTS);
  const { target, message } = faults[0] ?? { target: 'body', message: 'body: is not valid' };
  throw new BadRequestError(message, { target, faults });
};

/** A value that breaks two rules is told of the first. */
const firstOfEach = (faults: readonly Fault[]): Fault[] => {
  const told = new Set<string>();
  return faults.filter(({ target }) => {
    const isNew = !told.has(target);
    told.add(target);
    return isNew;
  });
};

/** A message that is no sentence of its own is put after the name of its field. */
const faultOf = ({ path, message }: z.core.$ZodIssue): Fault => {
  const target = path.length === 0 ? 'body' : path.map(String).join('.');
  return { target, message: message.startsWith('The ') ? message : `${target}: ${message}` };
};

const decodeUtf8 = (bytes: Uint8Array): string => {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new BadRequestError('The request body is not UTF-8.', { cause });
  }
};

const parseText = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    // Not plain JSON, which is allowed: JSON5 decides, and its message tells the place.
    return parseJson5(text);
  }
};

const parseJson5 = (text: string): unknown => {
  const value = (() => {
    try {
      return JSON5.parse<unknown>(text);
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message.replace(/^JSON5: /, '') : 'not readable';
      throw new BadRequestError(`The request body is not JSON: ${reason}.`, { cause });
    }
  })();
  const bare = text.replace(STRINGS_AND_COMMENTS, (part) => (part.startsWith('/') ? ' ' : '""'));
  if (UNUSUAL_NUMBER.test(bare)) {
    throw new BadRequestError('The request body has a number that is not written in decimal digits.');
  }
  return value;
};

/** Without recursion, so that the depth of the input cannot exhaust the stack of this check. */
const isDeeperThan = (root: object, limit: number): boolean => {
  let level: object[] = [root];
  for (let depth = 1; level.length > 0; depth += 1) {
    if (depth > limit) return true;
    level = level
      .flatMap((value) => Object.values(value))
      .filter((value): value is object => typeof value === 'object' && value !== null);
  }
  return false;
};
