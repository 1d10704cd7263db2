import { describe, expect, it } from 'vitest';
import { readRequest } from '../../infra/doctor/settings.ts';
import { DEMO_ACCOUNT } from '../../shared/config.ts';
import { accessOf } from '../../shared/store/table.ts';
import { type Environment, faultsOf, KEY, load, STORAGE } from './config-fixture.ts';

/** Who uses the table, by what is set of the four settings that say so. */

const URI = 'https://someone.table.core.windows.net';
const byKey = { by: 'connection string', connectionString: STORAGE };
const byIdentity = { by: 'identity', tableServiceUri: URI, clientId: undefined };

const settings = (connection: string | undefined, uri?: string, clientId?: string): Environment => ({
  AzureWebJobsStorage: connection,
  AzureWebJobsStorage__tableServiceUri: uri,
  AzureWebJobsStorage__clientId: clientId,
});

describe('the table is reached', () => {
  it.each([
    ['by a connection string', settings(STORAGE), byKey],
    ['by a connection string also where an address is set', settings(STORAGE, URI, 'me'), byKey],
    ['as an identity where there is an address alone', settings(undefined, URI), byIdentity],
    ['as an identity where the connection string is empty', settings('', URI), byIdentity],
    ['as an identity where the connection string is blank', settings(' \n', ` ${URI}/ `), byIdentity],
    ['as the identity that is named', settings('', URI, ' me '), { ...byIdentity, clientId: 'me' }],
    ['as the only identity where none is named', settings('', URI, ' '), byIdentity],
  ])('%s', (_how, environment, storage) => {
    expect(load(environment).storage).toEqual(storage);
    expect(Object.keys(accessOf(load(environment).storage)).sort()).toEqual(
      storage.by === 'identity' ? ['credential', 'tableServiceUri'] : ['connectionString'],
    );
  });

  it.each([
    'http://someone.table.core.windows.net',
    'http://127.0.0.1:10002/a',
    'someone',
    `${URI}?sig=x`,
    KEY,
  ])('as an identity over TLS only, and not at %s', (uri) => {
    const fault = 'AzureWebJobsStorage__tableServiceUri: must be an https URL';
    expect(faultsOf(settings(undefined, uri))).toEqual([fault]);
  });

  it.each([
    ['nothing is set', settings(undefined), 'AzureWebJobsStorage: is missing'],
    ['only an identity is named', settings('', ' ', 'me'), 'AzureWebJobsStorage: is missing'],
    [
      'the connection string is none, whatever the address says',
      settings(KEY, URI),
      'AzureWebJobsStorage: must be the connection string of a storage account',
    ],
  ])('by nobody where %s', (_why, environment, fault) => {
    expect(faultsOf(environment)).toEqual([fault]);
  });
});

describe('the doctor', () => {
  const storageOf = (environment: NodeJS.ProcessEnv) =>
    readRequest(['--account', DEMO_ACCOUNT.accountId], environment).config.storage;

  it('goes the same way, and to the local stack where nothing is set', () => {
    expect(storageOf({})).toMatchObject({ connectionString: expect.stringContaining('127.0.0.1') });
    expect(storageOf(settings('', URI, 'me'))).toEqual({ ...byIdentity, clientId: 'me' });
    expect(storageOf(settings(STORAGE, URI))).toEqual(byKey);
  });
});
