import { z } from 'zod';
import { MIN_TOKEN_SECRET_BYTES } from './auth.ts';
import { ConfigError } from './errors.ts';
import { MINUTE_MS } from './lease.ts';
import { isNcrontab } from './ncrontab.ts';
import { ACCOUNT_ID } from './protocol/session-2021.ts';
import { parseTimeSpanMinutes } from './protocol/time-span.ts';
import { timeSpanSchema } from './protocol/time-span-schema.ts';
import type { Policy, Rules } from './session.ts';

/** The settings of the app: read once, checked, and every fault reported together. */

export interface AccountConfig {
  accountId: string;
  keys: readonly string[];
  upstream: { endpoint: string; tokenEndpoint: string; accountId: string; accountKey: string };
  /** What a session gets where its client says nothing. */
  policy: Policy;
  rules: Rules;
}

export interface Config {
  storageConnectionString: string;
  accounts: readonly AccountConfig[];
  tokenSecrets: readonly Uint8Array[];
  sweepSchedule: string;
  telemetryConnectionString: string | undefined;
}

/** The account of the local stack: public, and therefore refused anywhere else. */
export const DEMO_ACCOUNT = {
  accountId: '11111111-1111-1111-1111-111111111111',
  key: 'bG9jYWwtZGV2ZWxvcG1lbnQta2V5LW5vdC1hLXNlY3JldA==',
} as const;

type Environment = Readonly<Record<string, string | undefined>>;

/** The settings that are time spans, with their defaults in minutes (undefined: none). */
const SPANS = {
  KEEPER_IDLE_TIMEOUT: 30,
  KEEPER_MAX_LIFETIME: undefined,
  KEEPER_RENEW_MARGIN: 10,
  KEEPER_EXTENSION: 60,
  KEEPER_OBSERVE_INTERVAL: 10,
  KEEPER_LAUNCH_TIMEOUT: 5,
} as const;
type SpanName = keyof typeof SPANS;

/** An account key is compared as text; this many characters keep a short word from being one. */
const MIN_KEY_CHARACTERS = 16;

/**
 * Reads the app's settings. `readFile` is for `KEEPER_ACCOUNTS=@path`, so that keys can be mounted as a file.
 *
 * @throws ConfigError with every fault, none of which quotes a key or a secret
 */
export const loadConfig = (environment: Environment, readFile: (path: string) => string): Config => {
  const faults: string[] = [];
  const storageConnectionString = required(environment, 'AzureWebJobsStorage', faults);
  if (storageConnectionString !== '' && !isStorageConnection(storageConnectionString)) {
    faults.push('AzureWebJobsStorage: must be the connection string of a storage account');
  }
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
  };
  if (spans.KEEPER_EXTENSION !== undefined && spans.KEEPER_RENEW_MARGIN !== undefined) {
    checkExtension('KEEPER_EXTENSION', defaults, faults);
  }
  const accounts = readAccounts(environment, readFile, defaults, faults);
  const telemetryConnectionString = environment.APPLICATIONINSIGHTS_CONNECTION_STRING?.trim() || undefined;
  if (
    telemetryConnectionString !== undefined &&
    !/InstrumentationKey=[\da-f-]{36}/i.test(telemetryConnectionString)
  ) {
    faults.push('APPLICATIONINSIGHTS_CONNECTION_STRING: must have an InstrumentationKey in it');
  }
  if (faults.length > 0) throw new ConfigError(faults);
  return { storageConnectionString, accounts, tokenSecrets, sweepSchedule, telemetryConnectionString };
};

interface PolicyDefaults {
  keepAlive: boolean;
  idleTimeout: number | null;
  maxLifetime: number | null;
  renewMargin: number;
  extension: number;
  observeIntervalMs: number;
  launchTimeoutMs: number;
}

const required = (environment: Environment, name: string, faults: string[]): string => {
  const value = environment[name]?.trim() ?? '';
  if (value === '') faults.push(`${name}: is missing`);
  return value;
};

