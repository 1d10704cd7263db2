import { UnsupportedApiVersionError } from '../errors.ts';

/** `api-version`, which every call of the second generation names in its query. */

export const API_VERSION = '2021-01-01';
export const SUPPORTED_API_VERSIONS = ['2021-01-01-preview', API_VERSION] as const;
export type ApiVersion = (typeof SUPPORTED_API_VERSIONS)[number];

/**
 * The version that a query names. The parameter's name is read in any letter case, and the same version named twice is
 * one; some servers join repeated parameters with a comma.
 *
 * @throws UnsupportedApiVersionError where it is missing, unknown, or not the same everywhere
 */
export const requireApiVersion = (query: Iterable<readonly [string, string]>): ApiVersion => {
  const named = [...query]
    .filter(([name]) => name.toLowerCase() === 'api-version')
    .flatMap(([, value]) => value.split(','));
  const version = SUPPORTED_API_VERSIONS.find((supported) => supported === named[0]);
  if (version !== undefined && new Set(named).size === 1) return version;
  throw new UnsupportedApiVersionError(
    `The api-version must be given as one of ${SUPPORTED_API_VERSIONS.join(', ')}.`,
    { target: 'api-version' },
  );
};
