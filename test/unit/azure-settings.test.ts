import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sweepQueue } from '../../functions/http/endpoint.ts';
import { REPOSITORY } from '../../infra/local/stack.ts';
import { loadConfig } from '../../shared/config.ts';
import { ConfigError } from '../../shared/errors.ts';
import { TABLE_NAME } from '../../shared/store/table.ts';
import { expressionOf, type Resource, readBicep, type Value, within } from '../bicep.ts';
import { ACCOUNT, accounts, SECRET, STORAGE } from './config-fixture.ts';

/** What the app needs and what the Bicep makes: settings, table, queues, roles. */

const main = readBicep('main.bicep');
const app = readBicep('modules/app.bicep');
const storage = readBicep('modules/storage.bicep');
const vault = readBicep('modules/vault.bicep');

const namesOf = (value: Value | undefined): string[] => Object.keys(value ?? {});
const bodyOf = (resources: readonly Resource[], symbol: string): Resource['body'] => {
  const resource = resources.find((one) => one.symbol === symbol);
  if (resource === undefined) throw new Error(`no resource ${symbol}`);
  return resource.body;
};

const appModule = main.modules.find(({ symbol }) => symbol === 'app');
const keeperSettings = within({ ...appModule?.body }, 'params', 'keeperSettings');
const set = [...namesOf(app.variables.platformSettings), ...namesOf(keeperSettings)];

/** The names that are asked for when the settings are read, whatever is wrong with them. */
const readBy = (environment: Record<string, string>): string[] => {
  const names = new Set<string>();
  const watched = new Proxy(environment, {
    get: (settings, name) => {
      names.add(String(name));
      return Reflect.get(settings, name) as string | undefined;
    },
  });
  try {
    loadConfig(watched, () => '');
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
  }
  return [...names];
};
const good = { KEEPER_TOKEN_SECRETS: SECRET, ...accounts(ACCOUNT) } as Record<string, string>;
const byIdentity = Object.fromEntries(
  namesOf(app.variables.platformSettings).map((name) => [name, 'https://storage.example/']),
);
const readByTheApp = [
  ...new Set([...readBy({ ...good, AzureWebJobsStorage: STORAGE }), ...readBy({ ...good, ...byIdentity })]),
];

/** Read by the app, and left alone by the Bicep, with the reason; each is told in infra/azure/README.md too. */
const LEFT_ALONE: Readonly<Record<string, string>> = {
  AzureWebJobsStorage: 'the storage account has no keys, and so no connection string',
  AZURE_FUNCTIONS_ENVIRONMENT: 'the host sets it',
};
/** Set by the Bicep for somebody else than the code of this project. */
const FOR_THE_PLATFORM: Readonly<Record<string, string>> = {
  AzureWebJobsStorage__accountName: 'the host: its own blobs',
  AzureWebJobsStorage__credential: 'the host: by identity',
  AzureWebJobsStorage__blobServiceUri: 'the host: locks and keys',
  AzureWebJobsStorage__queueServiceUri: 'the host: trigger and output of the queue',
};

