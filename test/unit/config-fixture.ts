import { expect } from 'vitest';
import { type AccountConfig, type Config, loadConfig } from '../../shared/config.ts';
import { ConfigError } from '../../shared/errors.ts';

/** Good settings, full of canaries, and the ways to break them. */

export type Environment = Record<string, string | undefined>;
export type Json = Record<string, unknown>;

export const ID = 'aaaaaaaa-1111-4111-8111-aaaaaaaaaaaa';
export const OTHER_ID = 'bbbbbbbb-2222-4222-8222-bbbbbbbbbbbb';
/** Nothing of these may ever be told. */
export const KEY = 'CANARY-account-key-1';
const UPSTREAM_KEY = 'CANARY-upstream-key-2';
export const SECRET_BYTES = Buffer.from('CANARY-secret-of-at-least-32-bytes');
export const SECRET = SECRET_BYTES.toString('base64');
export const STORAGE = 'AccountName=someone;AccountKey=CANARY-of-storage';
const CANARY = /canary|Q0FOQVJZ/i;

export const UPSTREAM = {
  endpoint: 'https://upstream.example',
  accountId: OTHER_ID,
  accountKey: UPSTREAM_KEY,
};
export const ACCOUNT = { accountId: ID, keys: [KEY], upstream: UPSTREAM };
export const accounts = (...list: Json[]): Environment => ({ KEEPER_ACCOUNTS: JSON.stringify(list) });
export const withUpstream = (upstream: Json): Environment =>
  accounts({ ...ACCOUNT, upstream: { ...UPSTREAM, ...upstream } });
export const withPolicy = (policy: unknown): Environment => accounts({ ...ACCOUNT, policy });
const GOOD: Environment = {
  AzureWebJobsStorage: STORAGE,
  KEEPER_TOKEN_SECRETS: SECRET,
  ...accounts(ACCOUNT),
};
const FILES: Readonly<Record<string, string>> = {
  '/run/accounts.json': JSON.stringify([ACCOUNT]),
  '/run/with-bom.json': `\uFEFF${JSON.stringify([ACCOUNT])}`,
  '/run/broken.json': `[{ "keys": ["${KEY}" "${KEY}"] }]`,
};
const readFile = (path: string): string => {
  const text = FILES[path];
  if (text === undefined) throw new Error(`ENOENT: ${path} ${KEY}`);
  return text;
};

export const load = (environment: Environment = {}): Config =>
  loadConfig({ ...GOOD, ...environment }, readFile);
export const loadAccount = (environment: Environment = {}): AccountConfig | undefined =>
  load(environment).accounts[0];
/** Every fault; and however the settings are wrong, none of them tells a key or a secret. */
export const faultsOf = (environment: Environment): readonly string[] => {
  try {
    load(environment);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    expect(`${error.message}${error.stack}${JSON.stringify(error)}${String(error.cause)}`).not.toMatch(
      CANARY,
    );
    return error.faults;
  }
  return [];
};
