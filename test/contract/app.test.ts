import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { REPOSITORY } from '../../infra/local/stack.ts';
import packageJson from '../../package.json' with { type: 'json' };
import { openApiDocument } from '../../shared/openapi/document.ts';

/** What makes the compiled app start in Azure as it does here. */

const sourcesOf = (folder: string): string[] =>
  readdirSync(join(REPOSITORY, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(folder, name));
const read = (path: string): string => readFileSync(join(REPOSITORY, path), 'utf8');
const imports = (path: string): string[] =>
  [...read(path).matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].map(([, target = '']) => target);

const deployed = [...sourcesOf('functions'), ...sourcesOf('shared')];

describe('the deployed code', () => {
  it('imports nothing from infra/ or test/, and only packages that are deployed with it', () => {
    const packages = Object.keys(packageJson.dependencies);
    for (const path of deployed) {
      for (const target of imports(path)) {
        if (target.startsWith('.')) {
          const file = relative(REPOSITORY, join(REPOSITORY, path, '..', target));
          expect(['functions', 'shared', 'package.json']).toContain(file.split('/')[0]);
        } else if (!target.startsWith('node:')) {
          expect(packages).toContain(target);
        }
      }
    }
  });

  it('uses every package that it asks for', () => {
    const used = new Set(deployed.flatMap(imports));
    expect(Object.keys(packageJson.dependencies).filter((name) => !used.has(name))).toEqual([]);
  });

  it('reads the environment and the clock in its composition root alone', () => {
    const reading = deployed.filter((path) =>
      /process\.env|Date\.now\(\)|Math\.random\(\)|new Date\(\)/.test(read(path)),
    );
    expect(reading).toEqual(['functions/app.ts']);
  });

  it('leaves shared/ free of functions/', () => {
    const upward = sourcesOf('shared').filter((path) =>
      imports(path).some((target) => target.includes('functions/')),
    );
    expect(upward).toEqual([]);
  });
});

/** Loads the compiled entry as a worker would, with the registrations noted, and every setting that it looks up. */
const LOAD = `
const Module = require('node:module');
const registered = [], routes = [], looked = new Set();
const core = {
  version: '1', hostVersion: '4', Disposable: class { dispose() {} },
  setProgrammingModel() {}, getProgrammingModel() {}, registerHook() { return new core.Disposable(); }, log() {},
  registerFunction(metadata) {
    registered.push(metadata.name);
    for (const { type, methods, route } of Object.values(metadata.bindings)) {
      if (type === 'httpTrigger') for (const method of methods) routes.push(method + ' /' + route);
    }
    return new core.Disposable();
  },
};
const original = Module.prototype.require;
Module.prototype.require = function (id) { return id === '@azure/functions-core' ? core : original.call(this, id); };
const given = { ...process.env };
process.env = new Proxy(given, { get(target, name) { looked.add(name); return target[name]; } });
import(process.argv[1]).then(
  () => { console.log(JSON.stringify({ registered, routes, looked: [...looked] })); process.exit(0); },
  (error) => { console.log(JSON.stringify({ registered, error: error.message })); process.exit(0); },
);
`;

const load = async (environment: Record<string, string>) => {
  const entry = join(REPOSITORY, packageJson.main);
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--input-type=commonjs', '-e', LOAD, entry],
    {
      env: { PATH: process.env.PATH ?? '', ...environment },
    },
  );
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as {
    registered: string[];
    routes?: string[];
    looked?: string[];
    error?: string;
  };
};

const SETTINGS = {
  AzureWebJobsStorage: 'UseDevelopmentStorage=true',
  KEEPER_ACCOUNTS: JSON.stringify([
    {
      accountId: '33333333-3333-3333-3333-333333333333',
      keys: ['an-account-key-of-some-length'],
      upstream: {
        endpoint: 'https://upstream.example',
        accountId: '33333333-3333-3333-3333-333333333333',
        accountKey: 'an-account-key-of-some-length',
      },
    },
  ]),
  KEEPER_TOKEN_SECRETS: Buffer.alloc(32, 7).toString('base64'),
};

describe('the compiled entry', () => {
  it('registers every function by itself, outside local development too', async () => {
    const { registered } = await load(SETTINGS);
    expect(registered.sort()).toEqual(
      [
        'createSession',
        'createSessionV1',
        'docs',
        'getSession',
        'getSessionV1',
        'health',
        'heartbeat',
        'heartbeatV1',
        'listSessions',
        'listSessionsV1',
        'openApi',
        'stopSession',
        'stopSessionV1',
        'sweep',
        'sweepAccount',
        'token',
        'unknownRoute',
        'updateSession',
        'updateSessionV1',
      ].sort(),
    );
  });

  it('has the routes that the description has, but for the one that answers for all others', async () => {
    const { routes = [] } = await load(SETTINGS);
    const described = Object.entries(openApiDocument({ version: '1.2.3' }).paths).flatMap(([path, item]) =>
      Object.keys(item).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(routes.filter((route) => !route.endsWith('{*path}')).sort()).toEqual(described.sort());
  });

  it('reads only documented settings of its own', async () => {
    const { looked = [] } = await load(SETTINGS);
    const readme = read('README.md');
    const own = looked.filter((name) =>
      /^(KEEPER_|SESSION_|LEASE_|AzureWebJobs|APPLICATIONINSIGHTS|AZURE_FUNCTIONS)/.test(name),
    );
    expect(own.length).toBeGreaterThan(5);
    expect(own.filter((name) => !readme.includes(`\`${name}\``))).toEqual([]);
  });

  it('registers nothing, and names every fault, where a setting is at fault', async () => {
    const { registered, error } = await load({});
    expect(registered).toEqual([]);
    for (const name of ['AzureWebJobsStorage', 'KEEPER_ACCOUNTS', 'KEEPER_TOKEN_SECRETS'])
      expect(error).toContain(name);
  });

  it('refuses the demo account outside local development', async () => {
    const demo = SETTINGS.KEEPER_ACCOUNTS.replaceAll('3', '1');
    expect((await load({ ...SETTINGS, KEEPER_ACCOUNTS: demo })).error).toContain('demo account');
  });
});
