import { describe, expect, test } from 'vitest';
import { parseHostJson } from '../../infra/local/functions-host/host-json.ts';
import { readSettings } from '../../infra/local/functions-host/settings.ts';
import { StartupError } from '../../infra/local/functions-host/startup-error.ts';
import { parseSchedule } from '../../infra/local/functions-host/timer.ts';

describe('host.json', () => {
  const parse = (settings: object) => parseHostJson(JSON.stringify({ version: '2.0', ...settings }));

  test('has the defaults of Azure', () => {
    expect(parse({})).toEqual({
      routePrefix: 'api',
      functionTimeoutMilliseconds: 1_800_000,
      queues: {
        maxPollingIntervalMilliseconds: 60_000,
        visibilityTimeoutSeconds: 0,
        batchSize: 16,
        newBatchThreshold: 8,
        maxDequeueCount: 5,
        messageEncoding: 'base64',
      },
    });
  });

  test('is read', () => {
    const queues = {
      maxPollingInterval: '00:00:00',
      visibilityTimeout: '01:02:03',
      batchSize: 5,
      messageEncoding: 'none',
    };
    const extensions = { http: { routePrefix: '/a/b/' }, queues };
    expect(parse({ extensions, functionTimeout: '-1', logging: { anything: 1 } })).toMatchObject({
      routePrefix: 'a/b',
      functionTimeoutMilliseconds: undefined,
      queues: {
        maxPollingIntervalMilliseconds: 100,
        visibilityTimeoutSeconds: 3723,
        batchSize: 5,
        newBatchThreshold: 2,
        messageEncoding: 'none',
      },
    });
    expect(parse({ extensions: { http: { routePrefix: '' } } }).routePrefix).toBe('');
  });

  test.each([
    [{ version: '1.0' }, '"version" is not "2.0"'],
    [{ singleton: {} }, '"singleton" is not supported'],
    [{ extensions: { blobs: {} } }, '"extensions.blobs" is not supported'],
    [
      { extensions: { http: { maxOutstandingRequests: 1 } } },
      '"extensions.http.maxOutstandingRequests" is not supported',
    ],
    [{ extensions: { http: { routePrefix: 1 } } }, '"extensions.http.routePrefix" is not a text'],
    [{ extensions: { queues: [] } }, '"extensions.queues" is not an object'],
    [{ extensions: { queues: { batchSize: 33 } } }, 'a whole number from 1 to 32'],
    [{ extensions: { queues: { visibilityTimeout: '00:00:60' } } }, 'not a time span hh:mm:ss'],
    [{ extensions: { queues: { messageEncoding: 'utf8' } } }, 'neither "base64" nor "none"'],
    [{ functionTimeout: 5 }, '"functionTimeout" is not a time span'],
  ])('%j is refused', (settings, message) => {
    expect(() => parse(settings)).toThrow(StartupError);
    expect(() => parse(settings)).toThrow(message);
  });

  test('that is not JSON is refused', () => {
    expect(() => parseHostJson('{')).toThrow(/^host\.json is not JSON: /);
    expect(() => parseHostJson('[]')).toThrow('host.json is not an object');
  });
});

describe('NCRONTAB', () => {
  test.each([
    ['*/2 * * * * *', '2026-01-01T00:00:00Z', '2026-01-01T00:00:02.000Z'],
    ['0 5/15 * * * *', '2026-01-01T00:20:00Z', '2026-01-01T00:35:00.000Z'],
    ['0 0 9-17/4,20 * * *', '2026-01-01T17:00:00Z', '2026-01-01T20:00:00.000Z'],
    ['0 30 6 * * Mon-Fri', '2026-01-02T07:00:00Z', '2026-01-05T06:30:00.000Z'],
    ['0 0 0 1 jan *', '2026-01-01T00:00:00Z', '2027-01-01T00:00:00.000Z'],
    // Both days must fit: the next 13th that is a Friday.
    ['0 0 12 13 * 5', '2026-01-01T00:00:00Z', '2026-02-13T12:00:00.000Z'],
    ['0 0 0 * * 0', '2026-01-01T00:00:00Z', '2026-01-04T00:00:00.000Z'],
  ])('%s after %s', (schedule, after, next) => {
    expect(parseSchedule(schedule).nextRun(new Date(after))?.toISOString()).toBe(next);
  });

  test.each([
    '* * * * *',
    '@daily',
    '01:00:00',
    '0 0 0 L * *',
    '0 0 0 ? * 1',
    '0 0 0 * * 7',
    '0 0 0 * * 5#2',
    '0 60 * * * *',
    '0 0 0 31 2 *',
    'jan * * * * *',
    '',
  ])('"%s" is refused', (schedule) => {
    expect(() => parseSchedule(schedule)).toThrow(StartupError);
  });
});

describe('the environment', () => {
  test('may be empty', () => {
    const { port, dataFolder, appRoot } = readSettings({ PORT: '', LEASE_KEEPER_DATA: '' });
    expect({ port, dataFolder }).toEqual({ port: 7071, dataFolder: `${process.cwd()}/.data` });
    expect(appRoot).toBe(new URL('../../dist', import.meta.url).pathname);
  });

  test.each(['-1', '65536', 'http', '1e3'])('PORT=%s is refused', (port) => {
    expect(() => readSettings({ PORT: port })).toThrow(StartupError);
  });
});