describe('settings', () => {
  it('that the app reads are set, or left alone for a reason', () => {
    expect(readByTheApp.length).toBeGreaterThan(15);
    expect(readByTheApp.filter((name) => !set.includes(name)).sort()).toEqual(Object.keys(LEFT_ALONE).sort());
    const readme = readFileSync(join(REPOSITORY, 'infra/azure/README.md'), 'utf8');
    for (const name of Object.keys(LEFT_ALONE)) expect(readme).toContain(`\`${name}\``);
  });

  it('that are set are read, by the app or by the platform', () => {
    const known = [...readByTheApp, ...Object.keys(FOR_THE_PLATFORM)];
    expect(set.filter((name) => !known.includes(name))).toEqual([]);
    expect(Object.keys(FOR_THE_PLATFORM).filter((name) => !set.includes(name))).toEqual([]);
    expect(set.length).toBe(new Set(set).size);
  });

  it('are read in one place only', () => {
    const sources = ['functions', 'shared'].flatMap((folder) =>
      readdirSync(join(REPOSITORY, folder), { recursive: true, encoding: 'utf8' })
        .filter((path) => path.endsWith('.ts'))
        .map((path) => join(folder, path)),
    );
    const reading = sources.filter((path) =>
      /process\.env/.test(readFileSync(join(REPOSITORY, path), 'utf8')),
    );
    expect(reading).toEqual(['functions/app.ts']);
  });

  it('that are not set by hand have the default of the app: an empty one is none', () => {
    const defaults = main.parameters.filter(({ decorators }) =>
      String(decorators.description?.[0]).startsWith('KEEPER_'),
    );
    const names = defaults.map(
      ({ decorators }) => String(decorators.description?.[0]).split(/[ :]/)[0] ?? '',
    );
    expect(names.sort()).toEqual(namesOf(keeperSettings).sort());
    const optional = names.filter((name) => name !== 'KEEPER_ACCOUNTS' && name !== 'KEEPER_TOKEN_SECRETS');
    const config = (extra: Record<string, string>) =>
      loadConfig({ ...good, AzureWebJobsStorage: STORAGE, ...extra }, () => '');
    expect(config(Object.fromEntries(optional.map((name) => [name, ''])))).toEqual(config({}));
  });

  it('are handed on by azd under their own names', () => {
    const file = JSON.parse(readFileSync(join(REPOSITORY, 'infra/azure/main.parameters.json'), 'utf8')) as {
      parameters: Record<string, { value: string }>;
    };
    for (const [setting, value] of Object.entries(keeperSettings ?? {})) {
      const parameter = expressionOf(value as Value);
      if (parameter.includes('.outputs.')) continue;
      expect({ setting, from: file.parameters[parameter]?.value }).toEqual({
        setting,
        from: `\${${setting}}`,
      });
    }
  });

  it('with keys in them are references to the vault, each to a secret of its own', () => {
    const references = [
      ['KEEPER_ACCOUNTS', 'accountsReference', 'accountsSecretName', 'accountsSecret'],
      ['KEEPER_TOKEN_SECRETS', 'tokenSecretsReference', 'tokenSecretsSecretName', 'tokenSecretsSecret'],
    ] as const;
    for (const [setting, output, name, secret] of references) {
      expect(expressionOf(within(keeperSettings, setting))).toBe(`vault.outputs.${output}`);
      const reference = `'@Microsoft.KeyVault(VaultName=\${vault.name};SecretName=\${${name}})'`;
      expect(expressionOf(vault.outputs[output])).toBe(reference);
      expect(expressionOf(bodyOf(vault.resources, secret).name)).toBe(name);
    }
    expect(expressionOf(within(bodyOf(app.resources, 'app').properties, 'keyVaultReferenceIdentity'))).toBe(
      'identityId',
    );
  });

  it('of the runtime are not set: on this plan they are no settings', () => {
    expect(set.filter((name) => /^(FUNCTIONS_|WEBSITE_|AzureWebJobsFeature)/.test(name))).toEqual([]);
    expect(within(bodyOf(app.resources, 'app').properties, 'functionAppConfig', 'runtime', 'name')).toBe(
      'node',
    );
    const nodeVersion = main.parameters.find(({ name }) => name === 'nodeVersion');
    const { engines } = JSON.parse(readFileSync(join(REPOSITORY, 'package.json'), 'utf8')) as {
      engines: { node: string };
    };
    const least = Number(/\d+/.exec(engines.node)?.[0]);
    const allowed = nodeVersion?.decorators.allowed?.[0] as string[];
    expect(allowed.filter((version) => Number(version) < least)).toEqual([]);
  });
});

describe('storage', () => {
  it('has the table and the queues of the app', () => {
    const named = (type: string): string[] =>
      storage.resources
        .filter((resource) => resource.type === `Microsoft.Storage/storageAccounts/${type}`)
        .map(({ body }) => String(storage.variables[expressionOf(body.name)]));
    expect(named('tableServices/tables')).toEqual([TABLE_NAME]);
    expect(named('queueServices/queues')).toEqual([sweepQueue.queueName, `${sweepQueue.queueName}-poison`]);
    expect(named('blobServices/containers')).toEqual(['deployment']);
    expect(sweepQueue.connection).toBe('AzureWebJobsStorage');
  });

  it('lets nobody in with a key, without TLS, or without a name', () => {
    expect(bodyOf(storage.resources, 'account').properties).toMatchObject({
      allowBlobPublicAccess: false,
      allowSharedKeyAccess: false,
      minimumTlsVersion: 'TLS1_2',
      supportsHttpsTrafficOnly: true,
    });
    expect(bodyOf(storage.resources, 'deploymentContainer').properties).toEqual({ publicAccess: 'None' });
  });
});

