import { StartupError } from './startup-error.ts';

export interface QueueSettings {
  /** The longest pause between two looks into an empty queue. */
  readonly maxPollingIntervalMilliseconds: number;
  /** How long a message rests after a delivery that failed. */
  readonly visibilityTimeoutSeconds: number;
  /** How many messages are fetched at once, at most 32. */
  readonly batchSize: number;
  /** More are fetched when no more than this many are still being worked on. */
  readonly newBatchThreshold: number;
  /** After this many failed deliveries a message goes to the poison queue. */
  readonly maxDequeueCount: number;
  readonly messageEncoding: 'base64' | 'none';
}

export interface HostSettings {
  /** The first segments of every route, without slashes at the ends; may be empty. */
  readonly routePrefix: string;
  readonly queues: QueueSettings;
  /** How long one invocation may take; undefined = as long as it likes. */
  readonly functionTimeoutMilliseconds: number | undefined;
}

/** These are about Azure (its telemetry, its extension packages) and mean nothing on one machine. */
const IGNORED = ['$schema', 'logging', 'extensionBundle', 'telemetryMode'];

const TIME_SPAN = /^(\d{1,2}):([0-5]\d):([0-5]\d)$/;

type Section = Readonly<Record<string, unknown>>;

/** A setting as people write about it; the outermost ones are in no section. */
const nameOf = (where: string, key: string): string => (where === '' ? key : `${where}.${key}`);

const sectionOf = (value: unknown, where: string, known: readonly string[]): Section => {
  if (value === undefined) return {};
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new StartupError(`host.json${where === '' ? '' : `: "${where}"`} is not an object`);
  const section = value as Section;
  for (const key of Object.keys(section)) {
    if (!known.includes(key))
      throw new StartupError(
        `host.json: "${nameOf(where, key)}" is not supported by the local functions host`,
      );
  }
  return section;
};

/** A setting that is a time span `hh:mm:ss`, in seconds. */
const secondsOf = (section: Section, where: string, key: string, fallbackSeconds: number): number => {
  const value = section[key];
  if (value === undefined) return fallbackSeconds;
  const match = typeof value === 'string' ? TIME_SPAN.exec(value) : null;
  if (match === null)
    throw new StartupError(`host.json: "${nameOf(where, key)}" is not a time span hh:mm:ss`);
  return Number(match[1]) * 3600 + Number(match[2]) * 60 + Number(match[3]);
};

const wholeNumberOf = (
  section: Section,
  where: string,
  key: string,
  fallback: number,
  range: readonly [least: number, most: number],
): number => {
  const value = section[key] ?? fallback;
  const [least, most] = range;
  if (typeof value !== 'number' || !Number.isInteger(value) || value < least || value > most)
    throw new StartupError(
      `host.json: "${nameOf(where, key)}" is not a whole number from ${least} to ${most}`,
    );
  return value;
};

const queuesOf = (value: unknown): QueueSettings => {
  const where = 'extensions.queues';
  const section = sectionOf(value, where, [
    'maxPollingInterval',
    'visibilityTimeout',
    'batchSize',
    'newBatchThreshold',
    'maxDequeueCount',
    'messageEncoding',
  ]);
  const messageEncoding = section.messageEncoding ?? 'base64';
  if (messageEncoding !== 'base64' && messageEncoding !== 'none')
    throw new StartupError(`host.json: "${where}.messageEncoding" is neither "base64" nor "none"`);
  const batchSize = wholeNumberOf(section, where, 'batchSize', 16, [1, 32]);
  return {
    // Azure's own floor is 100 ms, which is also where the polling starts.
    maxPollingIntervalMilliseconds: Math.max(100, secondsOf(section, where, 'maxPollingInterval', 60) * 1000),
    visibilityTimeoutSeconds: secondsOf(section, where, 'visibilityTimeout', 0),
    batchSize,
    newBatchThreshold: wholeNumberOf(
      section,
      where,
      'newBatchThreshold',
      Math.floor(batchSize / 2),
      [0, 1000],
    ),
    maxDequeueCount: wholeNumberOf(section, where, 'maxDequeueCount', 5, [1, 1000]),
    messageEncoding,
  };
};

const routePrefixOf = (value: unknown): string => {
  const routePrefix = sectionOf(value, 'extensions.http', ['routePrefix']).routePrefix ?? 'api';
  if (typeof routePrefix !== 'string')
    throw new StartupError('host.json: "extensions.http.routePrefix" is not a text');
  return routePrefix.replace(/^\/+|\/+$/g, '');
};

/**
 * Reads the text of a host.json, with Azure's defaults for what it leaves out.
 *
 * Throws a StartupError for anything that it does not understand, because a setting that is silently ignored here
 * would make the app behave otherwise than in Azure.
 */
export const parseHostJson = (text: string): HostSettings => {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw new StartupError(
      `host.json is not JSON: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  const root = sectionOf(parsed, '', [...IGNORED, 'version', 'extensions', 'functionTimeout']);
  if (root.version !== '2.0') throw new StartupError('host.json: "version" is not "2.0"');
  const extensions = sectionOf(root.extensions, 'extensions', ['http', 'queues']);
  return {
    routePrefix: routePrefixOf(extensions.http),
    queues: queuesOf(extensions.queues),
    functionTimeoutMilliseconds:
      root.functionTimeout === '-1' ? undefined : secondsOf(root, '', 'functionTimeout', 30 * 60) * 1000,
  };
};
