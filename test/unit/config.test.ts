import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../shared/errors.ts';
import {
  ACCOUNT,
  accounts,
  faultsOf,
  ID,
  KEY,
  load,
  SECRET,
  SECRET_BYTES,
  STORAGE,
  UPSTREAM,
  withUpstream,
} from './config-fixture.ts';

const RATES = ['KEEPER_READS_PER_SECOND', 'KEEPER_WRITES_PER_SECOND', 'KEEPER_HEARTBEATS_PER_SECOND'];
const WRONG_RATES = [
  ...['0', '0.0', '-0', '0.09', '-1', '-0.5', '100000.1', '100001', '9'.repeat(400)],
  ...['NaN', 'Infinity', '-Infinity', '0x10', '0b1', '0o7', '1e3', '1E-1', '1_000', '1n'],
  ...['+5', '.5', '5.', '5,5', '1 000', '5/s', '1.2.3', '\u0665', 'true', KEY],
];

describe('settings', () => {
  it('have defaults', () => {
    expect(load()).toEqual({
      storage: { by: 'connection string', connectionString: STORAGE },
      accounts: [
        {
          accountId: ID,
          keys: [KEY],
          upstream: { ...UPSTREAM, tokenEndpoint: UPSTREAM.endpoint },
          policy: {
            keepAlive: false,
            idleTimeoutMinutes: 30,
            idleTimeoutExplicit: false,
            maxLifetimeMinutes: null,
          },
          rules: {
            renewMarginMinutes: 10,
            extensionMinutes: 60,
            observeIntervalMs: 600_000,
            launchTimeoutMs: 300_000,
            callGapMs: 5_000,
            awayMs: 300_000,
            absentMs: 120_000,
            isExclusive: false,
            orphanGraceMs: 300_000,
          },
        },
      ],
      tokenSecrets: [SECRET_BYTES],
      sweepSchedule: '0 * * * * *',
      rates: { readsPerSecond: 200, writesPerSecond: 50, heartbeatsPerSecond: 500 },
      publicUrl: undefined,
      telemetryConnectionString: undefined,
    });
  });

  it('can all be set', () => {
    const config = load({
      KEEPER_SWEEP_SCHEDULE: '*/2 * * * * *',
      KEEPER_KEEP_ALIVE: ' True ',
      KEEPER_IDLE_TIMEOUT: '0:5:0',
      KEEPER_MAX_LIFETIME: ' 1.00:00:00 ',
      KEEPER_RENEW_MARGIN: '00:02:30',
      KEEPER_EXTENSION: '00:05',
      KEEPER_OBSERVE_INTERVAL: '00:00:01.5',
      KEEPER_LAUNCH_TIMEOUT: '00:10:00',
      KEEPER_ORPHAN_GRACE: '01:00:00',
      ...withUpstream({ callGap: '00:00:07.5', exclusive: true }),
      KEEPER_READS_PER_SECOND: '1000',
      KEEPER_WRITES_PER_SECOND: ' 0.5 ',
      KEEPER_HEARTBEATS_PER_SECOND: '12.25',
      KEEPER_PUBLIC_URL: ' https://keeper.example.com/arr/ ',
      APPLICATIONINSIGHTS_CONNECTION_STRING: 'InstrumentationKey=00000000-0000-0000-0000-000000000001',
    });
    expect(config.publicUrl).toBe('https://keeper.example.com/arr');
    expect(config.sweepSchedule).toBe('*/2 * * * * *');
    expect(config.telemetryConnectionString).toBe('InstrumentationKey=00000000-0000-0000-0000-000000000001');
    expect(config.rates).toEqual({ readsPerSecond: 1000, writesPerSecond: 0.5, heartbeatsPerSecond: 12.25 });
    expect(config.accounts[0]?.policy).toMatchObject({
      keepAlive: true,
      idleTimeoutMinutes: 5,
      maxLifetimeMinutes: 1440,
    });
    expect(config.accounts[0]?.rules).toEqual({
      renewMarginMinutes: 2.5,
      extensionMinutes: 5,
      observeIntervalMs: 1500,
      launchTimeoutMs: 600_000,
      callGapMs: 7_500,
      awayMs: 300_000,
      absentMs: 4_000,
      isExclusive: true,
      orphanGraceMs: 3_600_000,
    });
  });

  it('take several secrets, the current one first', () => {
    const second = Buffer.alloc(64, 7);
    for (const separator of [',', ' ', ';', '\n', ' , ']) {
      const secrets = load({
        KEEPER_TOKEN_SECRETS: `${SECRET}${separator}${second.toString('base64')}`,
      }).tokenSecrets;
      expect(secrets).toEqual([SECRET_BYTES, second]);
    }
  });

  it.each([
    'KEEPER_KEEP_ALIVE',
    'KEEPER_SWEEP_SCHEDULE',
    'KEEPER_IDLE_TIMEOUT',
    'KEEPER_MAX_LIFETIME',
    'KEEPER_RENEW_MARGIN',
    'KEEPER_EXTENSION',
    'KEEPER_OBSERVE_INTERVAL',
    'KEEPER_LAUNCH_TIMEOUT',
    'KEEPER_ORPHAN_GRACE',
    ...RATES,
    'KEEPER_PUBLIC_URL',
    'APPLICATIONINSIGHTS_CONNECTION_STRING',
  ])('that are empty are as if they were not there: %s', (name) => {
    expect(load({ [name]: '' })).toEqual(load());
  });
});

