import * as z from 'zod';
import { MINUTE_MS } from './lease.ts';
import { timeSpanSchema } from './protocol/time-span-schema.ts';
import { ACCOUNT_ID } from './protocol/vocabulary.ts';
import type { AccountRules, Policy } from './session.ts';

/** The accounts that the app serves: what `KEEPER_ACCOUNTS` says, over what the other settings give to all of them. */

export interface AccountConfig {
  accountId: string;
  keys: readonly string[];
  upstream: { endpoint: string; tokenEndpoint: string; accountId: string; accountKey: string };
  /** What a session gets where its client says nothing. */
  policy: Policy;
  rules: AccountRules;
}

/** The account of the local stack: public, and therefore refused anywhere else. */
export const DEMO_ACCOUNT = {
  accountId: '11111111-1111-1111-1111-111111111111',
  key: 'bG9jYWwtZGV2ZWxvcG1lbnQta2V5LW5vdC1hLXNlY3JldA==',
} as const;

/** An account key is compared as text; this many characters keep a short word from being one. */
const MIN_KEY_CHARACTERS = 16;

/** What all accounts have whose own `policy` says nothing else; in minutes where the name has no unit. */
export interface PolicyDefaults {
  keepAlive: boolean;
  idleTimeout: number | null;
  maxLifetime: number | null;
  renewMargin: number;
  extension: number;
  observeIntervalMs: number;
  launchTimeoutMs: number;
  orphanGraceMs: number;
  awayMs: number;
  absentMs: number;
}

interface Surroundings {
  readFile: (path: string) => string;
  defaults: PolicyDefaults;
  /** Whether the demo account may be used. */
  isLocal: boolean;
}

/** Renewing must leave time for the next renewal, or a session would be renewed over and over. */
export const checkExtension = (
  name: string,
  policy: Pick<PolicyDefaults, 'extension' | 'renewMargin'>,
  faults: string[],
): void => {
  if (policy.extension < 2 * policy.renewMargin)
    faults.push(`${name}: must be at least twice the renew margin`);
};

export const NOT_A_SPAN = 'must be a time span above zero, such as 00:10:00';
const timeSpan = timeSpanSchema((minutes) => minutes > 0, { notOne: NOT_A_SPAN, notAllowed: NOT_A_SPAN });

/** The rule of thumb of the service's throttling: 5 to 10 s between two calls. */
const CALL_GAP_MINUTES = 5 / 60;
const NOT_A_GAP = 'must be a time span of at most a minute, such as 00:00:05';
const callGap = timeSpanSchema((minutes) => minutes <= 1, { notOne: NOT_A_GAP, notAllowed: NOT_A_GAP });

/** Keys travel to the upstream: over TLS, or without leaving this machine. */
export const endpointSchema = z.string().transform((text, context) => {
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
        endpoint: endpointSchema,
        tokenEndpoint: endpointSchema.optional(),
        accountId,
        accountKey: key,
        callGap: callGap.optional(),
        exclusive: z.boolean().default(false),
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

/**
 * Reads the text of `KEEPER_ACCOUNTS`: JSON, or `@path` of a file with it. Empty text has been reported already. The
 * result is whole only where nothing was added to `faults`, none of which quotes a key.
 */
export const readAccounts = (
  text: string,
  { readFile, defaults, isLocal }: Surroundings,
  faults: string[],
): AccountConfig[] => {
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
  const { renewMargin, extension, observeIntervalMs, launchTimeoutMs, orphanGraceMs } = defaults;
  const { awayMs, absentMs } = defaults;
  const { callGap: gap, exclusive, ...source } = upstream;
  // The local upstream has no limit, and nobody to share it with.
  const callGapMinutes = gap ?? (id === DEMO_ACCOUNT.accountId ? 0 : CALL_GAP_MINUTES);
  return {
    accountId: id,
    keys,
    upstream: { ...source, tokenEndpoint: source.tokenEndpoint ?? source.endpoint },
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
      callGapMs: Math.round(callGapMinutes * MINUTE_MS),
      awayMs,
      absentMs,
      isExclusive: exclusive,
      orphanGraceMs,
    },
  };
};
