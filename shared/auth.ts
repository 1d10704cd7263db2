import { createHash, timingSafeEqual, webcrypto } from 'node:crypto';
import { errors, jwtVerify, SignJWT } from 'jose';
import { ForbiddenError, UnauthorizedError } from './errors.ts';

/** A token lives for 24 hours, as those of the original Secure Token Service do. */
export const TOKEN_LIFETIME_SECONDS = 24 * 60 * 60;
/** HS256 asks for a key of at least the size of its hash. */
export const MIN_TOKEN_SECRET_BYTES = 32;

const ALGORITHM = 'HS256';
const ISSUER = 'lease-keeper';

/** What may ask for a token: an account and the keys that are accepted for it (two, while one is being rotated). */
export interface AccountKeys {
  /** GUID in lower case. */
  accountId: string;
  keys: readonly string[];
}

export interface Tokens {
  /**
   * A token for the account that `Authorization: Bearer {accountId}:{accountKey}` proves; undefined where the
   * account is unknown or the key is wrong: the caller is not told which.
   */
  issue(accountId: string, authorization: string | null): Promise<string | undefined>;
  /**
   * Checks the token of a request on a route of `accountId`.
   *
   * @throws UnauthorizedError without a good token
   * @throws ForbiddenError with a good token of another account
   */
  require(accountId: string, authorization: string | null): Promise<void>;
}

/**
 * Issues and checks the tokens of these accounts. `secrets` are at least 256 bits each: the first one signs, all of
 * them are accepted, so that a secret can be replaced without cutting anybody off. `now` is in Unix ms.
 */
export const createTokens = (
  accounts: readonly AccountKeys[],
  secrets: readonly Uint8Array[],
  now: () => number,
): Tokens => {
  const current = secrets[0];
  if (current === undefined || secrets.some((secret) => secret.byteLength < MIN_TOKEN_SECRET_BYTES)) {
    throw new RangeError(
      `token secrets must have at least ${MIN_TOKEN_SECRET_BYTES} bytes, and one is needed`,
    );
  }
  const keysById = new Map(secrets.map((secret) => [keyId(secret), importedOnce(secret)]));
  const subjectOf = rememberedVerifier(keysById);
  const keysByAccount = new Map(accounts.map((account) => [account.accountId, account.keys]));

  return {
    async issue(accountId, authorization) {
      const id = accountId.toLowerCase();
      const presented = parseKeyHeader(authorization);
      const keys = keysByAccount.get(id);
      if (presented === undefined || keys === undefined || presented.accountId !== id) return undefined;
      if (!isOneOf(presented.key, keys)) return undefined;
      const issuedAt = Math.floor(now() / 1000);
      return new SignJWT()
        .setProtectedHeader({ alg: ALGORITHM, typ: 'JWT', kid: keyId(current) })
        .setSubject(id)
        .setIssuer(ISSUER)
        .setIssuedAt(issuedAt)
        .setExpirationTime(issuedAt + TOKEN_LIFETIME_SECONDS)
        .sign(current);
    },

    async require(accountId, authorization) {
      const token = /^Bearer +([^\s,]+)$/i.exec(authorization ?? '')?.[1];
      if (token === undefined) throw new UnauthorizedError('A token is needed: Authorization: Bearer TOKEN.');
      const subject = await subjectOf(token, now());
      if (!keysByAccount.has(subject)) throw new UnauthorizedError('The token is not valid here.');
      if (subject !== accountId.toLowerCase()) throw new ForbiddenError('The token is for another account.');
    },
  };
};

/** What a good token says. */
interface Verified {
  subject: string;
  /** In Unix ms; it is good before. */
  endsAt: number;
}

type Keys = ReadonlyMap<string, () => Promise<webcrypto.CryptoKey>>;

/** So many tokens are remembered: a client asks for one a day, and comes with it some thousand times. */
const MOST_REMEMBERED = 1_000;

/** A token whose signature was found good stays good up to its end: it is not reckoned anew with each call. */
const rememberedVerifier = (keysById: Keys): ((token: string, now: number) => Promise<string>) => {
  const known = new Map<string, Verified>();
  return async (token, now) => {
    const remembered = known.get(token);
    if (remembered !== undefined && now < remembered.endsAt) return remembered.subject;
    known.delete(token);
    const verified = await verify(token, keysById, now);
    const [oldest] = known.size < MOST_REMEMBERED ? [] : known.keys();
    if (oldest !== undefined) known.delete(oldest);
    known.set(token, verified);
    return verified.subject;
  };
};

const verify = async (token: string, keysById: Keys, now: number): Promise<Verified> => {
  const findKey = async ({ kid }: { kid?: string }): Promise<webcrypto.CryptoKey> => {
    const key = keysById.get(kid ?? '');
    if (key === undefined) throw new UnauthorizedError('The token is not valid here.');
    return key();
  };
  try {
    const { payload } = await jwtVerify(token, findKey, {
      algorithms: [ALGORITHM],
      issuer: ISSUER,
      requiredClaims: ['sub', 'exp'],
      currentDate: new Date(now),
    });
    return { subject: payload.sub ?? '', endsAt: (payload.exp ?? 0) * 1000 };
  } catch (error) {
    if (error instanceof UnauthorizedError) throw error;
    if (error instanceof errors.JWTExpired)
      throw new UnauthorizedError('The token has expired.', { cause: error });
    if (error instanceof errors.JOSEError) {
      throw new UnauthorizedError('The token is not valid here.', { cause: error });
    }
    throw error;
  }
};

/** The secret as the key that checks signatures: made when it is first needed, and not again with each call. */
const importedOnce = (secret: Uint8Array): (() => Promise<webcrypto.CryptoKey>) => {
  let key: Promise<webcrypto.CryptoKey> | undefined;
  return () => {
    key ??= webcrypto.subtle.importKey('raw', secret, { name: 'HMAC', hash: 'SHA-256' }, false, ['verify']);
    return key;
  };
};

/** Names a secret without telling anything of it. */
const keyId = (secret: Uint8Array): string =>
  createHash('sha256').update(secret).digest('base64url').slice(0, 12);

const parseKeyHeader = (authorization: string | null): { accountId: string; key: string } | undefined => {
  const match = /^Bearer +([0-9a-f-]{36}):(\S+)$/i.exec(authorization ?? '');
  const [, accountId, key] = match ?? [];
  return accountId === undefined || key === undefined
    ? undefined
    : { accountId: accountId.toLowerCase(), key };
};

/** Every key is compared, and hashes of equal length are, so the time taken tells neither which nor how far. */
const isOneOf = (presented: string, keys: readonly string[]): boolean => {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  const wanted = digest(presented);
  return keys.map((key) => timingSafeEqual(digest(key), wanted)).includes(true);
};
