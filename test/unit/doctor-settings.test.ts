import { describe, expect, it } from 'vitest';
import { readRequest, UsageError } from '../../infra/doctor/settings.ts';
import { duration, when } from '../../infra/doctor/words.ts';
import { DEMO_ACCOUNT } from '../../shared/config.ts';
import { minutes, seconds, T0 } from '../builders.ts';

/** Where the doctor looks, and what it says of time. */

const { accountId, key } = DEMO_ACCOUNT;
const usageOf = (argv: string[], environment = {}): string => {
  try {
    readRequest(argv, environment);
  } catch (error) {
    if (error instanceof UsageError) return error.message;
    throw error;
  }
  throw new Error('nothing was wrong');
};

describe('the request', () => {
  it('is about the local stack where nothing is set', () => {
    const ports = { AZURITE_TABLE_PORT: '4002', SESSION_HOST_PORT: '4072' };
    const { account, config, isForced, isJson } = readRequest(['--account', accountId.toUpperCase()], ports);
    expect(account.upstream.endpoint).toBe('http://127.0.0.1:4072');
    expect(config.storage).toMatchObject({
      connectionString: expect.stringContaining('TableEndpoint=http://127.0.0.1:4002/'),
    });
    expect({ isForced, isJson }).toEqual({ isForced: false, isJson: false });
  });

  it("is about the app's own settings where they are set", () => {
    const other = '22222222-2222-2222-2222-222222222222';
    const upstream = { endpoint: 'https://a.example', accountId: other, accountKey: 'a-key-of-an-upstream' };
    const environment = {
      AzureWebJobsStorage: 'AccountName=a;AccountKey=b',
      KEEPER_ACCOUNTS: JSON.stringify([{ accountId: other, keys: ['a-key-of-an-account'], upstream }]),
    };
    const { account, config, isForced, isJson } = readRequest(
      ['--account', other, '--json', '--force'],
      environment,
    );
    expect(account.upstream.endpoint).toBe('https://a.example');
    expect(config.storage).toMatchObject({ connectionString: 'AccountName=a;AccountKey=b' });
    expect({ isForced, isJson }).toEqual({ isForced: true, isJson: true });
    // The demo account is none of theirs.
    expect(usageOf(['--account', accountId], environment)).toContain(other);
  });

  it.each([[[]], [['--account', 'nobody']], [['--account']], [['--what']], [['stray']]])(
    'that is not one (%j) is told how to be one, without a key',
    (argv) => {
      const said = usageOf(argv);
      expect(said).toContain('npm run doctor -- --account <id>');
      expect(said).not.toContain(key);
    },
  );

  it('that names no account is told the accounts', () => {
    expect(usageOf([])).toContain(accountId);
    expect(usageOf(['--account', 'nobody'])).toContain(accountId);
  });
});

describe('time', () => {
  it.each([
    [0, '0 s'],
    [499, '0 s'],
    [seconds(59), '59 s'],
    [seconds(61), '1 min 1 s'],
    [minutes(60), '1 h'],
    [minutes(60) + seconds(5), '1 h'],
    [-minutes(24 * 60 + 61), '1 d 1 h'],
  ])('%d ms is %s', (ms, text) => {
    expect(duration(ms)).toBe(text);
  });

  it('is told with its distance', () => {
    expect(when(T0 + seconds(5), T0)).toBe('03:04:05 (in 5 s)');
    expect(when(T0 - minutes(4), T0)).toBe('03:00:00 (4 min ago)');
    expect(when(T0 + minutes(48 * 60), T0)).toBe('2026-01-04T03:04:00 (in 2 d)');
    expect(when(T0, T0)).toBe('03:04:00 (now)');
  });
});
