import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { unzipSync } from 'fflate';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Bundle, bundle } from '../../infra/build.ts';
import { freePorts } from '../../infra/local/ports.ts';
import { azuriteConnection, localSettings, REPOSITORY } from '../../infra/local/stack.ts';
import { zipOf } from '../../infra/package.ts';
import { DEMO_ACCOUNT } from '../../shared/config.ts';
import { METRICS } from '../../shared/telemetry-names.ts';
import { CHEAP_SERVER } from '../cheap-server.ts';
import { type Collector, startCollector } from '../collector.ts';
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
    const libraries = new Set(built.sources.filter((source) => source.includes('node_modules/')).map(packageOf));
    expect(libraries.size).toBeGreaterThan(50);
    for (const library of libraries) expect({ library, dev: lock.packages[library]?.dev }).toEqual({ library });
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
