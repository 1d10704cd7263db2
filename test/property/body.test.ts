import fc from 'fast-check';
import JSON5 from 'json5';
import { describe, expect, it } from 'vitest';
import { KeeperError } from '../../shared/errors.ts';
import { parseBody } from '../../shared/protocol/body.ts';

const parse = (text: string): Record<string, unknown> => parseBody(new TextEncoder().encode(text));
/** Generous for a slow machine: no body of this size takes more than some milliseconds. */
const BOUND_MS = 1_000;

describe('any body', () => {
  const tokens =
    '{ } [ ] : , " \' // /* */ \\ \n \r \u2028 a b 1 -1 0x1 NaN nano Infinity __proto__ null true'.split(' ');
  const soup = fc.array(fc.constantFrom(...tokens, ' '), { maxLength: 40 }).map((parts) => parts.join(''));
  const inBraces = soup.map((text) => `{a:${text}}`);
  const texts = fc
    .oneof(fc.string({ unit: 'binary' }), soup, inBraces)
    .map((text) => new TextEncoder().encode(text));

  it('is an object or an error of the caller, in bounded time', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.uint8Array({ size: 'max', maxLength: 65_600 }),
      texts,
    );
    fc.assert(
      fc.property(bytes, (input) => {
        const started = performance.now();
        try {
          expect(Object.getPrototypeOf(parseBody(input))).toBe(Object.prototype);
        } catch (error) {
          if (!(error instanceof KeeperError)) throw error;
          expect([400, 413]).toContain(error.status);
        }
        expect(performance.now() - started).toBeLessThan(BOUND_MS);
      }),
      { numRuns: 400 },
    );
  });

  it('comes through as it was written, in JSON and in JSON5', () => {
    const objects = fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 4 }));
    fc.assert(
      fc.property(objects, (value) => {
        const written = JSON.stringify(value);
        expect(JSON.stringify(parse(written))).toBe(JSON.stringify(JSON.parse(written)));
        expect(JSON.stringify(parse(JSON5.stringify(JSON.parse(written))))).toBe(
          JSON.stringify(JSON.parse(written)),
        );
      }),
    );
  });
});
