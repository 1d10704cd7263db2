import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fillCommand, splitCommand } from '../../infra/local/session-host/command.ts';
import { readSettings } from '../../infra/local/session-host/settings.ts';
import { ConfigError } from '../../shared/errors.ts';

const faultsOf = (environment: Record<string, string>): readonly string[] => {
  try {
    readSettings(environment);
  } catch (error) {
    if (error instanceof ConfigError) return error.faults;
    throw error;
  }
  return [];
};

describe('settings of the session host', () => {
  it('have defaults for the local stack', () => {
    expect(readSettings({ SESSION_HOST_PORT: '' })).toEqual({
      port: 7072,
      dataFolder: resolve('.data'),
      startupMs: 2000,
      trouble: { callGapMs: 0, delayMs: 0, failing: 0, full: false },
      places: { Standard: 64, Premium: 16 },
      accountId: '11111111-1111-1111-1111-111111111111',
      accountKey: 'bG9jYWwtZGV2ZWxvcG1lbnQta2V5LW5vdC1hLXNlY3JldA==',
      command: [process.execPath, expect.stringMatching(/session-host.server\.ts$/)],
    });
  });

  it('can all be set', () => {
    const settings = readSettings({
      SESSION_HOST_PORT: '0',
      LEASE_KEEPER_DATA: '/somewhere',
      SESSION_HOST_STARTUP: '00:00:00.25',
      SESSION_HOST_CALL_GAP: '0:1:5',
      SESSION_HOST_DELAY: '00:00:01.5',
      SESSION_HOST_FAILING: '.25',
      SESSION_HOST_FULL: 'true',
      SESSION_HOST_STANDARD_PLACES: '0',
      SESSION_HOST_PREMIUM_PLACES: '2',
      SESSION_HOST_ACCOUNT_ID: 'AAAAAAAA-1111-1111-1111-111111111111',
      SESSION_HOST_ACCOUNT_KEY: 'key',
      SESSION_HOST_COMMAND: 'render --port {port}',
    });
    expect(settings).toEqual({
      port: 0,
      dataFolder: resolve('/somewhere'),
      startupMs: 250,
      trouble: { callGapMs: 65_000, delayMs: 1500, failing: 0.25, full: true },
      places: { Standard: 0, Premium: 2 },
      accountId: 'aaaaaaaa-1111-1111-1111-111111111111',
      accountKey: 'key',
      command: ['render', '--port', '{port}'],
    });
  });

  it('are refused all at once, without showing a key', () => {
    const faults = faultsOf({
      SESSION_HOST_PORT: '70000',
      SESSION_HOST_STARTUP: '2',
      SESSION_HOST_CALL_GAP: 'soon',
      SESSION_HOST_DELAY: '24:00:01',
      SESSION_HOST_FAILING: '1.1',
      SESSION_HOST_FULL: 'yes',
      SESSION_HOST_STANDARD_PLACES: '-1',
      SESSION_HOST_PREMIUM_PLACES: '1.5',
      SESSION_HOST_ACCOUNT_ID: 'me',
      SESSION_HOST_ACCOUNT_KEY: 'open sesame',
      SESSION_HOST_COMMAND: 'render "unclosed',
    });
    expect(faults.map((fault) => fault.split(' ')[0])).toEqual([
      'SESSION_HOST_PORT',
      'SESSION_HOST_STARTUP',
      'SESSION_HOST_CALL_GAP',
      'SESSION_HOST_DELAY',
      'SESSION_HOST_FAILING',
      'SESSION_HOST_FULL',
      'SESSION_HOST_STANDARD_PLACES',
      'SESSION_HOST_PREMIUM_PLACES',
      'SESSION_HOST_ACCOUNT_ID',
      'SESSION_HOST_ACCOUNT_KEY',
      'SESSION_HOST_COMMAND',
    ]);
    expect(faults.join()).not.toContain('sesame');
  });

  it.each([
    ['SESSION_HOST_FAILING', ['0', '1', '0.2', '.5', '1.0'], [' ', '-0.1', '2', '20%', 'NaN', '0x1', '1e-1']],
    ['SESSION_HOST_FULL', ['true', 'false'], ['TRUE', '1', ' ']],
    ['SESSION_HOST_DELAY', ['0:0:0', '24:00:00', '1.00:00:00'], ['5', '1.00:00:01', '-0:0:1']],
    ['SESSION_HOST_CALL_GAP', ['0:0:0', '24:00:00'], ['5', '25:00:00']],
  ])('have limits: %s', (name, good, bad) => {
    expect(good.flatMap((text) => faultsOf({ [name]: text }))).toEqual([]);
    expect(bad.filter((text) => faultsOf({ [name]: text }).length !== 1)).toEqual([]);
  });
});

describe('a command template', () => {
  it.each([
    ['render', ['render']],
    ['  render   --fast\t-v ', ['render', '--fast', '-v']],
    [`"/opt/my renderer/run" --title 'a "b"'`, ['/opt/my renderer/run', '--title', 'a "b"']],
    [`run --name="two words"x ''`, ['run', '--name=two wordsx', '']],
  ])('%j has its words', (template, words) => {
    expect(splitCommand(template)).toEqual(words);
  });

  it.each(['', '   ', '"open', "run it's"])('%j is refused', (template) => {
    expect(splitCommand(template)).toBeUndefined();
  });

  it('is filled in word by word', () => {
    const values = { port: 50_000, inspectorPort: 50_001, sessionId: 'id', size: 'Premium' };
    expect(fillCommand(['{sessionId}', '-p{port},{inspectorPort}', '{size}', '{"a":1}'], values)).toEqual([
      'id',
      '-p50000,50001',
      'Premium',
      '{"a":1}',
    ]);
  });
});
