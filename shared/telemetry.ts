import type { Decision, SessionKey } from './session.ts';

/**
 * What the keeper reports of itself. One structured line each: machines read it as JSON, and the local stack shows
 * it as a sentence. No report holds a key, a token or a connection string.
 */
export type Entry =
  | {
      kind: 'decision';
      accountId: string;
      sessionId: string;
      action: Exclude<Decision['type'], 'none'>;
      because: string;
      /** What came of it: the status after it, or why nothing can be told. */
      outcome: string;
      maxLeaseMinutes?: number;
    }
  | { kind: 'sweep'; accountId: string; looked: number; unfinished: boolean; milliseconds: number }
  | { kind: 'fault'; accountId?: string; sessionId?: string; what: string; error: string };

/** An entry with the instant at which it was reported, ISO 8601. */
export type Report = Entry & { at: string };

export interface Telemetry {
  report(entry: Entry): void;
}

/** Stamps each entry and gives it to every sink. `now` is in Unix ms. */
export const createTelemetry = (
  sinks: readonly ((report: Report) => void)[],
  now: () => number,
): Telemetry => ({
  report(entry) {
    const report = { at: new Date(now()).toISOString(), ...entry };
    for (const sink of sinks) sink(report);
  },
});

/** Writes each report as one line of JSON. */
export const lineSink =
  (write: (line: string) => void) =>
  (report: Report): void =>
    write(JSON.stringify(report));

/** That something went wrong without an answer of its own; `subject` says for whom. */
export const faultOf = (what: string, error: unknown, subject: Partial<SessionKey> = {}): Entry => ({
  kind: 'fault',
  ...subject,
  what,
  error: describeError(error),
});

/** Tells the error and its causes by name and message; stack traces stay where the error was caught. */
export const describeError = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  const own = `${error.name}: ${error.message}`;
  return error.cause instanceof Error ? `${own} (${describeError(error.cause)})` : own;
};
