import {
  BadRequestError,
  ExtensionRefusedError,
  ForbiddenError,
  KeepAliveRefusedError,
  type KeeperError,
  LeaseNotLargerError,
  LeaseTooLongError,
  PayloadTooLargeError,
  SessionExistsError,
  SessionNotFoundError,
  SessionOverError,
  StorageUnavailableError,
  TooManyConflictsError,
  TooManyRequestsError,
  UnauthorizedError,
  UnreadableRowError,
  UpstreamUnavailableError,
} from '../errors.ts';
import { requireApiVersion } from '../protocol/api-version.ts';
import { checkBody, MAX_BODY_BYTES, parseBody } from '../protocol/body.ts';
import {
  createKeptSchema,
  createKeptV1Schema,
  updateKeptSchema,
  updateKeptV1Schema,
} from '../protocol/kept.ts';
import { leaseError2021 } from '../protocol/session-2021.ts';
import { leaseErrorV1 } from '../protocol/session-v1.ts';
import { checkSessionId, MAX_EXTENDED_LEASE_MINUTES } from '../protocol/vocabulary.ts';

/**
 * The errors of the API: what each means, with examples. Those of the protocol are thrown by its own checks; the words
 * of the others are like those of the code, which may change: only their classes are the same.
 */

/** What a check of the protocol throws. */
const thrownBy = (check: () => unknown): unknown => {
  try {
    check();
  } catch (error) {
    return error;
  }
  throw new RangeError('an example of an error is none');
};

const refusedBody = (schema: Parameters<typeof checkBody>[0], body: unknown): unknown =>
  thrownBy(() => checkBody(schema, body));

const badAccount = {
  'Wrong account id': new BadRequestError('accountId: must be a GUID', { target: 'accountId' }),
};
const badCall2021 = {
  'No version': thrownBy(() => requireApiVersion([])),
  ...badAccount,
};
const badSessionCall2021 = { ...badCall2021, 'Wrong session id': thrownBy(() => checkSessionId('a b')) };
const notJson = { 'Not JSON': thrownBy(() => parseBody(new TextEncoder().encode('{ "size": '))) };
const LEASE_MINUTES = 240;
const notLarger = new LeaseNotLargerError(LEASE_MINUTES);
const tooLong = new LeaseTooLongError(LEASE_MINUTES, MAX_EXTENDED_LEASE_MINUTES);
const extensionRefused = new ExtensionRefusedError(
  'The upstream refuses to extend the lease of this session.',
);
const sessionOver = new SessionOverError('The session is over, or being stopped.');
const tableSilent = new StorageUnavailableError('The table does not answer.', { retryAfterSeconds: 5 });
const tooManyConflicts: KeeperError = new TooManyConflictsError(
  'The session is being changed by too many others.',
  { retryAfterSeconds: 1 },
);
const tooManyCalls = new TooManyRequestsError('Too many read calls of this account: call again in 1 s.', {
  retryAfterSeconds: 1,
});
const somethingWrong = new RangeError();

