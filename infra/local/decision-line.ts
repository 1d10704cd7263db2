import type { Report } from '../../shared/telemetry.ts';

/** A structured log line of the app as a sentence for people; undefined for a line that is none of the keeper's. */
export const readableLine = (line: string): string | undefined => {
  const report = parseReport(line);
  if (report === undefined) return undefined;
  const time = report.at.slice(11, 19);
  switch (report.kind) {
    case 'decision': {
      const lease = report.maxLeaseMinutes === undefined ? '' : ` to ${report.maxLeaseMinutes} min`;
      const action = `${report.action}${lease}`.padEnd(18);
      return `${time}  ${report.sessionId.slice(0, 8)}  ${action}  because ${report.because.padEnd(11)}  ${report.outcome}`;
    }
    case 'sweep': {
      const rest = report.unfinished ? ', and more is due' : '';
      return `${time}  sweep     looked at ${report.looked} in ${report.milliseconds} ms${rest}`;
    }
    case 'fault': {
      const session = report.sessionId === undefined ? 'fault   ' : report.sessionId.slice(0, 8);
      return `${time}  ${session}  FAULT ${report.what}: ${report.error}`;
    }
    case 'change':
      // Told by the decision that made it.
      return undefined;
    default:
      return report satisfies never;
  }
};

const KINDS: readonly Report['kind'][] = ['decision', 'sweep', 'fault'];

const parseReport = (line: string): Report | undefined => {
  if (!line.startsWith('{')) return undefined;
  try {
    const value: unknown = JSON.parse(line);
    const isReport = typeof value === 'object' && value !== null && 'kind' in value && 'at' in value;
    return isReport && KINDS.some((kind) => kind === value.kind) ? (value as Report) : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
};
