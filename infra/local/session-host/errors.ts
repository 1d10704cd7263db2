import { KeeperError } from '../../../shared/errors.ts';

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

/** One of the calls that the session host was told to fail. To its caller it is a fault like any other. */
export class FailureOnDemandError extends KeeperError {
  readonly code = 'InternalServerError';
  readonly status = 500;
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
