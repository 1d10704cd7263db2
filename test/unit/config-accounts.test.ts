import { describe, expect, it } from 'vitest';
import { DEMO_ACCOUNT } from '../../shared/config.ts';
import {
  ACCOUNT,
  accounts,
  type Environment,
  faultsOf,
  ID,
  type Json,
  KEY,
  load,
  loadAccount,
  OTHER_ID,
  UPSTREAM,
  withPolicy,
  withUpstream,
} from './config-fixture.ts';

describe('an account', () => {
  it('may be in a file', () => {
    expect(load({ KEEPER_ACCOUNTS: '@/run/accounts.json' })).toEqual(load());
    expect(load({ KEEPER_ACCOUNTS: ' @/run/accounts.json\n' })).toEqual(load());
  });

  it('may be in a file that was written with a byte order mark', () => {
    expect(load({ KEEPER_ACCOUNTS: '@/run/with-bom.json' })).toEqual(load());
  });

  it.each([
    ['@/nowhere', 'KEEPER_ACCOUNTS: its file cannot be read'],
    ['@/run/broken.json', 'KEEPER_ACCOUNTS: is not JSON'],
    [`[{"keys":["${KEY}"`, 'KEEPER_ACCOUNTS: is not JSON'],
  ])('that cannot be read is told without its text: %s', (value, fault) => {
    expect(faultsOf({ KEEPER_ACCOUNTS: value })).toEqual([fault]);
  });

  it('has its ids in lower case', () => {
    const [mine, other] = [ID.toUpperCase(), OTHER_ID.toUpperCase()];
    const account = loadAccount(
      accounts({ ...ACCOUNT, accountId: mine, upstream: { ...UPSTREAM, accountId: other } }),
    );
    expect([account?.accountId, account?.upstream.accountId]).toEqual([ID, OTHER_ID]);
  });

  it('has a policy of its own, and what it leaves out from the defaults', () => {
    const environment = {
      KEEPER_IDLE_TIMEOUT: '0:7:0',
      KEEPER_MAX_LIFETIME: '9:0:0',
      KEEPER_KEEP_ALIVE: 'true',
    };
    const policyOf = (policy: Json) => loadAccount({ ...environment, ...withPolicy(policy) });
    const ofDefaults = {
      keepAlive: true,
      idleTimeoutMinutes: 7,
      idleTimeoutExplicit: false,
      maxLifetimeMinutes: 540,
    };
    expect(policyOf({})?.policy).toEqual(ofDefaults);
    expect(policyOf({ keepAlive: false })?.policy).toEqual({ ...ofDefaults, keepAlive: false });
    expect(policyOf({ idleTimeout: null, maxLifetime: null })?.policy).toEqual({
      ...ofDefaults,
      idleTimeoutMinutes: null,
      maxLifetimeMinutes: null,
    });
    expect(policyOf({ idleTimeout: '0:1:0', maxLifetime: '2:0:0' })?.policy).toEqual({
      ...ofDefaults,
      idleTimeoutMinutes: 1,
      maxLifetimeMinutes: 120,
    });
    expect(policyOf({ renewMargin: '0:1:0', extension: '0:2:0' })?.rules).toMatchObject({
      renewMarginMinutes: 1,
      extensionMinutes: 2,
      observeIntervalMs: 600_000,
    });
  });

  it.each([
    ['https://upstream.example/', 'https://upstream.example'],
    ['https://upstream.example///', 'https://upstream.example'],
    ['HTTPS://UPSTREAM.example:443/Base/', 'https://upstream.example/Base'],
    ['https://upstream.example:8443', 'https://upstream.example:8443'],
    ['http://127.0.0.1:7072', 'http://127.0.0.1:7072'],
    ['http://127.8.9.10/', 'http://127.8.9.10'],
    ['http://localhost:7072/', 'http://localhost:7072'],
    ['http://[::1]:7072', 'http://[::1]:7072'],
  ])('may have the endpoint %s', (endpoint, expected) => {
    expect(loadAccount(withUpstream({ endpoint }))?.upstream).toMatchObject({
      endpoint: expected,
      tokenEndpoint: expected,
    });
    expect(loadAccount(withUpstream({ tokenEndpoint: endpoint }))?.upstream).toMatchObject({
      endpoint: UPSTREAM.endpoint,
      tokenEndpoint: expected,
    });
  });

  it.each([
    'http://upstream.example',
    'http://127.0.0.1.upstream.example',
    'http://localhost.upstream.example',
    'http://localhost@upstream.example',
    'http://10.0.0.1',
    'http://0.0.0.0',
    'http://[::2]',
    `https://user:${KEY}@upstream.example`,
    `https://${KEY}@upstream.example`,
    `https://upstream.example?key=${KEY}`,
    `https://upstream.example#${KEY}`,
    'https://upstream.example?',
    'https://upstream.example/#',
    'ftp://127.0.0.1',
    'upstream.example',
    '//upstream.example',
    '',
    KEY,
  ])('may not have the endpoint %s', (endpoint) => {
    const fault = 'must be an https URL (http for this machine only)';
    expect(faultsOf(withUpstream({ endpoint }))).toEqual([`KEEPER_ACCOUNTS[0].upstream.endpoint: ${fault}`]);
    expect(faultsOf(withUpstream({ tokenEndpoint: endpoint }))).toEqual([
      `KEEPER_ACCOUNTS[0].upstream.tokenEndpoint: ${fault}`,
    ]);
  });

  it.each<[string, Environment]>([
    ['[0].accountId: must be a GUID', accounts({ ...ACCOUNT, accountId: KEY })],
    ['[0].accountId: ', accounts({ ...ACCOUNT, accountId: undefined })],
    ['[0].keys: ', accounts({ ...ACCOUNT, keys: KEY })],
    ['[0].keys: ', accounts({ ...ACCOUNT, keys: { [KEY]: KEY } })],
    ['[0].keys: needs at least one key', accounts({ ...ACCOUNT, keys: [] })],
    [
      '[0].keys[1]: must have at least 16 characters',
      accounts({ ...ACCOUNT, keys: [KEY, 'CANARY-15-chars'] }),
    ],
    ['[0].keys[0]: ', accounts({ ...ACCOUNT, keys: [12_345] })],
    // No header can carry these, so no client could ever use them.
    ['[0].keys[0]: ', accounts({ ...ACCOUNT, keys: [`${KEY}\n`] })],
    ['[0].keys[0]: ', accounts({ ...ACCOUNT, keys: ['CANARY with blanks in it'] })],
    ['[0].upstream: ', accounts({ ...ACCOUNT, upstream: KEY })],
    ['[0].upstream: ', accounts({ ...ACCOUNT, upstream: undefined })],
    ['[0].upstream.accountId: must be a GUID', withUpstream({ accountId: KEY })],
    [
      '[0].upstream.accountKey: must have at least 16 characters',
      withUpstream({ accountKey: 'CANARY-15-chars' }),
    ],
    ['[0].upstream.accountKey: ', withUpstream({ accountKey: undefined })],
    ...['00:01:00.001', '-00:00:05', '5', 'soon', KEY].map((callGap): [string, Environment] => [
      '[0].upstream.callGap: must be a time span of at most a minute, such as 00:00:05',
      withUpstream({ callGap }),
    ]),
    ['[0].upstream.callGap: ', withUpstream({ callGap: 5 })],
    ['[0].upstream.exclusive: ', withUpstream({ exclusive: KEY })],
    ['[0].upstream: Unrecognized key: "endpont"', withUpstream({ endpont: KEY })],
    ['[0]: Unrecognized key: "polcy"', accounts({ ...ACCOUNT, polcy: { a: KEY } })],
    ['[0].policy: Unrecognized key: "idleTimeoutMinutes"', withPolicy({ idleTimeoutMinutes: 5 })],
    ['[0].policy: Unrecognized keys: "a", "b"', withPolicy({ a: KEY, b: KEY })],
    ['[0].policy: ', withPolicy(KEY)],
    ['[0].policy.keepAlive: ', withPolicy({ keepAlive: KEY })],
    ['[0].policy.idleTimeout: must be a time span above zero', withPolicy({ idleTimeout: KEY })],
    ['[0].policy.maxLifetime: must be a time span above zero', withPolicy({ maxLifetime: '0:0:0' })],
    ['[0].policy.renewMargin: ', withPolicy({ renewMargin: 10 })],
    ['[0].policy.extension: ', withPolicy({ extension: null })],
    ['[0].policy.extension: must be at least twice the renew margin', withPolicy({ extension: '00:19:59' })],
    [
      '[0].policy.extension: must be at least twice the renew margin',
      withPolicy({ renewMargin: '00:30:01' }),
    ],
    [
      '[0].policy.extension: must be at least twice',
      withPolicy({ extension: '0:3:59', renewMargin: '0:2:0' }),
    ],
    ['[1].accountId: is there twice', accounts(ACCOUNT, { ...ACCOUNT, accountId: ID.toUpperCase() })],
  ])('that is wrong is told by its place: %s', (start, environment) => {
    const faults = faultsOf(environment);
    expect(faults).toHaveLength(1);
    expect(faults[0]?.startsWith(`KEEPER_ACCOUNTS${start}`)).toBe(true);
  });

  it.each([
    { extension: '00:20:00' },
    { renewMargin: '00:30:00' },
    { extension: '0:4:0', renewMargin: '0:2:0' },
  ])('may extend by just twice its margin: %j', (policy) => {
    expect(faultsOf(withPolicy(policy))).toEqual([]);
  });
});

