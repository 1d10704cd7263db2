import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { type AccountConfig, type Config, loadConfig } from '../../shared/config.ts';
import { localSettings, readStackSettings } from '../local/stack.ts';

/** What the doctor was asked for, and where it looks. */

/** The command line, or the settings, are wrong: nothing was looked at. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

export interface Request {
  account: AccountConfig;
  config: Config;
  isForced: boolean;
  isJson: boolean;
}

const USAGE = 'npm run doctor -- --account <id> [--json] [--force]';

/** No token is signed or checked here, so nobody has to know a secret for it. */
const UNUSED_SECRET = Buffer.alloc(32).toString('base64');

/**
 * The app's own settings; what is not set is what the local stack has with the same environment.
 *
 * @throws UsageError, ConfigError, RangeError
 */
export const readRequest = (argv: readonly string[], environment: NodeJS.ProcessEnv): Request => {
  const { account: wanted, force, json } = readArguments(argv);
  const local = localSettings(readStackSettings(environment));
  const isByIdentity = (environment.AzureWebJobsStorage__tableServiceUri ?? '') !== '';
  const isLocal = (environment.KEEPER_ACCOUNTS ?? '') === '';
  const config = loadConfig(
    {
      ...environment,
      KEEPER_TOKEN_SECRETS: UNUSED_SECRET,
      AzureWebJobsStorage: environment.AzureWebJobsStorage || (isByIdentity ? '' : local.AzureWebJobsStorage),
      KEEPER_ACCOUNTS: environment.KEEPER_ACCOUNTS || local.KEEPER_ACCOUNTS,
      ...(isLocal ? { AZURE_FUNCTIONS_ENVIRONMENT: 'Development' } : {}),
    },
    (path) => readFileSync(path, 'utf8'),
  );
  const account = config.accounts.find(({ accountId }) => accountId === wanted?.toLowerCase());
  if (account !== undefined) return { account, config, isForced: force, isJson: json };
  const known = config.accounts.map(({ accountId }) => `  ${accountId}`).join('\n');
  const what = wanted === undefined ? 'which account?' : 'no account that is configured has this id.';
  throw new UsageError(`${what}\n\n${USAGE}\n\nConfigured accounts:\n${known}`);
};

const readArguments = (argv: readonly string[]) => {
  const options = {
    account: { type: 'string' },
    force: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  } as const;
  try {
    return parseArgs({ args: [...argv], options }).values;
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new UsageError(`${error.message}\n\n${USAGE}`);
  }
};
