import { KeeperError } from '../../../shared/errors.ts';

/** `api-version` is missing or unknown. */
export class UnsupportedApiVersionError extends KeeperError {
  readonly code = 'UnsupportedApiVersion';
  readonly status = 400;
}

/** No such path. */
export class RouteNotFoundError extends KeeperError {
  readonly code = 'NotFound';
  readonly status = 404;
}

/** The path exists, but not with this method. */
export class MethodNotAllowedError extends KeeperError {
  readonly code = 'MethodNotAllowed';
  readonly status = 405;
  /** For the `Allow` header. */
  readonly allow: string;

  constructor(allow: readonly string[]) {
    super(`Only ${allow.join(', ')} can be used here.`);
    this.allow = allow.join(', ');
  }
}

/** The lease that a PATCH asks for is not larger than the current one, or reaches a day. */
export class InvalidLeaseError extends KeeperError {
  readonly code = 'InvalidLease';
  readonly status = 422;
}

/**
 * A PATCH of a session that has ended or is being ended. The API's description does not say what the service
 * answers; 422 is its answer to every other lease that cannot be granted, and never worth repeating either.
 */
export class SessionNotRunningError extends KeeperError {
  readonly code = 'SessionNotRunning';
  readonly status = 422;
}

/** Two calls of one account came closer together than the call gap. */
export class TooManyCallsError extends KeeperError {
  readonly code = 'TooManyRequests';
  readonly status = 429;
}

/** The session host is shutting down and takes no new sessions. */
export class ShuttingDownError extends KeeperError {
  readonly code = 'ServiceUnavailable';
  readonly status = 503;
}

/** The session host cannot start; the message says what to do. Not an answer to any call. */
export class StartError extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, cause === undefined ? {} : { cause });
    this.name = 'StartError';
  }
}

/** The errno of a failed system call, where the error is one. */
export const errnoOf = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
