import type { HistoryEvent } from './outcome.ts';
import type { Decision, SessionKey } from './session.ts';
import type { Dimensions, MetricName } from './telemetry-names.ts';

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
  | { kind: 'fault'; accountId?: string; sessionId?: string; what: string; error: string }
  /** Something has changed for good: the same as a row of history, told once it is written. */
  | {
      kind: 'change';
      accountId: string;
      sessionId: string;
      change: HistoryEvent['kind'] | 'forgotten';
      because: string;
      detail: HistoryEvent['detail'];
    };

/** An entry with the instant at which it was reported, ISO 8601. */
export type Report = Entry & { at: string };

export interface Telemetry {
  report(entry: Entry): void;
  /** Adds to a counter, sets a gauge, or adds a value to a histogram, in the unit of the metric. */
  measure<Name extends MetricName>(name: Name, value: number, dimensions: Dimensions<Name>): void;
}

/** Somebody who is told. Neither may throw: telemetry must not fail the work that it tells of. */
export interface TelemetrySink {
  report(report: Report): void;
  measure(name: MetricName, value: number, dimensions: Readonly<Record<string, string>>): void;
}

/**
 * Stamps each entry, takes out what `redacted` knows to be secret, and gives it to every sink. `now` is in Unix ms.
 */
export const createTelemetry = (
  sinks: readonly TelemetrySink[],
  now: () => number,
  redacted: (text: string) => string,
): Telemetry => ({
  report(entry) {
    const report = { at: new Date(now()).toISOString(), ...textsOf(entry, redacted) };
    for (const sink of sinks) sink.report(report);
  },
  measure(name, value, dimensions) {
    for (const sink of sinks) sink.measure(name, value, dimensions);
  },
});

/** The entry with the texts of others, which may quote anything, redacted. */
const textsOf = (entry: Entry, redacted: (text: string) => string): Entry => {
  switch (entry.kind) {
    case 'decision':
      return { ...entry, outcome: redacted(entry.outcome) };
    case 'fault':
      return { ...entry, what: redacted(entry.what), error: redacted(entry.error) };
    case 'change': {
      const details = Object.entries(entry.detail).map(
        ([name, value]) => [name, typeof value === 'string' ? redacted(value) : value] as const,
      );
      return { ...entry, detail: Object.fromEntries(details) };
    }
    case 'sweep':
      return entry;
    default:
      return entry satisfies never;
  }
};

/** Writes each report as one line of JSON, but for changes: those are in the table, beside the decisions that made them. */
export const lineSink = (write: (line: string) => void): TelemetrySink => ({
  report(report) {
    if (report.kind !== 'change') write(JSON.stringify(report));
  },
  measure: () => undefined,
});

/** That something went wrong without an answer of its own; `subject` says for whom. */
export const faultOf = (
  what: string,
  error: unknown,
  subject: Partial<SessionKey> = {},
): Entry & { kind: 'fault' } => ({
  kind: 'fault',
  ...subject,
  what,
  error: describeError(error),
});

/** Reports a row that cannot be read or breaks a rule, and counts the look at it. */
export const reportRow = (
  telemetry: Telemetry,
  what: string,
  error: unknown,
  subject: Partial<SessionKey>,
): void => {
  telemetry.report(faultOf(what, error, subject));
  telemetry.measure('leasekeeper.rows.faulty', 1, {});
};

/** Tells the error and its causes by name and message; stack traces stay where the error was caught. */
export const describeError = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  const own = `${error.name}: ${error.message}`;
  return error.cause instanceof Error ? `${own} (${describeError(error.cause)})` : own;
};
