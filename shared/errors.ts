/** One of several things that are wrong with a request. */
export interface Fault {
  target: string;
  message: string;
}

/**
 * One class for each thing that a caller does differently. `code` is stable and is what API clients see;
 * `status` is the HTTP status it becomes, in this one place. A message never carries a key or a token.
 */
export abstract class KeeperError extends Error {
  abstract readonly code: string;
  abstract readonly status: number;
  /** The field of the request that is at fault, where one is. */
  readonly target: string | undefined;
  /** When it makes sense to call again, in whole seconds; undefined where repeating does not help. */
  readonly retryAfterSeconds: number | undefined;
  /** Every fault of the request, where there are several; the message tells the first. */
  readonly faults: readonly Fault[];

  constructor(
    message: string,
    details: { target?: string; retryAfterSeconds?: number; faults?: readonly Fault[]; cause?: unknown } = {},
  ) {
    super(message, details.cause === undefined ? {} : { cause: details.cause });
    this.name = new.target.name;
    this.target = details.target;
    this.retryAfterSeconds = details.retryAfterSeconds;
    this.faults = details.faults ?? [];
  }
}

/** The request itself is wrong: correct it, do not repeat it. */
export class BadRequestError extends KeeperError {
  readonly code = 'BadRequest';
  readonly status = 400;
}

/** `api-version` is missing or unknown: name one that is supported. */
export class UnsupportedApiVersionError extends KeeperError {
  readonly code = 'UnsupportedApiVersion';
  readonly status = 400;
}

/** The lease that was asked for is not larger than the one that the client has already. */
export class LeaseNotLargerError extends KeeperError {
  readonly code = 'BadRequest';
  readonly status = 400;
  /** The client's own lease, in minutes. */
  readonly currentMinutes: number;

  constructor(currentMinutes: number) {
    super(
      `A lease can only grow: the current one is ${currentMinutes} minutes, the new total must be larger.`,
    );
    this.currentMinutes = currentMinutes;
  }
}

/** The lease that was asked for reaches further than any extension may. */
export class LeaseTooLongError extends KeeperError {
  readonly code = 'BadRequest';
  readonly status = 400;
  /** The client's own lease, in minutes. */
  readonly currentMinutes: number;

  constructor(currentMinutes: number, mostMinutes: number) {
    super(
      `A lease can be extended to ${mostMinutes} minutes at most; the current one is ${currentMinutes} minutes.`,
    );
    this.currentMinutes = currentMinutes;
  }
}

/** The second generation's word for a lease that cannot be had: not larger than the current one, or too long. */
export class InvalidLeaseError extends KeeperError {
  readonly code = 'InvalidLease';
  readonly status = 422;
}

/**
 * The second generation's word for a lease of a session that has ended or is being ended. The API's description does
 * not say what the service answers; 422 is its answer to every other lease that cannot be had.
 */
export class SessionNotRunningError extends KeeperError {
  readonly code = 'SessionNotRunning';
  readonly status = 422;
}

/** The upstream will not extend the lease as asked: repeating the request unchanged does not help. */
export class ExtensionRefusedError extends KeeperError {
  readonly code = 'ExtensionRefused';
  readonly status = 400;
}

/** The body is larger than any request of this API needs to be. */
export class PayloadTooLargeError extends KeeperError {
  readonly code = 'PayloadTooLarge';
  readonly status = 413;
}

/** No token, or one that is expired, forged or signed with a secret that is no longer accepted: get a new one. */
export class UnauthorizedError extends KeeperError {
  readonly code = 'Unauthorized';
  readonly status = 401;
}

/** The token is good, but for another account. Says nothing about what exists there. */
export class ForbiddenError extends KeeperError {
  readonly code = 'Forbidden';
  readonly status = 403;
}

/** No session of that id is known in the account, living or ended. */
export class SessionNotFoundError extends KeeperError {
  readonly code = 'SessionNotFound';
  readonly status = 404;
}

/** The session has ended or is being stopped; its lease cannot be renewed and it cannot be used again. */
export class SessionOverError extends KeeperError {
  readonly code = 'SessionOver';
  readonly status = 409;
}

/** The id that was chosen for a new session is taken, here or upstream: choose another. */
export class SessionExistsError extends KeeperError {
  readonly code = 'SessionExists';
  readonly status = 409;
}

/** The account calls faster than it may. Nothing was done: the same call may be repeated, but not before its time. */
export class TooManyRequestsError extends KeeperError {
  readonly code = 'TooManyRequests';
  readonly status = 429;
}

/** More sessions cannot be kept alive without others lapsing. Create it without keep-alive, or wait for room. */
export class KeepAliveRefusedError extends KeeperError {
  readonly code = 'TooManyKeptSessions';
  readonly status = 429;
}

/** The table did not answer in time. Nothing is half-written; the same call may be repeated. */
export class StorageUnavailableError extends KeeperError {
  readonly code = 'ServiceUnavailable';
  readonly status = 503;
}

/** The upstream could not be asked now. What was wanted is recorded, and the sweep goes on with it. */
export class UpstreamUnavailableError extends KeeperError {
  readonly code = 'UpstreamUnavailable';
  readonly status = 503;
}

/** A row of the table cannot be read as what it should be. Names the row and the property, never a value. */
export class UnreadableRowError extends KeeperError {
  readonly code = 'UnreadableRow';
  readonly status = 500;
}

/** Other callers changed the same session again and again while this call tried to. */
export class TooManyConflictsError extends KeeperError {
  readonly code = 'ServiceUnavailable';
  readonly status = 503;
}

/** Settings are missing or wrong. `faults` has every one of them, so that they can be mended in one go. */
export class ConfigError extends Error {
  readonly faults: readonly string[];

  constructor(faults: readonly string[]) {
    super(
      `The app cannot start, its settings are at fault:\n${faults.map((fault) => `- ${fault}`).join('\n')}`,
    );
    this.name = 'ConfigError';
    this.faults = faults;
  }
}
