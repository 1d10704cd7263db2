import { BaseResolver, createConfig, getLineColLocation, lintFromString } from '@redocly/openapi-core';
import { describe, expect, it } from 'vitest';
import { openApiDocument } from '../../shared/openapi/document.ts';

/** A linter of its own field reads the description of the API, with its strict rules and some more. */

/** Reads nothing: a document that refers outside of itself fails. */
class NoResolver extends BaseResolver {
  override async loadExternalRef(ref: string): Promise<never> {
    throw new Error(`the document refers outside of itself: ${ref}`);
  }
}

const lint = async (document: unknown): Promise<string[]> => {
  const config = await createConfig({
    extends: ['recommended-strict'],
    rules: {
      // The calls of the service itself take nothing that could be wrong.
      'operation-4xx-response': 'off',
      'component-name-unique': 'error',
      'no-http-verbs-in-paths': 'error',
      'operation-description': 'error',
      'operation-singular-tag': 'error',
      'operation-tag-defined': 'error',
      'parameter-description': 'error',
      'path-declaration-must-exist': 'error',
      'tag-description': 'error',
    },
  });
  const problems = await lintFromString({
    source: JSON.stringify(document, null, 2),
    absoluteRef: '/openapi.json',
    config,
    externalRefResolver: new NoResolver(),
  });
  return problems.map(({ severity, ruleId, message, location: [at] }) => {
    const line = at === undefined ? 0 : getLineColLocation(at).start.line;
    return `${severity} ${ruleId} ${at?.pointer} (line ${line}): ${message}`;
  });
};

const document = openApiDocument({ version: '1.2.3' });

describe('the description of the API', () => {
  it('lints clean', async () => {
    expect(await lint(document)).toEqual([]);
  });

  it('would not, with a fault in it', async () => {
    const faulty = structuredClone(document) as { paths: Record<string, { get?: { operationId?: string } }> };
    const [path = ''] = Object.entries(faulty.paths).find(([, item]) => item.get !== undefined) ?? [];
    delete faulty.paths[path]?.get?.operationId;
    expect(await lint(faulty)).toEqual([expect.stringContaining('operation-operationId')]);
  });
});
