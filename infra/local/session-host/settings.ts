import { join, resolve } from 'node:path';
import { DEMO_ACCOUNT } from '../../../shared/config.ts';
import { ConfigError } from '../../../shared/errors.ts';
import { parseTimeSpanMinutes } from '../../../shared/protocol/time-span.ts';
import { ACCOUNT_ID, type Size } from '../../../shared/protocol/vocabulary.ts';
import { splitCommand } from './command.ts';
import { type TroubleValues, troubleSpanSchema } from './trouble.ts';

export interface Settings {
  /** 0 = the system chooses a free one. */
  port: number;
  /** Absolute. */
  dataFolder: string;
  startupMs: number;
  /** What there is of it at the start. */
  trouble: TroubleValues;
  places: Readonly<Record<Size, number>>;
  /** GUID in lower case. */
  accountId: string;
  accountKey: string;
  /** The words of the command template, placeholders not filled in. */
  command: readonly string[];
}

const MAX_PLACES = 10_000;

/**
 * Reads the settings of the session host. An empty variable counts as absent.
 *
 * @throws ConfigError with every fault at once
 */
export const readSettings = (environment: Readonly<Record<string, string | undefined>>): Settings => {
  const faults: string[] = [];

  /** `fallback` must be readable: it stands in for a faulty value only until the faults are thrown. */
  const read = <T>(
    name: string,
    fallback: string,
    parse: (text: string) => T | undefined,
    wanted: string,
  ): T => {
    const text = environment[name] || fallback;
    const value = parse(text);
    if (value !== undefined) return value;
    faults.push(`${name} must be ${wanted}`);
    const standIn = parse(fallback);
    if (standIn === undefined) throw new RangeError(`the default of ${name} is not readable`);
    return standIn;
  };
  const shortSpan = (name: string): number =>
    read(name, '00:00:00', (text) => troubleSpanSchema.safeParse(text).data, 'a time span of at most 24 h');
  const wholeNumber = (name: string, fallback: string, max: number): number =>
    read(name, fallback, (text) => parseWholeNumber(text, max), `a whole number from 0 to ${max}`);

  const settings: Settings = {
    port: wholeNumber('SESSION_HOST_PORT', '7072', 65_535),
    dataFolder: resolve(environment.LEASE_KEEPER_DATA || '.data'),
    startupMs: read('SESSION_HOST_STARTUP', '00:00:02', parseTimeSpanMs, 'a time span, [d.]hh:mm:ss'),
    trouble: {
      callGapMs: shortSpan('SESSION_HOST_CALL_GAP'),
      delayMs: shortSpan('SESSION_HOST_DELAY'),
      failing: read('SESSION_HOST_FAILING', '0', parseShare, 'a number from 0 to 1'),
      full: read('SESSION_HOST_FULL', 'false', parseBoolean, 'true or false'),
    },
    places: {
      Standard: wholeNumber('SESSION_HOST_STANDARD_PLACES', '64', MAX_PLACES),
      Premium: wholeNumber('SESSION_HOST_PREMIUM_PLACES', '16', MAX_PLACES),
    },
    accountId: read(
      'SESSION_HOST_ACCOUNT_ID',
      DEMO_ACCOUNT.accountId,
      (text) => (ACCOUNT_ID.test(text) ? text.toLowerCase() : undefined),
      'a GUID',
    ),
    accountKey: read(
      'SESSION_HOST_ACCOUNT_KEY',
      DEMO_ACCOUNT.key,
      (text) => (/^\S+$/.test(text) ? text : undefined),
      'without white space',
    ),
    command: readCommand(environment.SESSION_HOST_COMMAND, faults),
  };
  if (faults.length > 0) throw new ConfigError(faults);
  return settings;
};

const readCommand = (template: string | undefined, faults: string[]): string[] => {
  if (!template) return [process.execPath, join(import.meta.dirname, 'server.ts')];
  const words = splitCommand(template);
  if (words !== undefined) return words;
  faults.push('SESSION_HOST_COMMAND must be a command whose quotes are closed');
  return [];
};

const parseTimeSpanMs = (text: string): number | undefined => {
  const minutes = parseTimeSpanMinutes(text);
  return minutes === undefined ? undefined : Math.round(minutes * 60_000);
};

const parseShare = (text: string): number | undefined =>
  /^\d*\.?\d+$/.test(text) && Number(text) <= 1 ? Number(text) : undefined;

const parseBoolean = (text: string): boolean | undefined =>
  text === 'true' || text === 'false' ? text === 'true' : undefined;

const parseWholeNumber = (text: string, max: number): number | undefined =>
  /^\d{1,9}$/.test(text) && Number(text) <= max ? Number(text) : undefined;
