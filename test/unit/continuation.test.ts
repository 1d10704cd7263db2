import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createTokens } from '../../shared/auth.ts';
import { createContinuations } from '../../shared/continuation.ts';
import { BadRequestError } from '../../shared/errors.ts';

const ACCOUNT = '11111111-1111-1111-1111-111111111111';
const OTHER = '22222222-2222-2222-2222-222222222222';
const SCOPE = { accountId: ACCOUNT, apiVersion: '2021-01-01' };
const [oldSecret, newSecret] = [randomBytes(32), randomBytes(32)];
const continuations = createContinuations([newSecret, oldSecret]);

describe('a continuation', () => {
  it.each(['a', 'x'.repeat(256), 'My-Session_1'])('gives back where the list goes on: %s', async (after) => {
    const text = await continuations.issue(SCOPE, after);
    expect(text).toMatch(/^[\w.-]+$/);
    expect(await continuations.read(SCOPE, text)).toBe(after);
  });

  it('is accepted for as long as its secret is', async () => {
    const text = await createContinuations([oldSecret]).issue(SCOPE, 'a');
    expect(await continuations.read(SCOPE, text)).toBe('a');
    await expect(createContinuations([newSecret]).read(SCOPE, text)).rejects.toThrow(BadRequestError);
  });

  it.each([
    ['another account', { ...SCOPE, accountId: OTHER }],
    ['another api-version', { ...SCOPE, apiVersion: '2021-01-01-preview' }],
  ])('of %s is refused', async (_, scope) => {
    const text = await continuations.issue(scope, 'a');
    await expect(continuations.read(SCOPE, text)).rejects.toMatchObject({
      status: 400,
      target: 'continuation',
    });
  });

  it.each([
    ['nothing', () => ''],
    ['nonsense', () => 'next'],
    ['one that was cut', (text: string) => text.slice(0, -4)],
    ['one with another signature', (text: string) => `${text.slice(0, text.lastIndexOf('.'))}.AAAA`],
    [
      'one with another place',
      (text: string) => {
        const [head, , signature] = text.split('.');
        const payload = { aud: `${ACCOUNT} 2021-01-01`, after: 'b' };
        return `${head}.${Buffer.from(JSON.stringify(payload)).toString('base64url')}.${signature}`;
      },
    ],
  ])('is refused where it is %s', async (_, forge) => {
    const text = await continuations.issue(SCOPE, 'a');
    await expect(continuations.read(SCOPE, forge(text))).rejects.toMatchObject({ target: 'continuation' });
  });

  it('never passes for a token, nor a token for a continuation', async () => {
    const key = 'a-key-of-more-than-sixteen-characters';
    const tokens = createTokens([{ accountId: ACCOUNT, keys: [key] }], [newSecret], () => Date.now());
    const token = await tokens.issue(ACCOUNT, `Bearer ${ACCOUNT}:${key}`);
    await expect(continuations.read(SCOPE, token ?? '')).rejects.toThrow(BadRequestError);
    const text = await continuations.issue(SCOPE, 'a');
    await expect(tokens.require(ACCOUNT, `Bearer ${text}`)).rejects.toMatchObject({ status: 401 });
  });
});

it('continuations need a secret', () => {
  expect(() => createContinuations([])).toThrow(RangeError);
});
