import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { openApiDocument } from '../../shared/openapi/document.ts';
import {
  createKeptSchema,
  createKeptV1Schema,
  updateKeptSchema,
  updateKeptV1Schema,
} from '../../shared/protocol/kept.ts';
import { parseTimeSpanMinutes } from '../../shared/protocol/time-span.ts';
import { checkValues } from '../openapi.ts';

/** The schemas of the description accept and refuse what those do that check the requests. */

const checkValue = checkValues(openApiDocument({ version: '1.2.3' }));

const SCHEMAS = {
  CreateSessionV1: createKeptV1Schema,
  UpdateSessionV1: updateKeptV1Schema,
  CreateSession: createKeptSchema,
  UpdateSession: updateKeptSchema,
} satisfies Record<string, z.ZodType>;
type Name = keyof typeof SCHEMAS;
const NAMES = Object.keys(SCHEMAS) as Name[];

const described = (name: Name, body: unknown): boolean =>
  checkValue({ $ref: `#/components/schemas/${name}` }, body).length === 0;
const checked = (name: Name, body: unknown): boolean => SCHEMAS[name].safeParse(body).success;

/** What a body needs beside the field that is tried. */
const BASE: Record<Name, Record<string, unknown>> = {
  CreateSessionV1: { maxLeaseTime: '4:0:0' },
  UpdateSessionV1: { maxLeaseTime: '4:0:0' },
  CreateSession: { maxLeaseTimeMinutes: 240, size: 'Standard' },
  UpdateSession: { maxLeaseTimeMinutes: 240 },
};
const OF_V1: readonly Name[] = ['CreateSessionV1', 'UpdateSessionV1'];
const OF_2021: readonly Name[] = ['CreateSession', 'UpdateSession'];
const OF_CREATE: readonly Name[] = ['CreateSessionV1', 'CreateSession'];

const SPANS = [
  ...['4:0:0', '04:00:00', '1:0', '0:0:1', '0:0:0.5', ' 4:0:0 ', '0.12:00:00', '23:59:59.9999999', '0004:00'],
  ...[
    '',
    '4',
    '4h',
    '-1:00:00',
    '4:60:0',
    '4:0:60',
    '1.24:00:00',
    'PT4H',
    '0:0:0',
    '00:00',
    '0.00:00:00.000',
  ],
  ...[4, true, ['4:0:0'], {}],
];
const MINUTES = [0.5, 1, 1440, 0, -0, -1, 1440.01, '5', true, []];
const tags = (count: number, name = 't', value = 'v'): Record<string, string> =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`${name}${index}`, value]));
const URL = 'https://assets.example/engine';

const CASES: readonly [readonly Name[], string, readonly unknown[]][] = [
  [OF_V1, 'maxLeaseTime', [...SPANS, null]],
  [OF_2021, 'maxLeaseTimeMinutes', [0, 1, 240, 1440, 1441, -1, 1.5, '240', null, true]],
  [OF_CREATE, 'size', ['standard', 'PREMIUM', 'Standard', 'pReMiUm', '', 'small', 'Standard ', null, 1, []]],
  [
    OF_CREATE,
    'models',
    [
      ...[[], [URL], [URL, 'HTTP://a.example'], null, Array(64).fill(URL)],
      ...[Array(65).fill(URL), [1], [null], ['/model'], ['ftp://a.example/x'], [''], URL, {}],
    ],
  ],
  [NAMES, 'keepAlive', [true, false, null, 'true', 1]],
  [NAMES, 'idleTimeout', [...SPANS, null]],
  [NAMES, 'maxLifetime', [...SPANS, null]],
  [NAMES, 'idleTimeoutMinutes', [...MINUTES, null]],
  [NAMES, 'maxLifetimeMinutes', [...MINUTES, null]],
  [
    NAMES,
    'tags',
    [
      ...[{}, { a: 'b' }, tags(16), { a: 'x'.repeat(256) }, { ['x'.repeat(256)]: '' }],
      ...[tags(17), { a: 1 }, { a: 'x'.repeat(257) }, { '': 'a' }, { ['x'.repeat(257)]: 'a' }, [], null, 'a'],
    ],
  ],
  [NAMES, 'unknown', [1, null, { a: [] }]],
];

const table = CASES.flatMap(([names, field, values]) =>
  names.flatMap((name) =>
    values.map((value): [Name, string, Record<string, unknown>] => [
      name,
      JSON.stringify({ [field]: value }).slice(0, 60),
      { ...BASE[name], [field]: value },
    ]),
  ),
);

describe('the description', () => {
  it.each(table)('of %s takes and refuses what the check does: %s', (name, _, body) => {
    expect(described(name, body)).toBe(checked(name, body));
  });

  it.each(NAMES.map((name) => [name]))('of %s refuses what is no body, or lacks what it needs', (name) => {
    for (const body of [[], 'a', 1, null, {}, { unknown: 1 }]) {
      expect(described(name, body)).toBe(false);
      expect(checked(name, body)).toBe(false);
    }
  });

  it.each(NAMES.map((name) => [name]))('of %s refuses what is given twice', (name) => {
    for (const [body, isGood] of [
      [{ idleTimeout: '1:0:0', idleTimeoutMinutes: 60 }, false],
      [{ maxLifetime: null, maxLifetimeMinutes: null }, false],
      [{ idleTimeout: '1:0:0', maxLifetimeMinutes: 60 }, true],
    ] as const) {
      expect(described(name, { ...BASE[name], ...body })).toBe(isGood);
      expect(checked(name, { ...BASE[name], ...body })).toBe(isGood);
    }
  });

  it('of an update takes any single field', () => {
    for (const body of [
      { keepAlive: false },
      { tags: {} },
      { idleTimeout: null },
      { maxLifetimeMinutes: 5 },
    ]) {
      for (const name of ['UpdateSessionV1', 'UpdateSession'] as const) {
        expect(described(name, body)).toBe(true);
        expect(checked(name, body)).toBe(true);
      }
    }
  });

  // What JSON Schema has no plain words for; it is said in the description of the field.
  it.each<[Name, Record<string, unknown>]>([
    ['CreateSessionV1', { maxLeaseTime: '24:00:01' }],
    ['CreateSessionV1', { ...BASE.CreateSessionV1, idleTimeout: '1.00:00:01' }],
    ['CreateSession', { ...BASE.CreateSession, models: Array(64).fill(`${URL}/${'x'.repeat(500)}`) }],
    ['CreateSession', { ...BASE.CreateSession, tags: tags(16, '\u0001'.repeat(200), '\u0001'.repeat(200)) }],
  ])('of %s leaves the largest sums to words', (name, body) => {
    expect(checked(name, body)).toBe(false);
    expect(described(name, body)).toBe(true);
  });
});

describe('the pattern of time spans', () => {
  const near = fc.stringMatching(/^ ?\d{0,5}\.?\d{1,5}:\d{1,3}(:\d{1,3}(\.\d{1,8})?)? ?$/);

  it('is exactly what is read as one, but for those of zero', () => {
    fc.assert(
      fc.property(fc.oneof(near, fc.string()), (text) => {
        const minutes = parseTimeSpanMinutes(text);
        expect(described('UpdateSessionV1', { maxLeaseTime: text })).toBe(
          minutes !== undefined && minutes > 0,
        );
      }),
      { numRuns: 2_000 },
    );
  });
});
