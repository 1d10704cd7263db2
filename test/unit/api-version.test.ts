import { describe, expect, it } from 'vitest';
import { requireApiVersion } from '../../shared/protocol/api-version.ts';

const named = (query: string): string => requireApiVersion(new URLSearchParams(query));

describe('the api-version of a query', () => {
  it.each([
    ['api-version=2021-01-01', '2021-01-01'],
    ['api-version=2021-01-01-preview', '2021-01-01-preview'],
    ['Api-Version=2021-01-01', '2021-01-01'],
    ['other=1&API-VERSION=2021-01-01', '2021-01-01'],
    ['api-version=2021-01-01&api-version=2021-01-01', '2021-01-01'],
    // As Azure hands on a parameter that was named twice.
    ['api-version=2021-01-01,2021-01-01', '2021-01-01'],
  ])('is read from %j', (query, version) => {
    expect(named(query)).toBe(version);
  });

  it.each([
    '',
    'api-version',
    'api-version=',
    'api-version=2020-01-01',
    'api-version=2021-01-01-PREVIEW',
    'api-version=2021-01-01%20',
    'api-version=2021-01-01&api-version=2021-01-01-preview',
    'api-version=2021-01-01&API-version=2020-01-01',
    'api-version=2021-01-01,',
    'version=2021-01-01',
  ])('is refused in %j, with those that are supported', (query) => {
    expect(() => named(query)).toThrow(
      expect.objectContaining({
        status: 400,
        code: 'UnsupportedApiVersion',
        target: 'api-version',
        message: expect.stringContaining('2021-01-01-preview, 2021-01-01'),
      }),
    );
  });
});
