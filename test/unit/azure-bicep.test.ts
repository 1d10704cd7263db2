import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DIST } from '../../infra/build.ts';
import { REPOSITORY } from '../../infra/local/stack.ts';
import {
  type BicepFile,
  bicepPaths,
  Expression,
  parseBicep,
  readBicep,
  type Value,
  within,
} from '../bicep.ts';
import { deadLinks, readDocument } from '../documents.ts';
import { load } from './config-fixture.ts';

/** What Bicep's compiler would say of the files, as far as it can be said without it. */

/** The functions of Bicep that these files call: https://learn.microsoft.com/azure/azure-resource-manager/bicep/bicep-functions */
const FUNCTIONS = new Set([
  'base64ToString',
  'empty',
  'guid',
  'loadTextContent',
  'resourceGroup',
  'subscription',
  'subscriptionResourceId',
  'union',
  'uniqueString',
]);
const DECORATORS = new Set([
  'allowed',
  'description',
  'maxLength',
  'maxValue',
  'metadata',
  'minLength',
  'minValue',
  'secure',
]);

/** What a compiler would refuse, and what its linter would warn of. */
const faultsOf = (file: BicepFile, others: ReadonlyMap<string, BicepFile>): string[] => {
  const { parameters, variables, resources, modules, references, calls, loopVariables, outputsUsed } = file;
  const declared = [
    ...parameters.map(({ name }) => name),
    ...Object.keys(variables),
    ...resources.map(({ symbol }) => symbol),
    ...modules.map(({ symbol }) => symbol),
  ];
  const mayBeUnused = new Set([...resources, ...modules].map(({ symbol }) => symbol));
  const isKnown = (name: string): boolean => declared.includes(name) || loopVariables.has(name);
  return [
    ...declared.filter((name, index) => declared.indexOf(name) !== index).map((name) => `${name}: twice`),
    ...[...references].filter((name) => !isKnown(name)).map((name) => `${name}: is not declared`),
    ...declared
      .filter((name) => !references.has(name) && !mayBeUnused.has(name))
      .map((name) => `${name}: is not used`),
    ...[...calls]
      .filter((name) => !FUNCTIONS.has(name) && !DECORATORS.has(name))
      .map((name) => `${name}(): ?`),
    ...parameters
      .filter(({ decorators }) => !decorators.description)
      .map(({ name }) => `${name}: what is it?`),
    ...modules.flatMap(({ symbol, path, body }) => {
      const module = others.get(path);
      if (module === undefined) return [`${symbol}: there is no ${path}`];
      const given = Object.keys(within({ ...body }, 'params') ?? {});
      const needed = module.parameters.filter(({ isOptional }) => !isOptional).map(({ name }) => name);
      const names = module.parameters.map(({ name }) => name);
      return [
        ...needed.filter((name) => !given.includes(name)).map((name) => `${symbol}: ${name} is not given`),
        ...given.filter((name) => !names.includes(name)).map((name) => `${symbol}: takes no ${name}`),
      ];
    }),
    ...outputsUsed.flatMap(([symbol, output]) => {
      const path = modules.find((module) => module.symbol === symbol)?.path ?? '';
      const has = others.get(path)?.outputs[output] !== undefined;
      return has ? [] : [`${symbol}: has no output ${output}`];
    }),
  ];
};

const files = new Map(bicepPaths().map((path) => [path, readBicep(path)]));
const main = readBicep('main.bicep');

describe.each([...files])('%s', (_path, file) => {
  it('declares what it uses, uses what it declares, and gives its modules what they need', () => {
    expect(faultsOf(file, files)).toEqual([]);
  });
});

it('sees a fault of each kind', () => {
  const faults = (text: string): string[] => faultsOf(parseBicep(text, 'main.bicep'), files);
  const described = `@description('x')\n`;
  expect(faults(`${described}param a string\nvar b = a\noutput c string = b`)).toEqual([]);
  expect(faults(`${described}param a string\noutput b string = c`)).toEqual([
    'c: is not declared',
    'a: is not used',
  ]);
  expect(faults('param a string\noutput b string = a')).toEqual(['a: what is it?']);
  expect(faults(`output b string = secrets('x')`)).toEqual(['secrets(): ?']);
  const identity = `module m 'modules/identity.bicep' = {\n  params: {\n    name: 'n'\n    size: 1\n  }\n}\n`;
  expect(faults(`${identity}output o string = m.outputs.none`)).toEqual([
    'm: location is not given',
    'm: tags is not given',
    'm: takes no size',
    'm: has no output none',
  ]);
  expect(() => faults(`resource a 'b@c' = {\n  name: 'x'\n`)).toThrow('main.bicep:');
});

