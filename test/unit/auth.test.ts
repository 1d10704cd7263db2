import { createHmac, generateKeyPairSync, sign, webcrypto } from 'node:crypto';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import {
  createTokens,
  MIN_TOKEN_SECRET_BYTES,
  TOKEN_LIFETIME_SECONDS,
  type Tokens,
} from '../../shared/auth.ts';
import { ForbiddenError, UnauthorizedError } from '../../shared/errors.ts';

const NOW = Date.UTC(2026, 0, 2, 3, 4, 5, 678);
const SECONDS = Math.floor(NOW / 1000);
const MINE = 'aaaaaaaa-1111-4111-8111-aaaaaaaaaaaa';
const THEIRS = 'bbbbbbbb-2222-4222-8222-bbbbbbbbbbbb';
const UNKNOWN = 'cccccccc-3333-4333-8333-cccccccccccc';
const ACCOUNTS = [
  { accountId: MINE, keys: ['first+key/of=mine', 'second-key:of-mine'] },
  { accountId: THEIRS, keys: ['the-key-of-theirs'] },
];
const SECRET = new Uint8Array(32).fill(1);
const OTHER_SECRET = new Uint8Array(32).fill(2);

const tokensAt = (now: number, secrets: readonly Uint8Array[] = [SECRET], accounts = ACCOUNTS): Tokens =>
  createTokens(accounts, secrets, () => now);
const tokens = tokensAt(NOW);
const issued = async (by: Tokens = tokens, accountId = MINE, key = 'first+key/of=mine'): Promise<string> => {
  const token = await by.issue(accountId, `Bearer ${accountId}:${key}`);
  if (token === undefined) throw new RangeError('no token was issued');
  return token;
};
/** What a caller is told; undefined where the token is good. */
const refusal = async (token: string, by: Tokens = tokens, accountId = MINE): Promise<unknown> => {
  try {
    await by.require(accountId, `Bearer ${token}`);
  } catch (error) {
    return error;
  }
  return undefined;
};

const base64url = (value: object | string): string =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
const KID = decodeProtectedHeader(await issued()).kid;
const HEADER = { alg: 'HS256', typ: 'JWT', kid: KID };
const CLAIMS = { sub: MINE, iss: 'lease-keeper', iat: SECONDS, exp: SECONDS + 3600 };
/** A token made by hand, as somebody who knows `secret` could. */
const made = (header: object, claims: object | string, secret: Uint8Array = SECRET): string => {
  const signed = `${base64url(header)}.${base64url(claims)}`;
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
};
const without = (name: keyof typeof CLAIMS): object =>
  Object.fromEntries(Object.entries(CLAIMS).filter(([key]) => key !== name));

describe('a token is issued', () => {
  it.each([
    ['for the first key', MINE, `Bearer ${MINE}:first+key/of=mine`],
    ['for the second key, which has a colon', MINE, `Bearer ${MINE}:second-key:of-mine`],
    ['whatever the case of the id in the path', MINE.toUpperCase(), `Bearer ${MINE}:first+key/of=mine`],
    ['whatever the case of the id in the header', MINE, `Bearer ${MINE.toUpperCase()}:first+key/of=mine`],
    ['whatever the case of the scheme', MINE, `bearer  ${MINE}:first+key/of=mine`],
  ])('%s', async (_what, accountId, authorization) => {
    const token = (await tokens.issue(accountId, authorization)) ?? 'none';
    expect(decodeJwt(token)).toEqual({
      sub: MINE,
      iss: 'lease-keeper',
      iat: SECONDS,
      exp: SECONDS + TOKEN_LIFETIME_SECONDS,
    });
    await expect(tokens.require(MINE, `Bearer ${token}`)).resolves.toBeUndefined();
    await expect(tokens.require(MINE.toUpperCase(), `BEARER ${token}`)).resolves.toBeUndefined();
  });

  it('that tells nothing of the keys and the secret', async () => {
    const token = await issued();
    const parts = token
      .split('.')
      .map((part) => Buffer.from(part, 'base64url').toString('latin1'))
      .join();
    expect(parts).not.toContain('key/of');
    expect(parts).not.toContain(Buffer.from(SECRET).toString('latin1').slice(0, 8));
    expect(KID).toMatch(/^[\w-]{12}$/);
  });

  it.each([
    ['a wrong key', MINE, `Bearer ${MINE}:wrong-key-of-mine`],
    ['the start of a key', MINE, `Bearer ${MINE}:first+key/of=min`],
    ['a key and more', MINE, `Bearer ${MINE}:first+key/of=mine=`],
    ['a key in another case', MINE, `Bearer ${MINE}:FIRST+KEY/OF=MINE`],
    ["another account's key", MINE, `Bearer ${MINE}:the-key-of-theirs`],
    ['another account with its own key', MINE, `Bearer ${THEIRS}:the-key-of-theirs`],
    ['an unknown account', UNKNOWN, `Bearer ${UNKNOWN}:first+key/of=mine`],
    ['an unknown account in the header', MINE, `Bearer ${UNKNOWN}:first+key/of=mine`],
    ['an account by a name that every object has', 'constructor', 'Bearer constructor:first+key/of=mine'],
    ['no header', MINE, null],
    ['an empty header', MINE, ''],
    ['no scheme', MINE, `${MINE}:first+key/of=mine`],
    ['another scheme', MINE, `Basic ${MINE}:first+key/of=mine`],
    ['no key', MINE, `Bearer ${MINE}:`],
    ['no colon', MINE, `Bearer ${MINE}`],
    ['a key only', MINE, 'Bearer first+key/of=mine'],
    ['a blank in the key', MINE, `Bearer ${MINE}: first+key/of=mine`],
    ['two headers in one', MINE, `Bearer ${MINE}:first+key/of=mine, Bearer ${MINE}:first+key/of=mine`],
    ['a line break at the end', MINE, `Bearer ${MINE}:first+key/of=mine\n`],
  ])('but not for %s', async (_what, accountId, authorization) => {
    await expect(tokens.issue(accountId, authorization)).resolves.toBeUndefined();
  });
});

