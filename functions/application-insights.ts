import type { Report, Telemetry } from '../shared/telemetry.ts';
import { describeError, lineTelemetry } from '../shared/telemetry.ts';

/**
 * Sends each report as a custom event to Application Insights. The library is large: it is loaded with the first
 * report, so that it is not on the way of the first answer.
 */
export const applicationInsights = (
  connectionString: string,
  writeLine: (line: string) => void,
  now: () => number,
): Telemetry => {
  const load = async () => {
    const { default: library } = await import('applicationinsights');
    return new library.TelemetryClient(connectionString);
  };
  let client: ReturnType<typeof load> | undefined;

  const track = async ({ kind, ...details }: Report): Promise<void> => {
    client ??= load();
    const properties = Object.fromEntries(
      Object.entries(details).map(([name, value]) => [name, String(value)]),
    );
    (await client).trackEvent({ name: `leasekeeper.${kind}`, properties });
  };

  return {
    report(report) {
      track(report).catch((error: unknown) => {
        // Telemetry must not fail the work that it tells of.
        const at = new Date(now()).toISOString();
        lineTelemetry(writeLine).report({
          kind: 'fault',
          at,
          what: 'telemetry',
          error: describeError(error),
        });
      });
    },
  };
};
