import type { Context, Span } from '@opentelemetry/api';
import { describeError, type Report, type TelemetrySink } from '../../shared/telemetry.ts';
import { METRICS, type MetricName } from '../../shared/telemetry-names.ts';
import type { Facts, Step, StepKind, Tracing } from './tracing.ts';

/** Events, metrics and traces for Application Insights, through its library and the OpenTelemetry API. */

/** The library reports on its own use to its makers unless these settings say no. */
export const NO_STATISTICS_OF_ITS_OWN = {
  APPLICATION_INSIGHTS_NO_STATSBEAT: 'true',
  APPLICATIONINSIGHTS_SDKSTATS_DISABLED: 'true',
} as const;

export interface AzureMonitor {
  sink: TelemetrySink;
  tracing: Tracing;
  /** Sends what has not been sent, and ends. */
  shutdown(): Promise<void>;
}

/** What is told before the library is there waits for it; a flood does not take all memory. */
const MOST_WAITING = 2_000;
/** An instance that is taken away is not waited for longer. */
const SHUTDOWN_MS = 5_000;

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
      const loaded = await loadExporter(connectionString);
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

interface Exporter {
  emit(report: Report): void;
  measure(name: MetricName, value: number, dimensions: Readonly<Record<string, string>>): void;
  trace: Tracing['step'];
  shutdown(): Promise<void>;
}

/** The name of an event, with what it tells; undefined for what is told otherwise. */
const eventOf = (report: Report): { name: string; facts: Record<string, unknown> } | undefined => {
  switch (report.kind) {
    case 'change': {
      const { at: _at, kind: _kind, change, detail, ...facts } = report;
      return { name: `leasekeeper.${change}`, facts: { ...facts, ...detail } };
    }
    case 'fault': {
      const { at: _at, kind: _kind, ...facts } = report;
      return { name: 'leasekeeper.fault', facts };
    }
    case 'decision':
    case 'sweep':
      // Log lines; what they change, and how they went, is told by changes and metrics.
      return undefined;
    default:
      return report satisfies never;
  }
};

const loadExporter = async (connectionString: string): Promise<Exporter> => {
  const [{ default: library }, api, { logs }] = await Promise.all([
    import('applicationinsights'),
    import('@opentelemetry/api'),
    import('@opentelemetry/api-logs'),
  ]);
  const off = { enabled: false };
  library.useAzureMonitor({
    // What cannot be sent is not left lying on a disk.
    azureMonitorExporterOptions: { connectionString, disableOfflineStorage: true },
    // All that is told is chosen here: what others would collect may quote addresses, headers and settings.
    instrumentationOptions: {
      http: off,
      azureSdk: off,
      mongoDb: off,
      mySql: off,
      postgreSql: off,
      redis: off,
    },
    enableAutoCollectExceptions: false,
    enableAutoCollectPerformance: false,
    enableLiveMetrics: false,
    enablePerformanceCounters: false,
    enableStandardMetrics: false,
  });
  const { context, metrics, propagation, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } = api;
  const tracer = trace.getTracer('lease-keeper');
  const logger = logs.getLogger('lease-keeper');
  const meter = metrics.getMeter('lease-keeper');
  const instruments = new Map(
    Object.entries(METRICS).map(([name, { kind, unit, description }]) => {
      const options = { unit, description };
      switch (kind) {
        case 'counter': {
          const counter = meter.createCounter(name, options);
          return [name, (value: number, facts: Facts) => counter.add(value, facts)];
        }
        case 'gauge': {
          const gauge = meter.createGauge(name, options);
          return [name, (value: number, facts: Facts) => gauge.record(value, facts)];
        }
        case 'histogram': {
          const histogram = meter.createHistogram(name, options);
          return [name, (value: number, facts: Facts) => histogram.record(value, facts)];
        }
        default:
          return kind satisfies never;
      }
    }),
  );

  const VECTOR = api.createContextKey('MS-CV');
  // The platform's own record of an invocation is its request: ours is the part of it that we have done.
  const kinds: Record<StepKind, number> = {
    invocation: SpanKind.INTERNAL,
    table: SpanKind.CLIENT,
    upstream: SpanKind.CLIENT,
  };
  const around = ({ traceParent, facts }: Step): Context => {
    const parent =
      traceParent === undefined
        ? context.active()
        : propagation.extract(ROOT_CONTEXT, { traceparent: traceParent });
    const vector = facts['MS-CV'];
    return vector === undefined ? parent : parent.setValue(VECTOR, vector);
  };

  return {
    emit(report) {
      const event = eventOf(report);
      if (event === undefined) return;
      const told = Object.entries(event.facts).flatMap(([name, value]) =>
        value === null || value === undefined ? [] : [[name, String(value)] as const],
      );
      logger.emit({
        timestamp: Date.parse(report.at),
        attributes: { 'microsoft.custom_event.name': event.name, ...Object.fromEntries(told) },
      });
    },
    measure: (name, value, dimensions) => instruments.get(name)?.(value, dimensions),
    trace(step, work) {
      const parent = around(step);
      const vector = parent.getValue(VECTOR);
      const attributes = { ...step.facts, ...(typeof vector === 'string' ? { 'MS-CV': vector } : {}) };
      const run = async (span: Span): Promise<Awaited<ReturnType<typeof work>>> => {
        try {
          return await work((facts, hasFailed = false) => {
            span.setAttributes(facts);
            if (hasFailed) span.setStatus({ code: SpanStatusCode.ERROR });
          });
        } catch (error) {
          // Its message may quote anything, and is told as a fault where it matters.
          span.setStatus({ code: SpanStatusCode.ERROR, message: error instanceof Error ? error.name : '' });
          throw error;
        } finally {
          span.end();
        }
      };
      return tracer.startActiveSpan(step.name, { kind: kinds[step.kind], attributes }, parent, run);
    },
    async shutdown() {
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, SHUTDOWN_MS);
      });
      await Promise.race([library.shutdownAzureMonitor(), late]);
      clearTimeout(timer);
    },
  };
};
