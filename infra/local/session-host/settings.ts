import { join, resolve } from 'node:path';
import { DEMO_ACCOUNT } from '../../../shared/config.ts';
import { ConfigError } from '../../../shared/errors.ts';
import { parseTimeSpanMinutes } from '../../../shared/protocol/time-span.ts';
import { ACCOUNT_ID, type Size } from '../../../shared/protocol/vocabulary.ts';
import { splitCommand } from './command.ts';

export interface Settings {
  /** 0 = the system chooses a free one. */
  port: number;
  /** Absolute. */
  dataFolder: string;
  startupMs: number;
  callGapMs: number;
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
  const timeSpan = (name: string, fallback: string): number =>
    read(name, fallback, parseTimeSpanMs, 'a time span, [d.]hh:mm:ss');
  const wholeNumber = (name: string, fallback: string, max: number): number =>
    read(name, fallback, (text) => parseWholeNumber(text, max), `a whole number from 0 to ${max}`);

  const settings: Settings = {
    port: wholeNumber('SESSION_HOST_PORT', '7072', 65_535),
    dataFolder: resolve(environment.LEASE_KEEPER_DATA || '.data'),
    startupMs: timeSpan('SESSION_HOST_STARTUP', '00:00:02'),
    callGapMs: timeSpan('SESSION_HOST_CALL_GAP', '00:00:00'),
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

const parseWholeNumber = (text: string, max: number): number | undefined =>
  /^\d{1,9}$/.test(text) && Number(text) <= max ? Number(text) : undefined;
