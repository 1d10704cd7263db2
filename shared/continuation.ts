import { createHmac } from 'node:crypto';
import { errors, jwtVerify, SignJWT } from 'jose';
import * as z from 'zod';
import { BadRequestError } from './errors.ts';

/** Where a listing goes on, given to clients and back: signed, so that it is one of ours for this very query. */

/** What a continuation is bound to. */
export interface ContinuationScope {
  accountId: string;
  apiVersion: string;
}

export interface Continuations {
  issue(scope: ContinuationScope, after: string): Promise<string>;
  /** @throws BadRequestError for one that was not issued here, for this scope */
  read(scope: ContinuationScope, continuation: string): Promise<string>;
}

const ALGORITHM = 'HS256';
const payloadSchema = z.object({ after: z.string() });

/** `secrets` as for tokens: the first one signs, all of them are accepted. */
export const createContinuations = (secrets: readonly Uint8Array[]): Continuations => {
  // Keys of their own: a continuation must never pass for a token, nor a token for a continuation.
  const keys = secrets.map((secret) => createHmac('sha256', secret).update('continuation').digest());
  const [current] = keys;
  if (current === undefined) throw new RangeError('continuations need a secret');

  const verified = async (continuation: string, audience: string): Promise<unknown> => {
    for (const key of keys) {
      try {
        return (await jwtVerify(continuation, key, { algorithms: [ALGORITHM], audience })).payload;
      } catch (error) {
        if (!(error instanceof errors.JOSEError)) throw error;
      }
    }
    return undefined;
  };

  return {
    issue: (scope, after) =>
      new SignJWT({ after })
        .setProtectedHeader({ alg: ALGORITHM })
        .setAudience(audienceOf(scope))
        .sign(current),

    async read(scope, continuation) {
      const payload = payloadSchema.safeParse(await verified(continuation, audienceOf(scope)));
      if (payload.success) return payload.data.after;
      throw new BadRequestError('The continuation is not one that was given out for this list.', {
        target: 'continuation',
      });
    },
  };
};

const audienceOf = ({ accountId, apiVersion }: ContinuationScope): string => `${accountId} ${apiVersion}`;
