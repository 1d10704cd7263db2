import {
  type Context,
  context,
  createContextKey,
  metrics,
  propagation,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';
import { logs } from '@opentelemetry/api-logs';
import { suppressTracing } from '@opentelemetry/core';
import { shutdownAzureMonitor, useAzureMonitor } from 'applicationinsights';
import type { Report } from '../../shared/telemetry.ts';
import { METRICS, type MetricName } from '../../shared/telemetry-names.ts';
import type { Facts, Note, Step, StepKind, Tracing } from './tracing.ts';

/** All that is to be loaded for telemetry: import it where something is sent, and nowhere else. */

/** An instance that is taken away is not waited for longer. */
const SHUTDOWN_MS = 5_000;

/** Where everything goes that is told, from the start. */
export interface Exporter {
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

export const createExporter = (connectionString: string): Exporter => {
  const off = { enabled: false };
  useAzureMonitor({
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

  const VECTOR = createContextKey('MS-CV');
  // The platform's own record of an invocation is its request: ours is the part of it that we have done.
  const kinds: Record<StepKind, number> = {
    invocation: SpanKind.INTERNAL,
    table: SpanKind.CLIENT,
    upstream: SpanKind.CLIENT,
  };
  /** The library has Azure's clients tell of each request as well, with its address: our own step says enough. */
  const within = ({ kind }: Step): Context =>
    kind === 'table' ? suppressTracing(context.active()) : context.active();
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
          const note: Note = (facts, hasFailed = false) => {
            span.setAttributes(facts);
            if (hasFailed) span.setStatus({ code: SpanStatusCode.ERROR });
          };
          return await context.with(within(step), () => work(note));
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
      await Promise.race([shutdownAzureMonitor(), late]);
      clearTimeout(timer);
    },
  };
};