describe('a token is good', () => {
  it.each([
    ['from its first second', 0, true],
    ['up to its last second', (TOKEN_LIFETIME_SECONDS - 1) * 1000, true],
    ['and no longer', TOKEN_LIFETIME_SECONDS * 1000, false],
    ['nor a year later', 365 * TOKEN_LIFETIME_SECONDS * 1000, false],
  ])('%s', async (_what, later, isGood) => {
    const error = await refusal(await issued(), tokensAt(NOW + later));
    expect(error).toEqual(isGood ? undefined : new UnauthorizedError('The token has expired.'));
  });

  it('when it is made by hand as ours are: so the forgeries below fail for their one fault', async () => {
    expect(await refusal(made(HEADER, CLAIMS))).toBeUndefined();
  });

  it.each([
    ['while its secret is the previous one', [OTHER_SECRET, SECRET], true],
    ['while its secret is there at all', [OTHER_SECRET, new Uint8Array(64), SECRET], true],
    ['and not when its secret is removed', [OTHER_SECRET], false],
  ])('%s', async (_what, secrets, isGood) => {
    const error = await refusal(await issued(), tokensAt(NOW, secrets));
    expect(error).toEqual(isGood ? undefined : new UnauthorizedError('The token is not valid here.'));
  });

  it('by the first secret from the moment of the rotation on', async () => {
    const rotated = await issued(tokensAt(NOW, [OTHER_SECRET, SECRET]));
    expect(await refusal(rotated, tokensAt(NOW, [OTHER_SECRET]))).toBeUndefined();
    expect(await refusal(rotated, tokensAt(NOW, [SECRET]))).toBeInstanceOf(UnauthorizedError);
  });

  it('until its account is removed', async () => {
    const remaining = tokensAt(NOW, [SECRET], ACCOUNTS.slice(1));
    expect(await refusal(await issued(), remaining)).toBeInstanceOf(UnauthorizedError);
    expect(await refusal(await issued(), remaining, THEIRS)).toBeInstanceOf(UnauthorizedError);
  });

  it('for its own account alone, whether or not the other one exists', async () => {
    const token = await issued();
    const answers = [await refusal(token, tokens, THEIRS), await refusal(token, tokens, UNKNOWN)];
    expect(answers[0]).toBeInstanceOf(ForbiddenError);
    expect(answers[1]).toEqual(answers[0]);
    expect(String(answers[0])).not.toMatch(/[abc]{8}/);
  });
});

describe('a token that was good before', () => {
  const verify = vi.spyOn(webcrypto.subtle, 'verify');
  beforeEach(() => void verify.mockClear());

  it('is good without its signature being checked again, up to its end and not beyond', async () => {
    let now = NOW;
    const moving = createTokens(ACCOUNTS, [SECRET], () => now);
    const token = await issued(moving);
    const endsAt = (SECONDS + TOKEN_LIFETIME_SECONDS) * 1000;
    for (const at of [NOW, NOW + 1, endsAt - 1]) {
      now = at;
      expect(await refusal(token, moving)).toBeUndefined();
    }
    expect(verify).toHaveBeenCalledTimes(1);
    now = endsAt;
    expect(await refusal(token, moving)).toEqual(new UnauthorizedError('The token has expired.'));
  });

  it('is still for its own account alone, and another one with its beginning is not good', async () => {
    const token = await issued();
    expect(await refusal(token)).toBeUndefined();
    expect(await refusal(token, tokens, THEIRS)).toBeInstanceOf(ForbiddenError);
    expect(await refusal(`${token}x`)).toBeInstanceOf(UnauthorizedError);
    expect(await refusal(token.slice(0, -1))).toBeInstanceOf(UnauthorizedError);
  });

  it('is forgotten for the sake of later ones, and checked again', async () => {
    const fresh = tokensAt(NOW);
    const first = await issued(fresh);
    expect(await refusal(first, fresh)).toBeUndefined();
    for (let later = 1; later <= 1_000; later += 1)
      expect(await refusal(await issued(tokensAt(NOW + later * 1_000)), fresh)).toBeUndefined();
    verify.mockClear();
    expect(await refusal(first, fresh)).toBeUndefined();
    expect(verify).toHaveBeenCalledTimes(1);
  });
});

