import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import { unzipSync } from 'fflate';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Bundle, bundle } from '../../infra/build.ts';
import { freePorts } from '../../infra/local/ports.ts';
import { azuriteConnection, localSettings, REPOSITORY } from '../../infra/local/stack.ts';
import { zipOf } from '../../infra/package.ts';
import { DEMO_ACCOUNT } from '../../shared/config.ts';
import { METRICS, type Metric, type MetricName } from '../../shared/telemetry-names.ts';
import { CHEAP_SERVER } from '../cheap-server.ts';
import { type Collector, startCollector, type TracedStep } from '../collector.ts';
import { COMPILE_CACHE } from '../compile-cache.ts';
import { startHostProcess } from '../contract/functions-host-process.ts';

/**
 * What is deployed, in a folder of its own without the repository beside it: it plays the whole tour, and what it tells
 * Application Insights meanwhile is looked at.
 */

const TOKEN_SECRET = Buffer.from('CANARY-of-the-secret-of-the-tokens').toString('base64');

let folder: string;
let app: string;
let loaded: string;
let built: Bundle;
let zip: Uint8Array;
let collector: Collector;
let tour: { status: number | null; output: string };

const preload = (...files: string[]): string =>
  files.map((file) => `--import ${join(REPOSITORY, 'test', file)}`).join(' ');

const playTour = async (): Promise<typeof tour> => {
  const child = spawn(process.execPath, [join(REPOSITORY, 'infra/local/tour.ts')], {
    cwd: folder,
    env: {
      PATH: process.env.PATH,
      HOME: folder,
      ...COMPILE_CACHE,
      ...CHEAP_SERVER,
      ...collector.environment,
      LEASE_KEEPER_APP: app,
      LOADED_FILES: loaded,
      NODE_OPTIONS: preload('only-loopback.ts'),
      KEEPER_TOKEN_SECRETS: TOKEN_SECRET,
      // The living sessions are counted so often.
      KEEPER_OBSERVE_INTERVAL: '00:00:10',
    },
  });
  const output = Promise.all([text(child.stdout), text(child.stderr)]);
  const [status] = (await once(child, 'exit')) as [number | null];
  return { status, output: (await output).join('\n') };
};

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'lease-keeper-package-'));
  [app, loaded] = [join(folder, 'app'), join(folder, 'loaded')];
  mkdirSync(loaded);
  [built, collector] = await Promise.all([bundle(join(folder, 'one'), { maps: false }), startCollector()]);
  zip = zipOf(built.files);
  for (const [name, contents] of Object.entries(unzipSync(zip))) {
    mkdirSync(dirname(join(app, name)), { recursive: true });
    writeFileSync(join(app, name), contents);
  }
  tour = await playTour();
}, 240_000);
afterAll(() => {
  collector.stop();
  rmSync(folder, { recursive: true, force: true });
});

describe('the package', () => {
  it('has the same bytes whenever and wherever it is made', async () => {
    const zone = process.env.TZ;
    process.env.TZ = 'Pacific/Kiritimati';
    const { files } = await bundle(join(folder, 'two', 'deeper'), { maps: false });
    const again = zipOf(new Map([...files].reverse()));
    if (zone === undefined) delete process.env.TZ;
    else process.env.TZ = zone;
    expect(Buffer.compare(again, zip)).toBe(0);
  });

  it('has only what runs', () => {
    const names = Object.keys(unzipSync(zip));
    expect(names).toEqual(names.toSorted());
    expect(names.filter((name) => !/^(functions\/app|chunks\/[\w.-]+)\.js$/.test(name))).toEqual([
      'host.json',
      'package.json',
    ]);
    const lock = JSON.parse(readFileSync(join(REPOSITORY, 'package-lock.json'), 'utf8')) as {
      packages: Record<string, { dev?: boolean }>;
    };
    const packageOf = (source: string): string =>
      /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(source)?.[1] ?? '';
    const libraries = new Set(
      built.sources.filter((source) => source.includes('node_modules/')).map(packageOf),
    );
    expect(libraries.size).toBeGreaterThan(50);
    for (const library of libraries)
      expect({ library, dev: lock.packages[library]?.dev }).toEqual({ library });
    const own = built.sources.filter((source) => !source.includes('node_modules/'));
    expect(own.filter((source) => !/^(functions|shared)\/|^package\.json$/.test(source))).toEqual([]);
    expect(own).toContain('functions/app.ts');
  });

  it('plays the tour by itself', () => {
    expect(tour.output).toContain('Nothing is running any more');
    expect(tour.status).toBe(0);
    expect(tour.output).not.toContain('telemetry:');
    expect(existsSync(join(app, 'node_modules'))).toBe(false);
  });
});

/** The only one that the library speaks to beside the one in the connection string: how it is to send. */
const SETTINGS_OF_THE_LIBRARY = 'settings.sdk.monitor.azure.com:443';

