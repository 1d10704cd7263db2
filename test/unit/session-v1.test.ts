import { describe, expect, it } from 'vitest';
import { BadRequestError } from '../../shared/errors.ts';
import { checkBody } from '../../shared/protocol/body.ts';
import { wishesOf } from '../../shared/protocol/keeper-fields.ts';
import { createKeptV1Schema, updateKeptV1Schema } from '../../shared/protocol/kept.ts';

type Body = Record<string, unknown>;
const LEASE = { maxLeaseTime: '4:0:0' };
const urls = (count: number): string[] =>
  Array.from({ length: count }, (_, index) => `https://a.example/${index}`);
const tags = (count: number): Record<string, string> =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`t${index}`, 'v']));
const refusal = (check: () => unknown): BadRequestError => {
  try {
    check();
  } catch (error) {
    if (error instanceof BadRequestError) return error;
    throw error;
  }
  throw new RangeError('the body was accepted');
};

/** Wrong in a create and in an update: the fields, the target, and a word that tells what is wrong. */
const WRONG: readonly [Body, string, RegExp][] = [
  ...[null, 4, 240, true, ['4:0:0'], { hours: 4 }].map((maxLeaseTime): [Body, string, RegExp] => [
    { maxLeaseTime },
    'maxLeaseTime',
    /time span .* written as a string/,
  ]),
  ...['', ' ', '4', '4h', '-1:00:00', '4:60:0', '1.24:00:00', 'PT4H'].map(
    (maxLeaseTime): [Body, string, RegExp] => [
      { maxLeaseTime },
      'maxLeaseTime',
      /must be a time span .* above zero/,
    ],
  ),
  ...['0:0:0', '00:00'].map((maxLeaseTime): [Body, string, RegExp] => [
    { maxLeaseTime },
    'maxLeaseTime',
    /must be above zero and/,
  ]),
  ...['true', 1, null, {}].map((keepAlive): [Body, string, RegExp] => [
    { keepAlive },
    'keepAlive',
    /true or false/,
  ]),
  ...(['idleTimeout', 'maxLifetime'] as const).flatMap((name): [Body, string, RegExp][] => [
    ...[5, true, [], ''].map((value): [Body, string, RegExp] => [{ [name]: value }, name, /time span/]),
    ...['0:0:0', '25:00:00', '1.00:00:01', '-1:0:0', 'x'].map((value): [Body, string, RegExp] => [
      { [name]: value },
      name,
      /time span above zero and at most 24 h/,
    ]),
    ...['5', true, Number.NaN, Number.POSITIVE_INFINITY, []].map((value): [Body, string, RegExp] => [
      { [`${name}Minutes`]: value },
      `${name}Minutes`,
      /number of minutes/,
    ]),
    ...[0, -0, -1, 1500, 1440.01, Number.MAX_VALUE].map((value): [Body, string, RegExp] => [
      { [`${name}Minutes`]: value },
      `${name}Minutes`,
      /above zero and at most 1440/,
    ]),
    [{ [name]: '1:0:0', [`${name}Minutes`]: 60 }, name, /is given twice/],
    [{ [name]: null, [`${name}Minutes`]: null }, name, /is given twice/],
  ]),
  ...[[], ['a'], 'a', 1, null].map((value): [Body, string, RegExp] => [
    { tags: value },
    'tags',
    /an object of strings/,
  ]),
  [{ tags: tags(17) }, 'tags', /at most 16 entries/],
  [{ tags: { a: 1 } }, 'tags.a', /must be a string/],
  [{ tags: { a: null } }, 'tags.a', /must be a string/],
  [{ tags: { a: { b: 'c' } } }, 'tags.a', /must be a string/],
  [{ tags: { a: 'x'.repeat(257) } }, 'tags.a', /at most 256 characters/],
  [{ tags: { '': 'x' } }, 'tags', /a tag needs a name/],
  [{ tags: { ['x'.repeat(257)]: 'x' } }, 'tags', /a name must have at most 256 characters/],
];
/** Wrong in a create, which alone has these. */
const WRONG_CREATE: readonly [Body, string, RegExp][] = [
  ...['', 'small', 'Standard ', 1, {}, ['Standard']].map((size): [Body, string, RegExp] => [
    { size },
    'size',
    /"Standard" or "Premium"/,
  ]),
  ...['https://a.example/', {}, 1, true].map((models): [Body, string, RegExp] => [
    { models },
    'models',
    /must be an array of absolute URLs/,
  ]),
  ...[
    '',
    '/model',
    'model.arrAsset',
    '//a.example/x',
    'ftp://a.example/x',
    'javascript:1',
    'https://',
    'C:\\model',
  ].map((model): [Body, string, RegExp] => [
    { models: ['https://a.example/', model] },
    'models',
    /absolute http\(s\) URLs/,
  ]),
  [
    {
      tags: Object.fromEntries(
        Array.from({ length: 16 }, (_, index) => [`${index}${'\u0001'.repeat(200)}`, '\u0001'.repeat(200)]),
      ),
    },
    'tags',
    /at most 16000 characters in all/,
  ],
  ...[null, 5, {}].map((model): [Body, string, RegExp] => [{ models: [model] }, 'models.0', /absolute URL/]),
  ...['24:00:01', '24:00:00.1', '1.00:00:01', '9999:00:00'].map((maxLeaseTime): [Body, string, RegExp] => [
    { maxLeaseTime },
    'maxLeaseTime',
    /must be above zero and at most 24 hours/,
  ]),
  [{ models: urls(65) }, 'models', /at most 64 entries/],
  [{ models: [`https://a.example/${'x'.repeat(30_000)}`] }, 'models', /at most 30000 characters/],
];

