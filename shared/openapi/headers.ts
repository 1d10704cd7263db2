import { commonHeaders, VERSION_HEADERS } from '../protocol/headers.ts';
import type { Header, Reference } from './types.ts';

/** The headers of the answers, with the very values that the code sends. */

const sent = commonHeaders('GET', (size) => Buffer.alloc(size, 0x5a));

const fixed = (description: string, value: unknown): Header => ({
  description,
  required: true,
  schema: { type: 'string', const: value },
});

export const HEADERS = {
  'MS-CV': {
    description: 'Correlation vector, new for each call: name it where something went wrong.',
    required: true,
    schema: { type: 'string', pattern: String.raw`^[A-Za-z0-9+/]{22}\.0$`, examples: [sent['MS-CV']] },
  },
  'X-Content-Type-Options': fixed('The body is what it says it is.', sent['X-Content-Type-Options']),
  'Cache-Control': fixed('What a GET shows is never to be kept.', sent['Cache-Control']),
  Pragma: fixed('The same for old caches.', sent.Pragma),
  'api-supported-versions': fixed(
    'The versions that `api-version` can name.',
    VERSION_HEADERS['api-supported-versions'],
  ),
  'WWW-Authenticate': fixed('How to prove who you are.', 'Bearer'),
  'Retry-After': {
    description: 'Whole seconds to wait before the same call makes sense again.',
    required: true,
    schema: { type: 'integer', minimum: 1, examples: [10] },
  },
  Location: {
    description: 'Where the new session is, as the original service names it.',
    required: true,
    schema: {
      type: 'string',
      pattern: '^accounts/[0-9a-f-]{36}/sessions/[0-9a-f-]{36}$',
    },
  },
  'Content-Security-Policy': {
    description: 'The page loads nothing and runs nothing.',
    required: true,
    schema: { type: 'string' },
  },
} as const satisfies Record<string, Header>;

export type HeaderName = keyof typeof HEADERS;

const ofEveryAnswer: readonly HeaderName[] = ['MS-CV', 'X-Content-Type-Options'];
const ofReading: readonly HeaderName[] = ['Cache-Control', 'Pragma'];

/** What the headers of an answer depend on, beside its status. */
export interface Kind {
  /** GET or HEAD. */
  readonly isReading: boolean;
  /** Of the second generation of the API. */
  readonly isVersioned: boolean;
}

/** The headers that an answer always has, with its own. */
export const headersOf = (
  { isReading, isVersioned }: Kind,
  own: readonly HeaderName[],
): Readonly<Record<string, Reference>> => {
  const names: HeaderName[] = [
    ...ofEveryAnswer,
    ...(isReading ? ofReading : []),
    ...(isVersioned ? (['api-supported-versions'] as const) : []),
    ...own,
  ];
  return Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));
};