describe('what it tells Application Insights of the tour', () => {
  const sumOf = (name: MetricName, dimensions: Readonly<Record<string, string>> = {}): number =>
    collector
      .metrics()
      .filter((one) => one.name === name && isDeepStrictEqual(one.dimensions, dimensions))
      .reduce((sum, { value }) => sum + value, 0);
  const mostOf = (name: MetricName, dimensions: Readonly<Record<string, string>> = {}): number =>
    Math.max(
      ...collector
        .metrics()
        .filter((one) => one.name === name && isDeepStrictEqual(one.dimensions, dimensions))
        .map(({ value, max }) => max ?? value),
    );
  const account = DEMO_ACCOUNT.accountId;

  it('is metrics by their names, with their dimensions and nothing else', () => {
    const metrics: Readonly<Record<string, Metric>> = METRICS;
    expect(collector.metrics().length).toBeGreaterThan(50);
    for (const { name, dimensions } of collector.metrics())
      expect({ name, dimensions: Object.keys(dimensions).sort() }).toEqual({
        name,
        dimensions: metrics[name]?.dimensions.toSorted(),
      });
  });

  it('is what was done for the two sessions, and what it was worth', () => {
    expect(sumOf('leasekeeper.upstream.calls', { operation: 'create', outcome: 'found' })).toBe(2);
    expect(sumOf('leasekeeper.upstream.calls', { operation: 'stop', outcome: 'accepted' })).toBe(2);
    expect(sumOf('leasekeeper.upstream.calls', { operation: 'extend', outcome: 'found' })).toBeGreaterThan(0);
    // Each stop is confirmed by a look of its own; what else was seen, lists may have shown.
    const looks = sumOf('leasekeeper.upstream.calls', { operation: 'observe', outcome: 'found' });
    expect(looks).toBeGreaterThanOrEqual(2);
    expect(sumOf('leasekeeper.upstream.calls', { operation: 'list', outcome: 'listed' })).toBeGreaterThan(3);
    expect(sumOf('leasekeeper.extensions', { outcome: 'granted' })).toBe(
      sumOf('leasekeeper.upstream.calls', { operation: 'extend', outcome: 'found' }),
    );
    expect(sumOf('leasekeeper.reaped', { reason: 'idle' })).toBe(1);
    // Of an hour, ten seconds and the sweeps around them were used.
    expect(sumOf('leasekeeper.server_minutes.saved')).toBeGreaterThan(59);
    expect(sumOf('leasekeeper.server_minutes.saved')).toBeLessThan(60 - 10 / 60);
    // The first ran for 65 seconds and more, the second for ten.
    expect(sumOf('leasekeeper.server_minutes.billed')).toBeGreaterThan(75 / 60);
    expect(sumOf('leasekeeper.server_minutes.billed')).toBeLessThan(3);
  });

  it('is the state of the account, and each sweep', () => {
    expect(mostOf('leasekeeper.sessions', { account, status: 'Ready' })).toBeGreaterThan(0);
    for (const status of ['Starting', 'Stopping', 'Error'])
      expect(mostOf('leasekeeper.sessions', { account, status })).toBeGreaterThanOrEqual(0);
    expect(mostOf('leasekeeper.sweep.due', { account })).toBeGreaterThan(0);
    expect(mostOf('leasekeeper.stops.unconfirmed', { account })).toBe(0);
    expect(mostOf('leasekeeper.sweep.duration')).toBeGreaterThan(0);
    expect(mostOf('leasekeeper.sweep.lag')).toBeGreaterThan(0);
    expect(mostOf('leasekeeper.sweep.lag')).toBeLessThan(30_000);
  });

  it('is an event for each change, with its reason', () => {
    const told = collector.events().map(({ name, facts }) => `${name} because ${facts.because}`);
    const times = (event: string): number => told.filter((one) => one === event).length;
    expect(times('leasekeeper.created because requested')).toBe(2);
    expect(times('leasekeeper.extended because keep-alive')).toBe(
      sumOf('leasekeeper.extensions', { outcome: 'granted' }),
    );
    for (const reason of ['idle', 'asked']) {
      expect(times(`leasekeeper.stop because ${reason}`)).toBe(1);
      expect(times(`leasekeeper.ended because ${reason}`)).toBe(1);
    }
    expect(told.filter((one) => one.startsWith('leasekeeper.fault'))).toEqual([]);
    for (const { facts } of collector.events())
      expect(facts).toMatchObject({ accountId: account, sessionId: expect.stringMatching(/^[\da-f-]{36}$/) });
  });

  it('is traces that join the call of a client, the table and the upstream, under one MS-CV', () => {
    const steps = collector.steps();
    const [call, ...others] = steps.filter(({ name }) => name === 'stopSessionV1');
    expect({ call, others }).toMatchObject({
      call: { success: true, facts: { method: 'DELETE', status: '204' } },
      others: [],
    });
    const vector = call?.facts['MS-CV'] ?? '';
    expect(vector).toMatch(/^[A-Za-z0-9+/]{22}\.0$/);
    const within = steps.filter(({ trace, name }) => trace === call?.trace && name !== 'stopSessionV1');
    for (const step of within) expect(step).toMatchObject({ parent: call?.id, facts: { 'MS-CV': vector } });
    const names = within.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(['table get', 'table submit']));
    expect(names.filter((name) => name.startsWith('POST ') && name.endsWith('/:stop'))).toHaveLength(1);
    // Azure's own clients would tell of the same again, and of addresses.
    expect(steps.filter(({ name }) => /TableClient|leasekeeper/.test(name))).toEqual([]);
    expect(within.find(({ type }) => type === 'Http')?.facts['upstream MS-CV']).toMatch(/\.0$/);
    const events = collector.events().filter(({ trace }) => trace === call?.trace);
    expect(events.map(({ name }) => name)).toContain('leasekeeper.stop');
    expect(steps.filter(({ name }) => name === 'sweepAccount').length).toBeGreaterThan(20);
    expect(new Set(steps.map(({ name }) => name.split(' ')[0]))).toEqual(
      new Set(['table', 'GET', 'PUT', 'PATCH', 'POST', 'sweepAccount', 'token', ...functionsOf(steps)]),
    );
    // The first call of the tour was answered before the library was there.
    expect(steps.filter(({ name }) => name === 'token')).toMatchObject([
      { success: true, facts: { status: '200' } },
    ]);
  });

  it('has nothing secret in it, and goes nowhere else', () => {
    const { text } = collector;
    expect(text.length).toBeGreaterThan(10_000);
    const connection = azuriteConnection({ functions: 1, sessionHost: 1, blob: 1, queue: 1, table: 1 });
    const [, storageKey = ''] = /AccountKey=([^;]+)/.exec(connection) ?? [];
    for (const canary of [DEMO_ACCOUNT.key, TOKEN_SECRET, storageKey, 'CANARY']) {
      expect(canary).not.toBe('');
      expect(text).not.toContain(canary);
      expect(text).not.toContain(encodeURIComponent(canary));
    }
    // Tokens of the keeper and of the session host; headers that would hold one.
    expect(text).not.toMatch(/eyJ[\w-]{10,}/);
    expect(text).not.toMatch(/bearer |authorization|sig=/i);
    expect([...collector.wanted].filter((host) => host !== SETTINGS_OF_THE_LIBRARY)).toEqual([]);
    expect(existsSync(join(loaded, 'left.txt'))).toBe(false);
  });

  const functionsOf = (steps: readonly TracedStep[]): string[] =>
    steps.filter(({ type, name }) => type === 'InProc' && /V1$/.test(name)).map(({ name }) => name);
});

