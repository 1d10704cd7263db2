import JSON5 from 'json5';
import { describe, expect, it } from 'vitest';
import { BadRequestError, PayloadTooLargeError } from '../../shared/errors.ts';
import { MAX_BODY_BYTES, MAX_BODY_DEPTH, parseBody } from '../../shared/protocol/body.ts';

const parse = (text: string): Record<string, unknown> => parseBody(new TextEncoder().encode(text));
const padded = (bytes: number): string => `{"a":1}${' '.repeat(bytes - 7)}`;
const nested = (levels: number): string => `${'{"a":'.repeat(levels - 1)}{}${'}'.repeat(levels - 1)}`;
/** Generous for a slow machine, and far below what a quadratic reading of 64 KiB takes. */
const BOUND_MS = 1_000;

describe('a body that is read', () => {
  it.each<[string, string, Record<string, unknown>]>([
    ['JSON', '{"maxLeaseTime":"4:0:0","models":[]}', { maxLeaseTime: '4:0:0', models: [] }],
    [
      'the documented example with single quotes',
      "{ 'maxLeaseTime': '4:0:0', 'models': [], 'size': 'standard' }",
      { maxLeaseTime: '4:0:0', models: [], size: 'standard' },
    ],
    ['bare keys and a trailing comma', "{maxLeaseTime: '4:0:0',}", { maxLeaseTime: '4:0:0' }],
    ['comments', '/* a */ {a: 1, // b\n b: 2}', { a: 1, b: 2 }],
    ['a byte order mark', '\uFEFF{"a":1}', { a: 1 }],
    ['a byte order mark and single quotes', "\uFEFF{'a':1}", { a: 1 }],
    ['blanks around', ' \r\n\t{"a":1}\n ', { a: 1 }],
    [
      'decimal numbers as JSON5 writes them',
      '{a: .5, b: 5., c: +1, d: -1e-2}',
      { a: 0.5, b: 5, c: 1, d: -0.01 },
    ],
    ['letters beyond ASCII', '{"a":"größer ☃ 😀"}', { a: 'größer ☃ 😀' }],
    ['the same key twice: the last one counts', '{"a":1,"a":2}', { a: 2 }],
    ['the same key twice in JSON5', "{a:1,'a':2}", { a: 2 }],
    ['nothing', '', {}],
    ['blanks only', ' \r\n ', {}],
    ['a byte order mark only', '\uFEFF', {}],
  ])('has %s', (_what, text, expected) => {
    expect(parse(text)).toEqual(expected);
  });

  it.each<[string, Record<string, unknown>]>([
    [
      "{'a': '0x10', \"b\": \"NaN\", c: ' Infinity, -Infinity'}",
      { a: '0x10', b: 'NaN', c: ' Infinity, -Infinity' },
    ],
    ["{a: 'it\\'s: NaN'}", { a: "it's: NaN" }],
    ["{a: 'two\\\n lines: 0x10'}", { a: 'two lines: 0x10' }],
    ['{a: 1 /* was 0x10, NaN, Infinity */}', { a: 1 }],
    ["{a: 1} // it's NaN", { a: 1 }],
    ["{// not 'NaN\n a: 1}", { a: 1 }],
    ["{'nano': 1, 'NaN': 2, '0x10': 3, ' Infinity': 4}", { nano: 1, NaN: 2, '0x10': 3, ' Infinity': 4 }],
    ['{nano:1}', { nano: 1 }],
    ['{ nano: 1 }', { nano: 1 }],
    ["{a: 1,nanny: 'x'}", { a: 1, nanny: 'x' }],
    ['{ infinityPool: true }', { infinityPool: true }],
    ['{ NaN: 1, Infinity: 2 }', { NaN: 1, Infinity: 2 }],
    ['{"NaN":"Infinity","a":" 0x10"}', { NaN: 'Infinity', a: ' 0x10' }],
  ])('may say NaN, Infinity or 0x10 where it is no number: %j', (text, expected) => {
    expect(parse(text)).toEqual(expected);
  });

  it.each(['{"__proto__":{"polluted":1}}', "{'__proto__':{polluted:1}}", '{a:{__proto__:{polluted:1}}}'])(
    'changes no prototype: %s',
    (text) => {
      const body = parse(text);
      expect(Object.getPrototypeOf(body)).toBe(Object.prototype);
      expect(({} as Record<string, unknown>).polluted).toBeUndefined();
      expect(body.polluted).toBeUndefined();
      expect(JSON.stringify(body)).toContain('"__proto__":{"polluted":1}');
    },
  );
});

