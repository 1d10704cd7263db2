import { SUPPORTED_API_VERSIONS } from './api-version.ts';
import { correlationVector } from './correlation-vector.ts';

/** Headers of every answer of the second generation, errors included. */
export const VERSION_HEADERS = { 'api-supported-versions': SUPPORTED_API_VERSIONS.join(', ') } as const;

/** Headers of every answer, whatever its generation and its status. What a GET shows is never to be kept. */
export const commonHeaders = (
  method: string,
  randomBytes: (size: number) => Buffer,
): Record<'MS-CV' | 'X-Content-Type-Options', string> & Record<string, string> => ({
  'MS-CV': correlationVector(randomBytes),
  'X-Content-Type-Options': 'nosniff',
  ...(method === 'GET' || method === 'HEAD'
    ? { 'Cache-Control': 'no-store, no-cache', Pragma: 'no-cache' }
    : {}),
});
