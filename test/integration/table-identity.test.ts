import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { azuriteConnection, REPOSITORY } from '../../infra/local/stack.ts';
import { loadConfig } from '../../shared/config.ts';
import { StorageUnavailableError } from '../../shared/errors.ts';
import { accessOf, openTable, type Table } from '../../shared/store/table.ts';
import { createCertificate } from '../certificate.ts';
import { ID } from '../unit/config-fixture.ts';

/** The table as a managed identity reaches it: doubles of what gives out tokens in Azure, and of the table service. */

const servers: Server[] = [];
const serve = async (server: Server): Promise<number> => {
  servers.push(server.listen(0, '127.0.0.1'));
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
};
const trusted = getCACertificates();
const certificate = createCertificate();

/** How the identity endpoint of the platform answers: https://learn.microsoft.com/azure/app-service/overview-managed-identity */
const identity = { asked: [] as URL[], isThere: true };
const onIdentity: RequestListener = (request, response) => {
  const url = new URL(request.url ?? '', 'http://identity');
  identity.asked.push(url);
  const isAllowed = identity.isThere && request.headers['x-identity-header'] === 'the-header-of-the-platform';
  const token = {
    access_token: `token-${identity.asked.length}`,
    expires_on: String(Math.floor(Date.now() / 1000) + 86_400),
    resource: url.searchParams.get('resource'),
    token_type: 'Bearer',
    client_id: url.searchParams.get('client_id'),
  };
  response
    .writeHead(isAllowed ? 200 : 400, { 'content-type': 'application/json' })
    .end(JSON.stringify(isAllowed ? token : { statusCode: 400, message: 'no such identity' }));
};

const asked: { method: string; authorization: string | undefined }[] = [];
const batchAnswer = [
  ...['--b', 'Content-Type: multipart/mixed; boundary=c', '', '--c', 'Content-Type: application/http', ''],
  ...['HTTP/1.1 204 No Content', 'ETag: W/"2"', '', '', '--c--', '--b--', ''],
].join('\r\n');
const onTable: RequestListener = async (request: IncomingMessage, response) => {
  request.resume();
  await once(request, 'end');
  const { method = '', url = '', headers } = request;
  asked.push({ method, authorization: headers.authorization });
  if (url.includes('$batch'))
    response.writeHead(202, { 'content-type': 'multipart/mixed; boundary=b' }).end(batchAnswer);
  else
    response
      .writeHead(200, { 'content-type': 'application/json', etag: 'W/"1"' })
      .end(JSON.stringify({ PartitionKey: 'p', RowKey: 'r', answer: 42, value: [] }));
};

let settings: Record<string, string>;
let table: Table;
/** Another one for each test: the library keeps the tokens of each in mind. */
let clientId: string;

// One of each for all tests: the library remembers where it found the identity of the platform.
let endpoint: string;
let tableServiceUri: string;
beforeAll(async () => {
  // On a busy machine loading it takes longer than an operation of the table may.
  await import('@azure/identity');
  endpoint = `http://127.0.0.1:${await serve(createServer(onIdentity))}/msi/token`;
  tableServiceUri = `https://127.0.0.1:${await serve(createSecureServer(certificate, onTable))}`;
});
afterAll(() => {
  for (const server of servers) server.close();
});

beforeEach(() => {
  clientId = randomUUID();
  Object.assign(identity, { asked: [], isThere: true });
  asked.splice(0);
  vi.stubEnv('IDENTITY_ENDPOINT', endpoint);
  vi.stubEnv('IDENTITY_HEADER', 'the-header-of-the-platform');
  // Nobody who happens to be signed in on this machine.
  vi.stubEnv('AZURE_TOKEN_CREDENTIALS', 'prod');
  setDefaultCACertificates([...trusted, certificate.cert]);
  settings = {
    AzureWebJobsStorage__tableServiceUri: tableServiceUri,
    AzureWebJobsStorage__clientId: clientId,
    KEEPER_TOKEN_SECRETS: Buffer.alloc(32).toString('base64'),
    KEEPER_ACCOUNTS: JSON.stringify([
      {
        accountId: ID,
        keys: ['a-key-of-an-account'],
        upstream: { endpoint: 'https://a.example', accountId: ID, accountKey: 'a-key-of-an-upstream' },
      },
    ]),
  };
  table = openTable(accessOf(loadConfig(settings, () => '').storage), 'keeper');
});
afterEach(() => {
  vi.unstubAllEnvs();
  setDefaultCACertificates(trusted);
});

describe('a table by identity', () => {
  it('is read and written with a token of the managed identity that is named, asked for once', async () => {
    expect(await table.get('p', 'r')).toMatchObject({ rowKey: 'r', columns: { answer: 42 } });
    const changes = [{ type: 'create', rowKey: 'r', columns: {} }] as const;
    expect(await table.submit('p', changes)).toMatchObject({ type: 'written' });
    await table.ping();
    expect(asked.map(({ method }) => method)).toEqual(['GET', 'POST', 'GET']);
    expect(asked.map(({ authorization }) => authorization)).toEqual(Array(3).fill('Bearer token-1'));
    const [first] = identity.asked;
    expect(identity.asked).toHaveLength(1);
    expect(first?.searchParams.get('resource')).toMatch(/^https:\/\/storage\.azure\.com\/?$/);
    expect(first?.searchParams.get('client_id')).toBe(clientId);
  });

  it('does not answer while there is no token, and does as soon as there is one', async () => {
    identity.isThere = false;
    const refused = await table.get('p', 'r').catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(StorageUnavailableError);
    expect(asked).toEqual([]);
    identity.isThere = true;
    const row = await table.get('p', 'r');
    expect(row).toMatchObject({ rowKey: 'r' });
  });
});

it('the library of identities is loaded where one is needed, and nowhere else', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'lease-keeper-loaded-'));
  const script = `
    import { loadConfig } from ${JSON.stringify(pathToFileURL(join(REPOSITORY, 'shared/config.ts')))};
    import { accessOf, openTable } from ${JSON.stringify(pathToFileURL(join(REPOSITORY, 'shared/store/table.ts')))};
    const table = openTable(accessOf(loadConfig(process.env, () => '').storage), 'keeper');
    await table.get('p', 'r').catch(() => undefined);
  `;
  const isLoaded = async (environment: Record<string, string>): Promise<boolean> => {
    const { PATH = '', IDENTITY_ENDPOINT = '', IDENTITY_HEADER = '' } = process.env;
    const own = { PATH, IDENTITY_ENDPOINT, IDENTITY_HEADER, AZURE_TOKEN_CREDENTIALS: 'prod' };
    const recorder = join(REPOSITORY, 'test/loaded-files.ts');
    const run = promisify(execFile)(
      process.execPath,
      ['--import', recorder, '--input-type=module', '--eval', script],
      { env: { ...own, ...environment, LOADED_FILES: folder } },
    );
    const { pid } = run.child;
    await run;
    const loaded = readFileSync(join(folder, `${pid}.txt`), 'utf8');
    expect(loaded).toContain('/@azure/data-tables/');
    return loaded.includes('/@azure/identity/');
  };
  try {
    const connection = azuriteConnection({ functions: 1, sessionHost: 1, blob: 1, queue: 1, table: 1 });
    expect(await isLoaded({ ...settings, AzureWebJobsStorage: connection })).toBe(false);
    expect(await isLoaded(settings)).toBe(true);
    expect(readdirSync(folder)).toHaveLength(2);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
