import { describeError, type TelemetrySink } from '../../shared/telemetry.ts';
import type { Exporter } from './exporter.ts';
import type { Tracing } from './tracing.ts';

/** Events, metrics and traces for Application Insights, through its library and the OpenTelemetry API. */

/** The library reports on its own use to its makers unless these settings say no. */
export const NO_STATISTICS_OF_ITS_OWN = {
  APPLICATION_INSIGHTS_NO_STATSBEAT: 'true',
  APPLICATIONINSIGHTS_SDKSTATS_DISABLED: 'true',
  APPLICATIONINSIGHTS_OPENTELEMETRY_RESOURCE_METRIC_DISABLED: 'true',
} as const;

export interface AzureMonitor {
  sink: TelemetrySink;
  tracing: Tracing;
  /** Sends what has not been sent, and ends. */
  shutdown(): Promise<void>;
}

/** What is told before the library is there waits for it; a flood does not take all memory. */
const MOST_WAITING = 2_000;

/**
 * The library is large: it is loaded once the first invocation has been answered, so that it is on the way of no answer.
 * That one is not traced; what it has reported and measured is sent.
 */
export const createAzureMonitor = (
  connectionString: string,
  writeLine: (line: string) => void,
): AzureMonitor => {
  let exporter: Exporter | undefined;
  let loading: Promise<void> | undefined;
  const waiting: ((loaded: Exporter) => void)[] = [];

  const tell = (send: (loaded: Exporter) => void): void => {
    if (exporter !== undefined) send(exporter);
    else if (waiting.length < MOST_WAITING) waiting.push(send);
  };
  const load = async (): Promise<void> => {
    try {
      const { createExporter } = await import('./exporter.ts');
      const loaded = createExporter(connectionString);
      exporter = loaded;
      for (const send of waiting.splice(0)) send(loaded);
    } catch (error) {
      // Telemetry must not fail the work that it tells of.
      writeLine(`telemetry: ${describeError(error)}`);
    }
  };
  const begin = (): void => {
    loading ??= load();
  };

  return {
    sink: {
      report: (report) => tell((loaded) => loaded.emit(report)),
      measure: (name, value, dimensions) => tell((loaded) => loaded.measure(name, value, dimensions)),
    },
    tracing: {
      step: (step, work) =>
        exporter === undefined
          ? work(() => undefined).finally(() => {
              if (step.kind === 'invocation') begin();
            })
          : exporter.trace(step, work),
    },
    async shutdown() {
      await loading;
      await exporter?.shutdown();
    },
  };
};
