import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { REPOSITORY } from '../../infra/local/stack.ts';
import { blocksOf, deadLinks, readDocument, runShell } from '../documents.ts';
import { type PowerShellRequest, parsePowerShell } from '../powershell.ts';
import { type Client, connect, startTestStack, type TestStack } from '../stack.ts';

/** What the README shows is what happens: its curl commands are run, its PowerShell requests parsed and replayed. */

let test: TestStack;
let client: Client;

beforeAll(async () => {
  test = await startTestStack();
  client = await connect(test.stack.keeperUrl);
});
afterAll(() => test.stop());

const blocks = (language: string): string[] => blocksOf('README.md', language, test.stack.keeperUrl);

describe('the tour', () => {
  it('works in curl, command by command, and shows what the text says', async () => {
    const [token = '', keep = '', idle = '', look = '', see = '', rest = ''] = blocks('bash');
    expect(blocks('bash')).toHaveLength(6);
    const made = await runShell(`${token}${keep}${idle}echo "$KEPT $IDLE"`);
    const [kept = '', left = ''] = made.trim().split(' ');
    const set = `${token}KEPT=${kept}\nIDLE=${left}\n`;

    await client.untilStatus(kept, 'Ready');
    const looked = JSON.parse(await runShell(set + look)) as {
      sessionMaxLeaseTime: string;
      keeper: { next: object };
    };
    expect(looked.sessionMaxLeaseTime > '00:01:00').toBe(true);
    expect(looked.keeper.next).toEqual({
      action: expect.any(String),
      at: expect.any(String),
      because: expect.any(String),
    });

    await client.untilStatus(left, 'Stopped');
    const seen = JSON.parse(await runShell(set + see)) as { message: string };
    expect(seen.message).toContain('idle');

    const [beat = '', , listed = ''] = (
      await runShell(set + rest.replaceAll('\ncurl', '\necho\ncurl'))
    ).split('\n');
    expect(JSON.parse(beat)).toMatchObject({ status: 'Ready', idleAt: expect.any(String) });
    expect(listed).toContain('"sessionMaxLeaseTime":"05:00:00"');
    await client.untilStatus(kept, 'Stopped');
  });

  it('asks the same in PowerShell', async () => {
    const variables = new Map<string, string>();
    const seen: string[] = [];
    const replay = async ({ method, uri, headers, body }: PowerShellRequest): Promise<string> => {
      const init = { method, headers, ...(body === undefined ? {} : { body }) };
      const answer = await fetch(uri, init);
      expect({ uri, ok: answer.ok }).toEqual({ uri, ok: true });
      seen.push(`${method} ${new URL(uri).pathname.replace(/[0-9a-f-]{36}/g, '*')}`);
      return answer.text();
    };
    for (const block of blocks('powershell')) await parsePowerShell(block, variables, replay);
    expect(seen).toEqual([
      'GET /accounts/*/token',
      'POST /v1/accounts/*/sessions/create',
      'POST /v1/accounts/*/sessions/create',
      'GET /v1/accounts/*/sessions/*/properties',
      'GET /v1/accounts/*/sessions/*/properties',
      'POST /v1/accounts/*/sessions/*/heartbeat',
      'PATCH /v1/accounts/*/sessions/*',
      'GET /v1/accounts/*/sessions',
      'DELETE /v1/accounts/*/sessions/*',
    ]);
  });
});

describe('the doctor', () => {
  it('says of the account what its sample shows', async () => {
    const command = blocks('sh').find((block) => block.includes('npm run doctor')) ?? '';
    const { sessionHost, table } = test.settings.ports;
    const ports = { SESSION_HOST_PORT: String(sessionHost), AZURITE_TABLE_PORT: String(table) };
    const sessionId = await client.create('{"maxLeaseTime":"0:10:0","keepAlive":true}');
    // A difference is no fault: the session may just have become Ready.
    const said = await runShell(`${command.trim()} || test $? -eq 1`, ports);
    expect(said).toContain(`\n${sessionId}\n`);
    expect(said).toMatch(/\n\d+ sessions?, \d+ differences?, \d+ things? to do in the next sweep\n$/);
    const [sample = ''] = blocks('text');
    const headings = (text: string) => [...text.matchAll(/^ {2}([a-z]+) {2,}/gm)].map(([, word]) => word);
    expect(headings(said)).toEqual(expect.arrayContaining(headings(sample)));
    await client.send('DELETE', `${client.sessions}/${sessionId}`);
  }, 60_000);
});

describe('the settings table', () => {
  it('has every setting that the code reads, and no other', () => {
    const sources = [
      ...['shared/config.ts', 'shared/config-storage.ts', 'infra/local/stack.ts'],
      ...['infra/local/functions-host/settings.ts', 'infra/local/session-host/settings.ts'],
    ];
    const code = sources.map((file) => readFileSync(join(REPOSITORY, file), 'utf8')).join('\n');
    const name =
      /\b(?:KEEPER|SESSION_HOST|AZURITE|LEASE_KEEPER)_[A-Z_]+\b|\bAzureWebJobsStorage(?:__\w+)?\b|\bAPPLICATIONINSIGHTS_CONNECTION_STRING\b|\bAZURE_FUNCTIONS_ENVIRONMENT\b/g;
    const internal = ['AZURITE_ACCOUNT', 'AZURITE_KEY'];
    const read = new Set((code.match(name) ?? []).filter((one) => !internal.includes(one)));
    const tables = readDocument('README.md')
      .split('\n')
      .filter((line) => line.startsWith('| `'));
    const told = new Set(
      tables
        .map((line) => line.split(' | ')[0] ?? '')
        .join('\n')
        .match(name),
    );
    expect([...told].sort()).toEqual([...read].sort());
  });

  it('names only files that exist', () => {
    expect(deadLinks('README.md')).toEqual([]);
  });
});
