/**
 * What runs for a session of a test, unless the test connects to it: a process as real as any other, without the
 * price of starting Node. It ends by itself should everything fail that is to end it; no test takes as long.
 */
export const CHEAP_SERVER = { SESSION_HOST_COMMAND: 'sleep 1200' } as const;
/** The server that the session host has by itself. */
export const REAL_SERVER = { SESSION_HOST_COMMAND: '' } as const;
