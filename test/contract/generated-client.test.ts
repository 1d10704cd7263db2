import { execFile } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { generateSource } from 'oazapfts';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { REPOSITORY } from '../../infra/local/stack.ts';
import { DEMO_ACCOUNT } from '../../shared/config.ts';
import { startTestStack, type TestStack } from '../stack.ts';

/** The description of the API is good enough for a generator: its client compiles strictly, and does the tour. */

let test: TestStack;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'lease-keeper-client-'));
  test = await startTestStack();
});
afterAll(async () => {
  await test.stop();
  rmSync(folder, { recursive: true, force: true });
});

const COMPILER_OPTIONS = {
  strict: true,
  noUncheckedIndexedAccess: true,
  erasableSyntaxOnly: true,
  verbatimModuleSyntax: true,
  module: 'nodenext',
  target: 'es2024',
  lib: ['es2024', 'dom'],
  types: ['node'],
  rootDir: '.',
  outDir: 'out',
};

const run = async (...words: string[]): Promise<string> => {
  const ended = await promisify(execFile)(process.execPath, words).catch((error: unknown) => error);
  const { stdout = '', stderr = '', code } = ended as { stdout?: string; stderr?: string; code?: number };
  if (code !== undefined) throw new Error(`${words[0]} ended with ${code}:\n${stdout}${stderr}`);
  return stdout;
};

it('a client generated from the description compiles and does the tour', async () => {
  const { keeperUrl } = test.stack;
  const description = await fetch(`${keeperUrl}/openapi.json`);
  writeFileSync(join(folder, 'openapi.json'), await description.text());
  const source = await generateSource(join(folder, 'openapi.json'), { futureStripLegacyMethods: true });
  writeFileSync(join(folder, 'client.ts'), source);
  copyFileSync(join(import.meta.dirname, 'generated-client/tour.ts'), join(folder, 'tour.ts'));
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  const project = { compilerOptions: COMPILER_OPTIONS, files: ['tour.ts'] };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(project));
  // The client imports its generator's runtime.
  symlinkSync(join(REPOSITORY, 'node_modules'), join(folder, 'node_modules'), 'dir');
  // No type of the client is lost on the way.
  expect(source).not.toMatch(/\bany\b/);

  await run(join(REPOSITORY, 'node_modules/typescript/bin/tsc'), '-p', folder);
  const { accountId, key } = DEMO_ACCOUNT;
  const said = await run(join(folder, 'out/tour.js'), keeperUrl, accountId, key);
  expect(JSON.parse(said)).toEqual({
    created: [true, 'Starting', { team: 'blue' }],
    refused: 'maxLeaseTimeMinutes',
    ready: ['Ready', 'number', '127.0.0.1'],
    extended: 90,
    tooSmall: 'InvalidLease',
    beat: 'Ready',
    listed: [true, true],
    over: 'asked',
    unknown: 'SessionNotFound',
  });
});