it('without a connection string, nothing of that is loaded, nor anything for identities', async () => {
  const recorded = join(folder, 'recorded');
  mkdirSync(recorded);
  const [nowhere = 0] = await freePorts(1);
  const ports = { functions: 0, sessionHost: nowhere, blob: nowhere, queue: nowhere, table: nowhere };
  const host = startHostProcess({
    ...localSettings({ ports }),
    KEEPER_TOKEN_SECRETS: TOKEN_SECRET,
    LEASE_KEEPER_APP: app,
    LOADED_FILES: recorded,
    NODE_OPTIONS: preload('loaded-files.ts', 'only-loopback.ts'),
  });
  try {
    const { port } = await host.ready();
    const answer = await fetch(`http://127.0.0.1:${port}/health`);
    expect(answer.status).toBe(503);
    host.child.kill('SIGTERM');
    await host.ended;
    const files = readdirSync(recorded).flatMap((file) =>
      readFileSync(join(recorded, file), 'utf8').split('\n'),
    );
    const chunks = files.filter((url) => url.includes('/app/'));
    expect(chunks.some((url) => url.endsWith('/functions/app.js'))).toBe(true);
    const sources = chunks.map((url) => readFileSync(fileURLToPath(url), 'utf8')).join('\n');
    expect(sources).toContain('TableClient.getEntity');
    const packaged = readdirSync(join(app, 'chunks')).map((file) =>
      readFileSync(join(app, 'chunks', file), 'utf8'),
    );
    // Words that only those libraries have in them.
    for (const marker of [
      'ApplicationInsightsLogger',
      'PeriodicExportingMetricReader',
      'credentialLogger("DefaultAzureCredential")',
    ]) {
      const isPackaged = packaged.some((source) => source.includes(marker));
      expect({ marker, isPackaged, isLoaded: sources.includes(marker) }).toEqual({
        ...{ marker, isPackaged: true },
        isLoaded: false,
      });
    }
  } finally {
    await host.dispose();
  }
});
