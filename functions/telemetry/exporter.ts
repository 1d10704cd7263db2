import {
  type Context,
  metrics,
  propagation,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';
import { logs } from '@opentelemetry/api-logs';
import { shutdownAzureMonitor, useAzureMonitor } from 'applicationinsights';
import type { Report } from '../../shared/telemetry.ts';
import { METRICS, type MetricName } from '../../shared/telemetry-names.ts';
import type { Facts, Step, StepKind } from './tracing.ts';

/** All that is to be loaded for telemetry: import it where something is sent, and nowhere else. */

/** An instance that is taken away is not waited for longer. */
const SHUTDOWN_MS = 5_000;

/** Whose steps and events they are. */
const OWN = 'lease-keeper';

/** Where everything goes that is told, from the start. */
export interface Exporter {
  /** `within`: the step in which it was reported. */
  emit(report: Report, within: BegunStep | undefined): void;
  measure(name: MetricName, value: number, dimensions: Readonly<Record<string, string>>): void;
  /** `at` may be long ago, in Unix ms. A step that names a trace is a part of that, and of its parent otherwise. */
  begin(step: Step, parent: BegunStep | undefined, at: number): BegunStep;
  shutdown(): Promise<void>;
}

export interface BegunStep {
  /** Where what happens within it belongs. */
  readonly context: Context;
  end(outcome: StepOutcome): void;
}

export interface StepOutcome {
  facts: Facts;
  /** The name of its error, which may be empty; undefined where it has not failed. */
  failure: string | undefined;
  at: number;
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
  const tracer = trace.getTracer(OWN);
  const logger = logs.getLogger(OWN);
  const meter = metrics.getMeter(OWN);
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

  // The platform's own record of an invocation is its request: ours is the part of it that we have done.
  const kinds: Record<StepKind, number> = {
    invocation: SpanKind.INTERNAL,
    table: SpanKind.CLIENT,
    upstream: SpanKind.CLIENT,
  };

  return {
    emit(report, within) {
      const event = eventOf(report);
      if (event === undefined) return;
      const told = Object.entries(event.facts).flatMap(([name, value]) =>
        value === null || value === undefined ? [] : [[name, String(value)] as const],
      );
      logger.emit({
        timestamp: Date.parse(report.at),
        attributes: { 'microsoft.custom_event.name': event.name, ...Object.fromEntries(told) },
        context: within?.context ?? ROOT_CONTEXT,
      });
    },
    measure: (name, value, dimensions) => instruments.get(name)?.(value, dimensions),
    begin({ kind, name, facts, traceParent }, parent, at) {
      const around =
        traceParent === undefined
          ? (parent?.context ?? ROOT_CONTEXT)
          : propagation.extract(ROOT_CONTEXT, { traceparent: traceParent });
      const span = tracer.startSpan(name, { kind: kinds[kind], attributes: facts, startTime: at }, around);
      return {
        context: trace.setSpan(around, span),
        end(outcome) {
          span.setAttributes(outcome.facts);
          if (outcome.failure !== undefined)
            span.setStatus({ code: SpanStatusCode.ERROR, message: outcome.failure });
          span.end(outcome.at);
        },
      };
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
