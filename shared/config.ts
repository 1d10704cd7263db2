import { MIN_TOKEN_SECRET_BYTES } from './auth.ts';
import {
  type AccountConfig,
  checkExtension,
  endpointSchema,
  NOT_A_SPAN,
  type PolicyDefaults,
  readAccounts,
} from './config-accounts.ts';
import { readStorage, type StorageConfig, secretsOfConnection } from './config-storage.ts';
import { ConfigError } from './errors.ts';
import { MINUTE_MS } from './lease.ts';
import { isNcrontab, longestTickMs } from './ncrontab.ts';
import { parseTimeSpanMinutes } from './protocol/time-span.ts';
import type { CallRates } from './throttle.ts';

export { type AccountConfig, DEMO_ACCOUNT } from './config-accounts.ts';

/** The settings of the app: read once, checked, and every fault reported together. */

export interface Config {
  storage: StorageConfig;
  accounts: readonly AccountConfig[];
  tokenSecrets: readonly Uint8Array[];
  sweepSchedule: string;
  rates: CallRates;
  /** Without a slash at its end; undefined: what each request names. */
  publicUrl: string | undefined;
  telemetryConnectionString: string | undefined;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** The settings that are time spans, with their defaults in minutes (undefined: none). */
const SPANS = {
  KEEPER_IDLE_TIMEOUT: 30,
  KEEPER_MAX_LIFETIME: undefined,
  KEEPER_RENEW_MARGIN: 10,
  KEEPER_EXTENSION: 60,
  KEEPER_OBSERVE_INTERVAL: 10,
  KEEPER_LAUNCH_TIMEOUT: 5,
  KEEPER_ORPHAN_GRACE: 5,
} as const;
type SpanName = keyof typeof SPANS;

const RATE = { least: 0.1, most: 100_000 } as const;

/**
 * Reads the app's settings. `readFile` is for `KEEPER_ACCOUNTS=@path`, so that keys can be mounted as a file.
 *
 * @throws ConfigError with every fault, none of which quotes a key or a secret
 */
export const loadConfig = (environment: Environment, readFile: (path: string) => string): Config => {
  const faults: string[] = [];
  const storage = readStorage(environment, faults);
  const tokenSecrets = readSecrets(required(environment, 'KEEPER_TOKEN_SECRETS', faults), faults);
  const sweepSchedule = environment.KEEPER_SWEEP_SCHEDULE?.trim() || '0 * * * * *';
  if (!isNcrontab(sweepSchedule)) {
    faults.push('KEEPER_SWEEP_SCHEDULE: must be an NCRONTAB expression of six fields, such as "0 * * * * *"');
  }
  const spans = readSpans(environment, faults);
  const keepAlive = readBoolean(environment, 'KEEPER_KEEP_ALIVE', faults);
  const defaults: PolicyDefaults = {
    keepAlive,
    idleTimeout: spans.KEEPER_IDLE_TIMEOUT ?? null,
    maxLifetime: spans.KEEPER_MAX_LIFETIME ?? null,
    renewMargin: spans.KEEPER_RENEW_MARGIN ?? 0,
    extension: spans.KEEPER_EXTENSION ?? 0,
    observeIntervalMs: (spans.KEEPER_OBSERVE_INTERVAL ?? 0) * MINUTE_MS,
    launchTimeoutMs: (spans.KEEPER_LAUNCH_TIMEOUT ?? 0) * MINUTE_MS,
    orphanGraceMs: (spans.KEEPER_ORPHAN_GRACE ?? 0) * MINUTE_MS,
    awayMs: awayMs(sweepSchedule),
    absentMs: ABSENT_TICKS * tickMs(sweepSchedule),
  };
  if (spans.KEEPER_EXTENSION !== undefined && spans.KEEPER_RENEW_MARGIN !== undefined) {
    checkExtension('KEEPER_EXTENSION', defaults, faults);
  }
  const accounts = readAccounts(
    required(environment, 'KEEPER_ACCOUNTS', faults),
    { readFile, defaults, isLocal: environment.AZURE_FUNCTIONS_ENVIRONMENT === 'Development' },
    faults,
  );
  const rates: CallRates = {
    readsPerSecond: readRate(environment, 'KEEPER_READS_PER_SECOND', 200, faults),
    writesPerSecond: readRate(environment, 'KEEPER_WRITES_PER_SECOND', 50, faults),
    heartbeatsPerSecond: readRate(environment, 'KEEPER_HEARTBEATS_PER_SECOND', 500, faults),
  };
  const telemetryConnectionString = environment.APPLICATIONINSIGHTS_CONNECTION_STRING?.trim() || undefined;
  if (
    telemetryConnectionString !== undefined &&
    !/InstrumentationKey=[\da-f-]{36}/i.test(telemetryConnectionString)
  ) {
    faults.push('APPLICATIONINSIGHTS_CONNECTION_STRING: must have an InstrumentationKey in it');
  }
  const publicUrl = readPublicUrl(environment, faults);
  if (faults.length > 0) throw new ConfigError(faults);
  return {
    storage,
    accounts,
    tokenSecrets,
    sweepSchedule,
    rates,
    publicUrl,
    telemetryConnectionString,
  };
};

/** Everything in the settings that nobody may be told, as texts. */
export const secretsOf = ({ storage, accounts, tokenSecrets }: Config): string[] => [
  ...accounts.flatMap(({ keys, upstream }) => [...keys, upstream.accountKey]),
  ...tokenSecrets.map((secret) => Buffer.from(secret).toString('base64')),
  ...(storage.by === 'connection string' ? secretsOfConnection(storage.connectionString) : []),
];

const AWAY_TICKS = 3;
const AWAY_LEAST_MS = 5 * MINUTE_MS;

/** Without a sweep for so long, the keeper was away: three ticks, and not the moment that a deployment takes. */
const awayMs = (schedule: string): number => Math.max(AWAY_TICKS * tickMs(schedule), AWAY_LEAST_MS);

/** A tick that is late, or fails once, is nothing to speak of. */
const ABSENT_TICKS = 2;

const tickMs = (schedule: string): number => (isNcrontab(schedule) ? longestTickMs(schedule) : 0);

const readPublicUrl = (environment: Environment, faults: string[]): string | undefined => {
  const text = environment.KEEPER_PUBLIC_URL?.trim() ?? '';
  if (text === '') return undefined;
  const result = endpointSchema.safeParse(text);
  if (!result.success) faults.push('KEEPER_PUBLIC_URL: must be an https URL (http for this machine only)');
  return result.data;
};

const required = (environment: Environment, name: string, faults: string[]): string => {
  const value = environment[name]?.trim() ?? '';
  if (value === '') faults.push(`${name}: is missing`);
  return value;
};

const readBoolean = (environment: Environment, name: string, faults: string[]): boolean => {
  const value = environment[name]?.trim().toLowerCase() || 'false';
  if (value !== 'true' && value !== 'false') faults.push(`${name}: must be true or false`);
  return value === 'true';
};

const readSpans = (environment: Environment, faults: string[]): Record<SpanName, number | undefined> => {
  const read = (name: SpanName): number | undefined => {
    const text = environment[name]?.trim() ?? '';
    if (text === '') return SPANS[name];
    const minutes = parseTimeSpanMinutes(text);
    if (minutes !== undefined && minutes > 0) return minutes;
    faults.push(`${name}: ${NOT_A_SPAN}`);
    return undefined;
  };
  const entries = (Object.keys(SPANS) as SpanName[]).map((name) => [name, read(name)] as const);
  return Object.fromEntries(entries) as Record<SpanName, number | undefined>;
};

/** A plain decimal number: what JavaScript also takes for one (1e3, 0x10, Infinity) is more likely a slip. */
const readRate = (environment: Environment, name: string, fallback: number, faults: string[]): number => {
  const text = environment[name]?.trim() || String(fallback);
  const rate = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  if (rate >= RATE.least && rate <= RATE.most) return rate;
  faults.push(`${name}: must be a number from ${RATE.least} to ${RATE.most}, such as ${fallback}`);
  return fallback;
};

const BASE64 = /^[A-Za-z0-9+/_-]+={0,2}$/;

const readSecrets = (text: string, faults: string[]): Uint8Array[] => {
  if (text === '') return [];
  const parts = text.split(/[\s,;]+/).filter((part) => part !== '');
  if (parts.length === 0) faults.push('KEEPER_TOKEN_SECRETS: needs at least one secret');
  return parts.map((part, index) => {
    const secret = Buffer.from(part, 'base64');
    if (!BASE64.test(part) || secret.byteLength < MIN_TOKEN_SECRET_BYTES) {
      const wanted = `base64 of at least ${MIN_TOKEN_SECRET_BYTES} bytes`;
      faults.push(`KEEPER_TOKEN_SECRETS: secret ${index + 1} must be ${wanted}`);
    }
    return secret;
  });
};