describe('the example of two accounts', () => {
  // The grammar has no parameter files: an assignment there is what a variable is elsewhere.
  const text = readFileSync(join(REPOSITORY, 'infra/azure/two-accounts.example.bicepparam'), 'utf8');
  const asVariables = text.replace(/^using .*$/m, '').replace(/^param /gm, 'var ');

  it('gives parameters that exist, and each that is needed', () => {
    const given = Object.keys(parseBicep(asVariables, 'example').variables);
    const names = main.parameters.map(({ name }) => name);
    expect(given.filter((name) => !names.includes(name))).toEqual([]);
    const needed = main.parameters.filter(({ isOptional }) => !isOptional).map(({ name }) => name);
    expect(needed.filter((name) => !given.includes(name))).toEqual([]);
  });

  it('has two accounts that the app takes, without a key in it', () => {
    const accounts = parseBicep(
      asVariables.replace('base64(string(', '').replace(/\)\)\s*$/, '\n'),
      'example',
    ).variables.accountsBase64;
    const plain = (value: Value | undefined): unknown => {
      if (value instanceof Expression) {
        expect(value.text).toMatch(/^readEnvironmentVariable\('[A-Z_]+'\)$/);
        return 'a-key-of-the-environment';
      }
      if (Array.isArray(value)) return value.map(plain);
      if (typeof value !== 'object' || value === null) return value;
      return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, plain(inner)]));
    };
    const config = load({ KEEPER_ACCOUNTS: JSON.stringify(plain(accounts)) });
    expect(config.accounts).toHaveLength(2);
    expect(text.match(/Key: readEnvironmentVariable|keys: \[readEnvironmentVariable/g)).toHaveLength(4);
  });
});

describe('azure.yaml', () => {
  const yaml = readFileSync(join(REPOSITORY, 'azure.yaml'), 'utf8');

  it('names the folder and the module, and the service that the app is tagged with', () => {
    expect(yaml).toMatch(/^infra:\n {2}provider: bicep\n {2}path: infra\/azure\n {2}module: main$/m);
    expect(yaml).toMatch(/^services:\n {2}keeper:\n/m);
    expect(readBicep('modules/app.bicep').text).toContain(`'azd-service-name': 'keeper'`);
    expect(main.text).toContain(`'azd-env-name': environmentName`);
  });

  it('packages what is built here, and has nothing built elsewhere', () => {
    expect(yaml).toMatch(/^ {4}dist: dist$/m);
    expect(relative(REPOSITORY, DIST)).toBe('dist');
    expect(yaml).toMatch(/^ {4}remoteBuild: false$/m);
    const { scripts } = JSON.parse(readFileSync(join(REPOSITORY, 'package.json'), 'utf8')) as {
      scripts: Record<string, string>;
    };
    const run = [...yaml.matchAll(/^ {10}run: npm run (\w+)$/gm)].map(([, name = '']) => name);
    expect(run).toEqual(['package', 'package']);
    expect(scripts.package).toContain('infra/package.ts');
  });
});

describe('the README', () => {
  it('names the API version of each type, and no other', () => {
    const rows = readDocument('infra/azure/README.md').matchAll(
      /^\| `(Microsoft\.\w+\/\w+)`(.*?)\| `([\w-]+)` \|/gm,
    );
    const said = [...rows].flatMap(([, type = '', others = '', version = '']) => [
      `${type}@${version}`,
      ...[...others.matchAll(/`\/(\w+)(?:\/\w+)?`/g)].map(
        ([, name = '']) => `${name === 'secrets' ? type : `${type.split('/')[0]}/${name}`}@${version}`,
      ),
    ]);
    const used = [...files.values()]
      .flatMap(({ resources }) => resources)
      .map(({ type, apiVersion }) => `${type.split('/').slice(0, 2).join('/')}@${apiVersion}`);
    expect([...new Set(used)].sort()).toEqual([...new Set(said)].sort());
  });

  it('links only to what exists', () => {
    expect([...deadLinks('infra/azure/README.md'), ...deadLinks('docs/operations.md')]).toEqual([]);
  });
});