describe.each([
  ['create', createKeptV1Schema, [...WRONG, ...WRONG_CREATE]],
  ['update', updateKeptV1Schema, WRONG],
])('a body of %s', (_what, schema, wrong) => {
  it.each(wrong)('is refused by name: %j', (fields, target, reason) => {
    const error = refusal(() => checkBody(schema, { ...LEASE, ...fields }));
    expect(error.target).toBe(target);
    expect(error.message.startsWith(`${target}: `)).toBe(true);
    expect(error.message).toMatch(reason);
  });

  it.each([{}, { size: undefined, somethingElse: '4:0:0' }])('needs a lease: %j', (body) => {
    const error = refusal(() => checkBody(schema, body));
    expect([error.target, error.message]).toEqual(['maxLeaseTime', 'maxLeaseTime: is missing']);
  });
});

describe('a create', () => {
  it('has defaults, and ignores what it does not know', () => {
    const body = { ...LEASE, unknown: [1], sessionId: 'x', keeper: { keepAlive: true } };
    expect(checkBody(createKeptV1Schema, body)).toEqual({ maxLeaseTime: 240, models: [], size: 'Standard' });
  });

  it.each([
    [{ maxLeaseTime: '24:00:00' }, { maxLeaseTime: 1440 }],
    [{ maxLeaseTime: '1.00:00:00' }, { maxLeaseTime: 1440 }],
    [{ maxLeaseTime: '0:0:30' }, { maxLeaseTime: 0.5 }],
    [{ size: 'premium' }, { size: 'Premium' }],
    [{ size: 'STANDARD' }, { size: 'Standard' }],
    [
      { size: null, models: null },
      { size: 'Standard', models: [] },
    ],
    [{ models: urls(64) }, { models: urls(64) }],
    [{ tags: tags(16) }, { tags: tags(16) }],
    [{ tags: { ['k'.repeat(256)]: 'v'.repeat(256) } }, { tags: { ['k'.repeat(256)]: 'v'.repeat(256) } }],
    [
      { keepAlive: true, idleTimeout: '1.00:00:00' },
      { keepAlive: true, idleTimeout: 1440 },
    ],
    [
      { idleTimeoutMinutes: 0.5, maxLifetimeMinutes: 1440 },
      { idleTimeoutMinutes: 0.5, maxLifetimeMinutes: 1440 },
    ],
    [
      { idleTimeout: null, maxLifetimeMinutes: null },
      { idleTimeout: null, maxLifetimeMinutes: null },
    ],
  ])('may say %j', (fields, expected) => {
    expect(checkBody(createKeptV1Schema, { ...LEASE, ...fields })).toMatchObject(expected);
  });
});

describe('an update', () => {
  it.each<[Body, unknown]>([
    [{ maxLeaseTime: '23:59:00', size: 'small', models: 5 }, { maxLeaseTime: 1439 }],
    // Too long, which the keeper says together with the current value.
    [{ maxLeaseTime: '1.00:00:00' }, { maxLeaseTime: 1440 }],
    [{ keepAlive: false }, { keepAlive: false }],
    [{ idleTimeout: null }, { idleTimeout: null }],
    [{ tags: {} }, { tags: {} }],
  ])('may say %j', (body, expected) => {
    expect(checkBody(updateKeptV1Schema, body)).toEqual(expected);
  });

  it.each<[Body, Body]>([
    [
      { idleTimeout: '0:5:0', maxLifetime: '2:0:0' },
      { idleTimeoutMinutes: 5, maxLifetimeMinutes: 120 },
    ],
    [
      { idleTimeoutMinutes: 5, maxLifetimeMinutes: 1.5 },
      { idleTimeoutMinutes: 5, maxLifetimeMinutes: 1.5 },
    ],
    [
      { idleTimeout: null, maxLifetimeMinutes: null },
      { idleTimeoutMinutes: null, maxLifetimeMinutes: null },
    ],
    [
      { keepAlive: true, tags: { a: 'b' } },
      { keepAlive: true, tags: { a: 'b' } },
    ],
  ])('of %j wishes for %j', (body, wishes) => {
    const nothing = {
      keepAlive: undefined,
      idleTimeoutMinutes: undefined,
      maxLifetimeMinutes: undefined,
      tags: undefined,
    };
    expect(wishesOf(checkBody(updateKeptV1Schema, body))).toStrictEqual({ ...nothing, ...wishes });
  });
});
