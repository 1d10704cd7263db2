import { describeError, type Report } from '../shared/telemetry.ts';

/**
 * Sends each report as a custom event to Application Insights. The library is large: it is loaded with the first
 * report, so that it is not on the way of the first answer.
 */
export const applicationInsightsSink = (
  connectionString: string,
  writeLine: (line: string) => void,
): ((report: Report) => void) => {
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

  return (report) => {
    // Telemetry must not fail the work that it tells of.
    track(report).catch((error: unknown) => writeLine(`telemetry: ${describeError(error)}`));
  };
};