describe('the upstream of an account', () => {
  it.each([
    [{}, 5_000],
    [{ callGap: '00:00:00' }, 0],
    [{ callGap: '0:0:0.25' }, 250],
    [{ callGap: '00:01:00' }, 60_000],
  ])('may be called with a pause: %j', (upstream, callGapMs) => {
    expect(loadAccount(withUpstream(upstream))?.rules.callGapMs).toBe(callGapMs);
    expect(loadAccount(withUpstream(upstream))?.upstream).not.toHaveProperty('callGap');
  });

  it('may be called without a pause where it is that of the demo account, unless it is told otherwise', () => {
    const gapOf = (upstream: Json) =>
      loadAccount({
        AZURE_FUNCTIONS_ENVIRONMENT: 'Development',
        ...accounts({
          ...ACCOUNT,
          accountId: DEMO_ACCOUNT.accountId,
          upstream: { ...UPSTREAM, ...upstream },
        }),
      })?.rules.callGapMs;
    expect([gapOf({}), gapOf({ callGap: '00:00:02' })]).toEqual([0, 2_000]);
  });

  it('is shared with others, unless it is said not to be', () => {
    const isExclusive = (upstream: Json) => loadAccount(withUpstream(upstream))?.rules.isExclusive;
    expect([isExclusive({}), isExclusive({ exclusive: false }), isExclusive({ exclusive: true })]).toEqual([
      ...[false, false, true],
    ]);
  });

  it.each([
    ['0 * * * * *', 5, 120],
    ['0 */2 * * * *', 6, 240],
    ['0 0 * * * *', 180, 7_200],
    ['*/2 * * * * *', 5, 4],
  ])(
    'was not looked after where three ticks of %j passed without a sweep, and five minutes: %d; and was absent after %d s',
    (text, awayMinutes, absentSeconds) => {
      const rules = loadAccount({ KEEPER_SWEEP_SCHEDULE: text })?.rules;
      expect([rules?.awayMs, rules?.absentMs]).toEqual([awayMinutes * 60_000, absentSeconds * 1_000]);
    },
  );
});

describe('the demo account', () => {
  const { accountId, key } = DEMO_ACCOUNT;
  const demo = { ...ACCOUNT, accountId, keys: [key] };
  const withId = { ...ACCOUNT, accountId };
  const withKey = { ...ACCOUNT, keys: [KEY, key] };

  it.each([demo, withId, withKey])('is welcome in local development (%#)', (account) => {
    expect(faultsOf({ AZURE_FUNCTIONS_ENVIRONMENT: 'Development', ...accounts(account) })).toEqual([]);
  });

  it.each([undefined, '', 'Production', 'Staging', 'development', ' Development', 'Development2'])(
    'is refused where AZURE_FUNCTIONS_ENVIRONMENT is %j',
    (value) => {
      for (const account of [demo, withId, withKey]) {
        const faults = faultsOf({
          AZURE_FUNCTIONS_ENVIRONMENT: value,
          ...accounts({ ...ACCOUNT, accountId: OTHER_ID }, account),
        });
        expect(faults).toEqual(['KEEPER_ACCOUNTS[1]: the demo account is for local development only']);
      }
    },
  );
});