describe('a forged token', () => {
  const payload = { ...CLAIMS, exp: SECONDS + 9_999_999 };
  const [header = '', , signature = ''] = made(HEADER, CLAIMS).split('.');
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const rsaSigned = `${base64url({ ...HEADER, alg: 'RS256' })}.${base64url(CLAIMS)}`;
  const rsaSignature = sign('sha256', Buffer.from(rsaSigned), rsa.privateKey).toString('base64url');
  const flipped = `${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`;
  it.each([
    ['alg none without a signature', `${base64url({ ...HEADER, alg: 'none' })}.${base64url(CLAIMS)}.`],
    ['alg none with a signature', made({ ...HEADER, alg: 'none' }, CLAIMS)],
    ['alg nOnE', `${base64url({ ...HEADER, alg: 'nOnE' })}.${base64url(CLAIMS)}.`],
    ['no alg', made({ typ: 'JWT', kid: KID }, CLAIMS)],
    ['alg HS512 over the same secret', made({ ...HEADER, alg: 'HS512' }, CLAIMS)],
    ['an RS256 header', made({ ...HEADER, alg: 'RS256' }, CLAIMS)],
    ['a true RS256 signature', `${rsaSigned}.${rsaSignature}`],
    ['another secret under the same kid', made(HEADER, CLAIMS, OTHER_SECRET)],
    ['an empty secret', made(HEADER, CLAIMS, new Uint8Array())],
    ['the kid as the secret', made(HEADER, CLAIMS, Buffer.from(KID ?? ''))],
    ['an unknown kid', made({ ...HEADER, kid: 'AAAAAAAAAAAA' }, CLAIMS)],
    ['no kid', made({ alg: 'HS256', typ: 'JWT' }, CLAIMS)],
    ['a kid that is no string', made({ ...HEADER, kid: [KID] }, CLAIMS)],
    [
      'a key of its own',
      made({ ...HEADER, jwk: { kty: 'oct', k: base64url('x') } }, CLAIMS, Buffer.from('x')),
    ],
    ['an extension that nobody knows', made({ ...HEADER, crit: ['x'], x: 1 }, CLAIMS)],
    ['a payload that was changed', `${header}.${base64url(payload)}.${signature}`],
    ['a signature that was changed', `${header}.${base64url(CLAIMS)}.${flipped}`],
    ['no signature', `${header}.${base64url(CLAIMS)}.`],
    ['a part too few', `${header}.${base64url(CLAIMS)}`],
    ['a part too many', `${made(HEADER, CLAIMS)}.x`],
    ['no exp', made(HEADER, without('exp'))],
    ['no sub', made(HEADER, without('sub'))],
    ['no iss', made(HEADER, without('iss'))],
    ['another issuer', made(HEADER, { ...CLAIMS, iss: 'somebody-else' })],
    ['an exp in words', made(HEADER, { ...CLAIMS, exp: 'never' })],
    ['an exp in the past', made(HEADER, { ...CLAIMS, exp: SECONDS - 1 })],
    ['a time before which it is not good', made(HEADER, { ...CLAIMS, nbf: SECONDS + 60 })],
    ['an empty sub', made(HEADER, { ...CLAIMS, sub: '' })],
    ['a list of subs', made(HEADER, { ...CLAIMS, sub: [MINE] })],
    ['a payload that is no object', made(HEADER, '"text"')],
    ['a payload that is no JSON', made(HEADER, '{')],
    ['a header that is no JSON', `${base64url('{')}.${base64url(CLAIMS)}.${signature}`],
    ['the text of no token', 'not-a-token'],
    ['points only', '..'],
    ['an account key', `${MINE}:first+key/of=mine`],
  ])('with %s is refused', async (_what, token) => {
    const error = await refusal(token);
    expect(error).toBeInstanceOf(UnauthorizedError);
    expect(String(error)).toMatch(/^UnauthorizedError: The token (is not valid here|has expired)\.$/);
  });

  it.each([null, '', 'Bearer', 'Bearer ', 'Basic abc', 'Bearer a b', 'Bearer a,b', 'Token a'])(
    'or none in the header %j is refused',
    async (authorization) => {
      await expect(tokens.require(MINE, authorization)).rejects.toThrow(UnauthorizedError);
    },
  );
});

describe('token secrets', () => {
  const short = new Uint8Array(MIN_TOKEN_SECRET_BYTES - 1);
  it.each([
    ['none', []],
    ['an empty one', [new Uint8Array()]],
    ['a short one', [short]],
    ['a short previous one', [SECRET, short]],
  ])('are refused: %s', (_what, secrets) => {
    expect(() => createTokens(ACCOUNTS, secrets, () => NOW)).toThrow(RangeError);
  });

  it('are 256 bits at least', () => {
    expect(MIN_TOKEN_SECRET_BYTES * 8).toBe(256);
    expect(() => tokensAt(NOW, [new Uint8Array(MIN_TOKEN_SECRET_BYTES)])).not.toThrow();
  });
});
