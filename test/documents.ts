import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { REPOSITORY } from '../infra/local/stack.ts';

/** The documents of the project, for tests of what they show and name. */

const DEFAULT_ENDPOINT = 'http://127.0.0.1:7071';

/** The code blocks of one language, in their order, with the address of a stack of the test in place of the default. */
export const blocksOf = (document: string, language: string, keeperUrl: string): string[] =>
  [...readDocument(document).matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, 'gm'))].map(
    ([, text = '']) => text.replaceAll(DEFAULT_ENDPOINT, keeperUrl),
  );

export const readDocument = (document: string): string => readFileSync(join(REPOSITORY, document), 'utf8');

/** Runs the commands in one shell, from the project's own folder; fails with the first that fails. */
export const runShell = async (script: string, environment: Record<string, string> = {}): Promise<string> => {
  const options = { cwd: REPOSITORY, env: { ...process.env, ...environment } };
  return (await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', script], options)).stdout;
};

/** The files that a document links to and that do not exist. */
export const deadLinks = (document: string): string[] =>
  [...readDocument(document).matchAll(/\]\(([a-z.][\w./-]*)(?:#[\w-]*)?\)/gi)]
    .map(([, path = '']) => path)
    .filter((path) => !existsSync(join(REPOSITORY, dirname(document), path)));