describe('a body that is refused', () => {
  it.each(['null', 'true', '1', '"x"', "'x'", '[]', '[{}]', '[["a",1]]', "['a',]"])(
    'is no object: %s',
    (text) => {
      expect(() => parse(text)).toThrow(new BadRequestError('The request body must be one JSON object.'));
    },
  );

  it.each([
    '{',
    '}',
    '{"a"',
    '{"a":}',
    '{a:1}}',
    '{"a":1}{"b":2}',
    '{a:010}',
    '{,}',
    '{a 1}',
    "{'a:1}",
    'a=1',
    '// c',
    '<a/>',
  ])('is no JSON: %s', (text) => {
    expect(() => parse(text)).toThrow(BadRequestError);
    expect(() => parse(text)).toThrow(/^The request body is not JSON: /);
  });

  const words = ['0x10', '0XfF', 'NaN', 'Infinity'].flatMap((word) => [word, `+${word}`, `-${word}`]);
  const places = [
    '{a:#}',
    '{a: # }',
    '{a:[#]}',
    '{a:[1,#]}',
    "{'a':\n#}",
    '{a:{b:\t#}}',
    '{"a":1,b:#}',
    '{a:\u00A0#}',
  ];
  const comments = [
    '{a:/**/#}',
    '{a:[/* x */#]}',
    '{a://\n#}',
    '{a://\r#\n}',
    '{a://\u2028#}',
    '{a://\u2029#\n}',
  ];
  it.each([...places, ...comments])('has a number that is not decimal, at # in %j', (place) => {
    const isRefused = (text: string): boolean => {
      try {
        parse(text);
        return false;
      } catch (error) {
        return error instanceof BadRequestError && /decimal digits/.test(error.message);
      }
    };
    expect(parse(place.replace('#', '16'))).toBeTypeOf('object');
    expect(words.filter((word) => !isRefused(place.replace('#', word)))).toEqual([]);
  });

  it.each([
    ['a lone continuation byte', [0x80]],
    ['a cut-off letter', [0x7b, 0x22, 0xc3]],
    ['an overlong slash', [0x22, 0xc0, 0xaf, 0x22]],
    ['a surrogate', [0x22, 0xed, 0xa0, 0x80, 0x22]],
    ['UTF-16', [0xff, 0xfe, 0x7b, 0x00, 0x7d, 0x00]],
    ['Latin-1 inside an object', [0x7b, 0x22, 0x61, 0x22, 0x3a, 0x22, 0xe9, 0x22, 0x7d]],
  ])('is not UTF-8: %s', (_what, bytes) => {
    const refused = new BadRequestError('The request body is not UTF-8.');
    expect(() => parseBody(Uint8Array.from(bytes))).toThrow(refused);
  });
});

describe('the limits of a body', () => {
  it('are 64 KiB, which still is read', () => {
    expect(MAX_BODY_BYTES).toBe(65_536);
    expect(parse(padded(65_536))).toEqual({ a: 1 });
    expect(() => parse(padded(65_537))).toThrow(PayloadTooLargeError);
  });

  it('count bytes, not letters', () => {
    const letters = `{"a":"${'☃'.repeat(21_843)}"}`;
    expect(letters.length).toBeLessThan(65_536);
    expect(() => parse(letters)).toThrow(PayloadTooLargeError);
  });

  it('come before everything else', () => {
    expect(() => parseBody(new Uint8Array(65_537).fill(0xff))).toThrow(PayloadTooLargeError);
  });

  it.each([
    ['objects', nested],
    ['arrays', (levels: number) => `{"a":${'['.repeat(levels - 1)}${']'.repeat(levels - 1)}}`],
    ['JSON5 objects', (levels: number) => `${'{a:'.repeat(levels - 1)}{}${'}'.repeat(levels - 1)}`],
  ])('are 32 levels of %s', (_what, make) => {
    expect(JSON.stringify(parse(make(MAX_BODY_DEPTH)))).toHaveLength(
      JSON.stringify(JSON5.parse(make(32))).length,
    );
    expect(() => parse(make(MAX_BODY_DEPTH + 1))).toThrow(/nested deeper than 32 levels/);
  });

  it.each([
    ['[[[[…', '['.repeat(65_536)],
    ['[[[[…]]]]', '['.repeat(32_768) + ']'.repeat(32_768)],
    ['{a:[[[[…', `{a:${'['.repeat(65_533)}`],
    ['{"a":[[[[…]]]]}', `{"a":${'['.repeat(32_765)}${']'.repeat(32_765)}}`],
    ['{"a":{"a":{…', '{"a":'.repeat(13_107)],
    ['{a:{a:{…}}}', `${'{a:'.repeat(16_383)}1${'}'.repeat(16_383)}`],
    ["''''…", "'".repeat(65_536)],
    ['\\\\\\\\…', '\\'.repeat(65_536)],
    ['/*/*/*…', '/*x'.repeat(21_845)],
    ['{a:/**//**/…', `{a:${'/**/'.repeat(16_380)}`],
    ['an endless number', `{a:${'1'.repeat(65_000)}`],
    ['a comment that ends in CR, then /*x/*x… in a string', `{a://\r0x1,b:'\\\n${'/*x'.repeat(21_835)}'}`],
  ])('are told at once for %s', (_what, text) => {
    expect(text.length).toBeLessThanOrEqual(MAX_BODY_BYTES);
    // What is computed, not what others on this machine compute meanwhile.
    const started = process.threadCpuUsage();
    expect(() => parse(text)).toThrow(BadRequestError);
    const { user, system } = process.threadCpuUsage(started);
    expect((user + system) / 1000).toBeLessThan(BOUND_MS);
  });
});