/** What the SDK can work with: the emulator's short form, or an account with a key or a signature. */
const isStorageConnection = (text: string): boolean => {
  const names = new Set(text.split(';').map((part) => part.split('=')[0]?.trim().toLowerCase()));
  return (
    /^UseDevelopmentStorage=true;?$/i.test(text) ||
    (names.has('accountname') && names.has('accountkey')) ||
    (names.has('tableendpoint') && names.has('sharedaccesssignature'))
  );
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

/** Renewing must leave time for the next renewal, or a session would be renewed over and over. */
const checkExtension = (
  name: string,
  policy: Pick<PolicyDefaults, 'extension' | 'renewMargin'>,
  faults: string[],
): void => {
  if (policy.extension < 2 * policy.renewMargin)
    faults.push(`${name}: must be at least twice the renew margin`);
};

const NOT_A_SPAN = 'must be a time span above zero, such as 00:10:00';
const timeSpan = timeSpanSchema((minutes) => minutes > 0, { notOne: NOT_A_SPAN, notAllowed: NOT_A_SPAN });

/** Keys travel to the upstream: over TLS, or without leaving this machine. */
const endpoint = z.string().transform((text, context) => {
  const url = URL.parse(text);
  const isPlain = url !== null && url.username === '' && url.password === '' && !/[?#]/.test(url.href);
  const isLocal = url?.protocol === 'http:' && /^(127(\.\d+){3}|localhost|\[::1\])$/.test(url.hostname);
  if (isPlain && (url.protocol === 'https:' || isLocal)) return url.href.replace(/\/+$/, '');
  context.issues.push({
    code: 'custom',
    input: text,
    message: 'must be an https URL (http for this machine only)',
  });
  return z.NEVER;
});

const accountId = z
  .string()
  .regex(ACCOUNT_ID, 'must be a GUID')
  .transform((text) => text.toLowerCase());
const key = z
  .string()
  .min(MIN_KEY_CHARACTERS, `must have at least ${MIN_KEY_CHARACTERS} characters`)
  .regex(/^\S+$/, 'must have no blanks in it: a header carries it');

const accountsSchema = z
  .array(
    z.strictObject({
      accountId,
      keys: z.array(key).min(1, 'needs at least one key'),
      upstream: z.strictObject({
        endpoint,
        tokenEndpoint: endpoint.optional(),
        accountId,
        accountKey: key,
      }),
      policy: z
        .strictObject({
          keepAlive: z.boolean().optional(),
          idleTimeout: timeSpan.nullish(),
          maxLifetime: timeSpan.nullish(),
          renewMargin: timeSpan.optional(),
          extension: timeSpan.optional(),
        })
        .default({}),
    }),
  )
  .min(1, 'needs at least one account');

const readAccounts = (
  environment: Environment,
  readFile: (path: string) => string,
  defaults: PolicyDefaults,
  faults: string[],
): AccountConfig[] => {
  const text = required(environment, 'KEEPER_ACCOUNTS', faults);
  if (text === '') return [];
  const value = readJson(text, readFile, faults);
  if (value === undefined) return [];
  const result = accountsSchema.safeParse(value);
  if (!result.success) {
    faults.push(
      ...result.error.issues.map(({ path, message }) => `KEEPER_ACCOUNTS${pathText(path)}: ${message}`),
    );
    return [];
  }
  const isLocal = environment.AZURE_FUNCTIONS_ENVIRONMENT === 'Development';
  const ids = result.data.map((account) => account.accountId);
  result.data.forEach((account, index) => {
    const name = `KEEPER_ACCOUNTS[${index}]`;
    if (ids.indexOf(account.accountId) !== index) faults.push(`${name}.accountId: is there twice`);
    if (!isLocal && isDemo(account)) faults.push(`${name}: the demo account is for local development only`);
    const { extension = defaults.extension, renewMargin = defaults.renewMargin } = account.policy;
    // An account that says nothing has the defaults, whose fault is told once.
    const isOwn = account.policy.extension !== undefined || account.policy.renewMargin !== undefined;
    if (isOwn) checkExtension(`${name}.policy.extension`, { extension, renewMargin }, faults);
  });
  return result.data.map((account) => toAccount(account, defaults));
};

const readJson = (text: string, readFile: (path: string) => string, faults: string[]): unknown => {
  try {
    return JSON.parse(text.startsWith('@') ? withoutByteOrderMark(readFile(text.slice(1))) : text);
  } catch (error) {
    // The parser's own message would quote the text, which holds keys.
    const isUnreadable = text.startsWith('@') && !(error instanceof SyntaxError);
    faults.push(`KEEPER_ACCOUNTS: ${isUnreadable ? 'its file cannot be read' : 'is not JSON'}`);
    return undefined;
  }
};

/** Some editors and shells write one in front of a file. */
const withoutByteOrderMark = (text: string): string => text.replace(/^\uFEFF/, '');

const pathText = (path: readonly PropertyKey[]): string =>
  path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`)).join('');

const isDemo = ({ accountId: id, keys, upstream }: z.output<typeof accountsSchema>[number]): boolean =>
  id === DEMO_ACCOUNT.accountId ||
  keys.includes(DEMO_ACCOUNT.key) ||
  upstream.accountKey === DEMO_ACCOUNT.key;

const toAccount = (
  { accountId: id, keys, upstream, policy }: z.output<typeof accountsSchema>[number],
  defaults: PolicyDefaults,
): AccountConfig => {
  const { renewMargin, extension, observeIntervalMs, launchTimeoutMs } = defaults;
  return {
    accountId: id,
    keys,
    upstream: { ...upstream, tokenEndpoint: upstream.tokenEndpoint ?? upstream.endpoint },
    policy: {
      keepAlive: policy.keepAlive ?? defaults.keepAlive,
      idleTimeoutMinutes: policy.idleTimeout === undefined ? defaults.idleTimeout : policy.idleTimeout,
      idleTimeoutExplicit: false,
      maxLifetimeMinutes: policy.maxLifetime === undefined ? defaults.maxLifetime : policy.maxLifetime,
    },
    rules: {
      renewMarginMinutes: policy.renewMargin ?? renewMargin,
      extensionMinutes: policy.extension ?? extension,
      observeIntervalMs,
      launchTimeoutMs,
    },
  };
};