/** https://learn.microsoft.com/azure/role-based-access-control/built-in-roles */
const ROLES: Readonly<Record<string, string>> = {
  'Storage Blob Data Contributor': 'ba92f5b4-2d11-453d-a403-e96b0029c9fe',
  'Storage Queue Data Contributor': '974c5e8b-45b9-4653-ba55-5f855dd0fb88',
  'Storage Table Data Contributor': '0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3',
  'Key Vault Secrets User': '4633458b-17de-408a-b874-0445c86b69e6',
};

describe('roles', () => {
  it('are these four, each for one resource, and for the identity of the app', () => {
    const given = [
      main,
      app,
      storage,
      vault,
      ...['alerts', 'identity', 'monitoring', 'workbook'].map((name) => readBicep(`modules/${name}.bicep`)),
    ].flatMap((file) =>
      file.resources
        .filter(({ type }) => type === 'Microsoft.Authorization/roleAssignments')
        .map(({ body }) => {
          const role = /^subscriptionResourceId\('Microsoft\.Authorization\/roleDefinitions', (\w+)\)$/.exec(
            expressionOf(within(body.properties, 'roleDefinitionId')),
          )?.[1];
          const id = file.variables[role ?? ''];
          expect(expressionOf(within(body.properties, 'principalId'))).toBe('principalId');
          const name = Object.keys(ROLES).find((one) => ROLES[one] === id) ?? String(id);
          return `${name} on ${expressionOf(body.scope)}`;
        }),
    );
    expect(given.sort()).toEqual([
      'Key Vault Secrets User on vault',
      'Storage Blob Data Contributor on account',
      'Storage Queue Data Contributor on account',
      'Storage Table Data Contributor on account',
    ]);
    for (const symbol of ['storage', 'vault']) {
      const body = main.modules.find((module) => module.symbol === symbol)?.body;
      expect(expressionOf(within({ ...body }, 'params', 'principalId'))).toBe('identity.outputs.principalId');
    }
  });
});

describe('the vault', () => {
  it('goes by roles, and nothing in it can be lost by a slip', () => {
    expect(bodyOf(vault.resources, 'vault').properties).toMatchObject({
      enableRbacAuthorization: true,
      enableSoftDelete: true,
      enablePurgeProtection: true,
    });
  });

  it('keeps its secrets where a deployment brings none', () => {
    const secrets = vault.resources.filter(({ type }) => type === 'Microsoft.KeyVault/vaults/secrets');
    expect(secrets.map(({ isConditional }) => isConditional)).toEqual([true, true]);
  });
});

describe('the app', () => {
  it('is reached by HTTPS alone, and runs as its identity', () => {
    const { identity, properties } = bodyOf(app.resources, 'app');
    expect(properties).toMatchObject({
      httpsOnly: true,
      siteConfig: { minTlsVersion: '1.2', scmMinTlsVersion: '1.2' },
    });
    expect(within(identity, 'type')).toBe('UserAssigned');
    expect(bodyOf(app.resources, 'plan')).toMatchObject({
      sku: { name: 'FC1', tier: 'FlexConsumption' },
      properties: { reserved: true },
    });
  });

  it('has its logs, and those of vault and storage, in the workspace', () => {
    const scopes = [app, storage, vault].flatMap(({ resources }) =>
      resources
        .filter(({ type }) => type === 'Microsoft.Insights/diagnosticSettings')
        .map(({ body }) => {
          expect(expressionOf(within(body.properties, 'workspaceId'))).toBe('workspaceId');
          return expressionOf(body.scope);
        }),
    );
    expect(scopes).toEqual(['app', 'blobs', 'queues', 'tables', 'vault']);
  });
});
