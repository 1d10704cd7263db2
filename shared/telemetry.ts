import type { Decision } from './session.ts';

/**
 * What the keeper reports of itself. One structured line each: machines read it as JSON, and the local stack shows
 * it as a sentence. No report holds a key, a token or a connection string.
 */
export type Report =
  | {
      kind: 'decision';
      at: string;
      accountId: string;
      sessionId: string;
      action: Exclude<Decision['type'], 'none'>;
      because: string;
      /** What came of it: the status after it, or why nothing can be told. */
      outcome: string;
      maxLeaseMinutes?: number;
      message?: string;
    }
  | {
      kind: 'sweep';
      at: string;
      accountId: string;
      looked: number;
      unfinished: boolean;
      milliseconds: number;
    }
  | { kind: 'fault'; at: string; accountId?: string; sessionId?: string; what: string; error: string };

export interface Telemetry {
  report(report: Report): void;
}

/** Writes each report as one line of JSON. */
export const lineTelemetry = (write: (line: string) => void): Telemetry => ({
  report: (report) => write(JSON.stringify(report)),
});

/** Tells the error and its causes by name and message; stack traces stay where the error was caught. */
export const describeError = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  const own = `${error.name}: ${error.message}`;
  return error.cause instanceof Error ? `${own} (${describeError(error.cause)})` : own;
};