/** By name: what is said of it, and examples by their summaries. All examples of one have the same status. */
export const ERRORS = {
  BadAccount: { description: 'The call is not right. Correct it, do not repeat it.', examples: badAccount },
  BadCall: {
    description: 'The call is not right, or names no version. Correct it, do not repeat it.',
    examples: badSessionCall2021,
  },
  BadListCall: {
    description: 'The call is not right, or names no version. Correct it, do not repeat it.',
    examples: {
      ...badCall2021,
      'Wrong continuation': new BadRequestError(
        'The continuation is not one that was given out for this list.',
        { target: 'continuation' },
      ),
    },
  },
  BadCreateV1: {
    description: 'The body or the path is not right. Correct it, do not repeat it.',
    examples: {
      'Several faults': refusedBody(createKeptV1Schema, { maxLeaseTime: '4', size: 'small' }),
      ...notJson,
      ...badAccount,
    },
  },
  BadUpdateV1: {
    description:
      'The body or the path is not right, or the lease cannot be had: it is not larger than the last total that the client was granted, too long, or refused by the upstream. Correct the call, do not repeat it.',
    examples: {
      'Lease not larger': leaseErrorV1(notLarger),
      'Lease too long': leaseErrorV1(tooLong),
      'Refused upstream': leaseErrorV1(extensionRefused),
      'Nothing to change': refusedBody(updateKeptV1Schema, {}),
      ...notJson,
      ...badAccount,
    },
  },
  BadCreate: {
    description: 'The body, the path or the version is not right. Correct it, do not repeat it.',
    examples: {
      'Several faults': refusedBody(createKeptSchema, { maxLeaseTimeMinutes: -1, size: 'small' }),
      ...notJson,
      ...badSessionCall2021,
    },
  },
  BadUpdate: {
    description: 'The body, the path or the version is not right. Correct it, do not repeat it.',
    examples: {
      'Idle timeout given twice': refusedBody(updateKeptSchema, {
        idleTimeout: '0:45:0',
        idleTimeoutMinutes: 45,
      }),
      'Nothing to change': refusedBody(updateKeptSchema, {}),
      ...notJson,
      ...badSessionCall2021,
    },
  },
  Unauthorized: {
    description: 'There is no token, or it is not good here. Get a new one.',
    examples: {
      'No token': new UnauthorizedError('A token is needed: Authorization: Bearer TOKEN.'),
      'Token expired': new UnauthorizedError('The token has expired.'),
    },
  },
  Forbidden: {
    description: 'The token is for another account. Nothing is said about what that account has.',
    examples: { 'Other account': new ForbiddenError('The token is for another account.') },
  },
  NoSuchSession: {
    description: 'The account has no such session, or had it so long ago that it is forgotten.',
    examples: { 'Unknown session': new SessionNotFoundError('There is no such session.') },
  },
  SessionOver: {
    description: 'The session is over, or is being stopped. It does not come back: create another.',
    examples: { 'Session over': sessionOver },
  },
  IdTaken: {
    description:
      'The id is taken: by a session that was created with other words, or upstream by one that is not of this account. Choose another.',
    examples: { 'Id taken': new SessionExistsError('There is a session of this id already.') },
  },
  IdTakenV1: {
    description:
      'The id that the keeper chose belongs to another session upstream: as good as never. Call again, it will be another one.',
    examples: { 'Id taken': new SessionExistsError('There is a session of this id already.') },
  },
  TooLarge: {
    description: `The body has more than ${MAX_BODY_BYTES} bytes.`,
    examples: {
      'Too large': new PayloadTooLargeError(`The request body is larger than ${MAX_BODY_BYTES} bytes.`),
    },
  },
  LeaseRefused: {
    description:
      'The lease cannot be had: it is not larger than the last total that the client was granted, too long, refused by the upstream, or the session is over or being stopped.',
    examples: {
      'Lease not larger': leaseError2021(notLarger),
      'Lease too long': leaseError2021(tooLong),
      'Refused upstream': leaseError2021(extensionRefused),
      'Session over': leaseError2021(sessionOver),
    },
  },
  TooManyCalls: {
    description: 'The account calls too often. Nothing was done; the same call may be repeated in a while.',
    examples: { 'Too many': tooManyCalls },
  },
  TooManyCallsOrKept: {
    description:
      'The account calls too often; or `keepAlive` is wanted for more sessions than can be kept alive at the rate at which the account may call its upstream (`TooManyKeptSessions`). Nothing was done: the same call may be repeated in a while, or made without `keepAlive`.',
    examples: {
      'Too many': tooManyCalls,
      'Too many kept': new KeepAliveRefusedError(
        'No more than 920 sessions can be kept alive at the rate at which this account may call its upstream.',
        { retryAfterSeconds: 60, target: 'keepAlive' },
      ),
    },
  },
  Failed: {
    description: 'Something is wrong with the keeper. It has been logged, together with the `MS-CV`.',
    examples: { Unexpected: somethingWrong },
  },
  SessionFailed: {
    description: 'Something is wrong with the keeper. It has been logged, together with the `MS-CV`.',
    examples: {
      Unexpected: somethingWrong,
      'Damaged row': new UnreadableRowError('The row session:engine-review-7 cannot be read: column leases.'),
    },
  },
  Unavailable: {
    description:
      'The keeper cannot answer now. Nothing is half done; the same call may be repeated in a while.',
    examples: { 'Table silent': tableSilent },
  },
  UseUnavailable: {
    description:
      'The keeper cannot answer now. Nothing is half done; the same call may be repeated in a while.',
    examples: { 'Table silent': tableSilent, 'Too many writers': tooManyConflicts },
  },
  ChangeUnavailable: {
    description:
      'The keeper cannot answer now. The same call may be repeated in a while. Where the upstream cannot be asked, the wish is recorded, and the keeper goes on trying by itself.',
    examples: {
      'Upstream silent': new UpstreamUnavailableError(
        'The upstream cannot be asked now; the keeper goes on trying.',
        { retryAfterSeconds: 10 },
      ),
      'Table silent': tableSilent,
      'Too many writers': tooManyConflicts,
    },
  },
} as const satisfies Record<string, { description: string; examples: Readonly<Record<string, unknown>> }>;

export type ErrorName = keyof typeof ERRORS;