it.each([
  'keeper.example.com',
  'http://keeper.example.com',
  'https://a:b@keeper.example.com',
  'https://k?x',
  'x',
])('a public address cannot be %s', (text) => {
  expect(() => load({ KEEPER_PUBLIC_URL: text })).toThrow('KEEPER_PUBLIC_URL: must be an https URL');
});

describe('a rate', () => {
  const rateOf = (text: string): number => load({ KEEPER_READS_PER_SECOND: text }).rates.readsPerSecond;

  it.each([
    ['0.1', 0.1],
    ['0.10', 0.1],
    ['1', 1],
    ['007.5', 7.5],
    ['99999.9', 99_999.9],
    ['100000', 100_000],
    ['100000.0', 100_000],
  ])('may be %s', (text, rate) => {
    expect(rateOf(text)).toBe(rate);
  });

  it.each(RATES)('that is wrong has one fault, with its name and its own default: %s', (name) => {
    const fallback = { KEEPER_READS_PER_SECOND: 200, KEEPER_WRITES_PER_SECOND: 50 }[name] ?? 500;
    const fault = `${name}: must be a number from 0.1 to 100000, such as ${fallback}`;
    expect(faultsOf({ [name]: '0' })).toEqual([fault]);
  });
});

describe('settings that are wrong', () => {
  const short = Buffer.from('CANARY-of-31-bytes-is-too-short').toString('base64');
  const spans = [
    'KEEPER_IDLE_TIMEOUT',
    'KEEPER_MAX_LIFETIME',
    'KEEPER_RENEW_MARGIN',
    'KEEPER_EXTENSION',
    'KEEPER_OBSERVE_INTERVAL',
    'KEEPER_LAUNCH_TIMEOUT',
    'KEEPER_ORPHAN_GRACE',
  ].flatMap((name) =>
    ['0:0:0', '5', '-0:5:0', 'PT5M', '1:60:0', KEY].map((value): [string, string] => [name, value]),
  );
  const rates = RATES.flatMap((name) => WRONG_RATES.map((value): [string, string] => [name, value]));
  it.each<[string, string | undefined]>([
    ...['AzureWebJobsStorage', 'KEEPER_TOKEN_SECRETS', 'KEEPER_ACCOUNTS'].flatMap(
      (name): [string, string | undefined][] => [
        [name, undefined],
        [name, ''],
        [name, ' \n'],
      ],
    ),
    ...spans,
    ...rates,
    ...['yes', '1', 'truefalse', KEY].map((value): [string, string] => ['KEEPER_KEEP_ALIVE', value]),
    ...['* * * * *', '0 * * * * * *', 'hourly', KEY].map((value): [string, string] => [
      'KEEPER_SWEEP_SCHEDULE',
      value,
    ]),
    ...[short, `${SECRET},${short}`, 'CANARY', `"${'CANARY! '.repeat(9)}"`, ','].map(
      (value): [string, string] => ['KEEPER_TOKEN_SECRETS', value],
    ),
    // Base64 leaves out what is not of its alphabet, so this would be a secret that nobody has written.
    ['KEEPER_TOKEN_SECRETS', 'CANARY!{not}(base64)'.repeat(4)],
    ...['{', '{}', '[]', '[null]', `"${KEY}"`, KEY, `[{"keys":["${KEY}"}]`, '1', 'null'].map(
      (value): [string, string] => ['KEEPER_ACCOUNTS', value],
    ),
    ...['@', '@/nowhere', '@/run/broken.json', `@${KEY}`].map((value): [string, string] => [
      'KEEPER_ACCOUNTS',
      value,
    ]),
  ])('are named: %s=%s', (name, value) => {
    const faults = faultsOf({ [name]: value });
    expect(faults.length).toBeGreaterThan(0);
    expect(faults[0]).toMatch(new RegExp(`^${name}(\\[0\\])?: (is|its|must|needs|secret|Invalid)`));
  });

  it('are all reported at once', () => {
    const faults = faultsOf({
      AzureWebJobsStorage: undefined,
      KEEPER_TOKEN_SECRETS: `${short} ${short}`,
      KEEPER_SWEEP_SCHEDULE: 'never',
      KEEPER_KEEP_ALIVE: 'maybe',
      KEEPER_IDLE_TIMEOUT: 'soon',
      KEEPER_LAUNCH_TIMEOUT: '0:0:0',
      KEEPER_WRITES_PER_SECOND: '-1',
      KEEPER_HEARTBEATS_PER_SECOND: '1e3',
      ...accounts({ ...ACCOUNT, accountId: KEY, keys: [] }, { ...ACCOUNT, extra: KEY }),
    });
    expect(faults).toEqual([
      'AzureWebJobsStorage: is missing',
      'KEEPER_TOKEN_SECRETS: secret 1 must be base64 of at least 32 bytes',
      'KEEPER_TOKEN_SECRETS: secret 2 must be base64 of at least 32 bytes',
      'KEEPER_SWEEP_SCHEDULE: must be an NCRONTAB expression of six fields, such as "0 * * * * *"',
      'KEEPER_IDLE_TIMEOUT: must be a time span above zero, such as 00:10:00',
      'KEEPER_LAUNCH_TIMEOUT: must be a time span above zero, such as 00:10:00',
      'KEEPER_KEEP_ALIVE: must be true or false',
      'KEEPER_ACCOUNTS[0].accountId: must be a GUID',
      'KEEPER_ACCOUNTS[0].keys: needs at least one key',
      'KEEPER_ACCOUNTS[1]: Unrecognized key: "extra"',
      'KEEPER_WRITES_PER_SECOND: must be a number from 0.1 to 100000, such as 50',
      'KEEPER_HEARTBEATS_PER_SECOND: must be a number from 0.1 to 100000, such as 500',
    ]);
  });

  it('are told in one message', () => {
    const error = new ConfigError(['a: is missing', 'b: is wrong']);
    expect(error.message).toMatch(/\n- a: is missing\n- b: is wrong$/);
  });

  it.each([
    [{ KEEPER_EXTENSION: 'x' }, 'KEEPER_EXTENSION: must be a time span above zero, such as 00:10:00'],
    [{ KEEPER_EXTENSION: '00:19:59' }, 'KEEPER_EXTENSION: must be at least twice the renew margin'],
    [{ KEEPER_RENEW_MARGIN: '00:30:01' }, 'KEEPER_EXTENSION: must be at least twice the renew margin'],
    [{ KEEPER_RENEW_MARGIN: '1' }, 'KEEPER_RENEW_MARGIN: must be a time span above zero, such as 00:10:00'],
  ])('by one mistake have one fault, where it was made: %j', (environment, fault) => {
    expect(faultsOf(environment)).toEqual([fault]);
  });

  it.each([{ KEEPER_EXTENSION: '00:20:00' }, { KEEPER_RENEW_MARGIN: '00:30:00' }])(
    'by nothing have none: %j',
    (environment) => {
      expect(faultsOf(environment)).toEqual([]);
    },
  );
});
