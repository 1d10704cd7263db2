/** Where the host's own words go. What the app logs goes to `app`, and is printed exactly as it is. */
export interface HostLog {
  app(message: string): void;
  warn(message: string): void;
  error(message: string, cause?: unknown): void;
}

const PREFIX = 'functions host: ';

/**
 * An error as text: its stack and those of its causes. Other properties are left out on purpose: errors of HTTP
 * clients carry whole requests, tokens included.
 */
export const describeError = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  const own = error.stack ?? `${error.name}: ${error.message}`;
  return error.cause === undefined ? own : `${own}\ncaused by: ${describeError(error.cause)}`;
};

/** A log on the two streams of the process: the app's lines on `out`, the host's own on `err` with a prefix. */
export const createHostLog = (out: NodeJS.WritableStream, err: NodeJS.WritableStream): HostLog => ({
  app(message) {
    out.write(`${message}\n`);
  },
  warn(message) {
    err.write(`${PREFIX}${message}\n`);
  },
  error(message, cause) {
    err.write(`${PREFIX}${message}${cause === undefined ? '' : `: ${describeError(cause)}`}\n`);
  },
});
