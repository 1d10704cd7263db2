import { describeError, type TelemetrySink } from '../../shared/telemetry.ts';
import type { Exporter } from './exporter.ts';
import { createSteps, type StepTimes } from './steps.ts';
import type { Tracing } from './tracing.ts';

/** Events, metrics and traces for Application Insights, through its library and the OpenTelemetry API. */

/** The library reports on its own use to its makers unless these settings say no. */
export const NO_STATISTICS_OF_ITS_OWN = {
  APPLICATION_INSIGHTS_NO_STATSBEAT: 'true',
  APPLICATIONINSIGHTS_SDKSTATS_DISABLED: 'true',
  APPLICATIONINSIGHTS_OPENTELEMETRY_RESOURCE_METRIC_DISABLED: 'true',
} as const;

/**
 * It also has Azure's clients tell of each request, with its address, and counts that against the limit of what it keeps,
 * although its own settings say that it should not: our own steps say enough.
 */
export const NO_STEPS_OF_OTHERS = { AZURE_TRACING_DISABLED: 'true' } as const;

export interface AzureMonitor {
  sink: TelemetrySink;
  tracing: Tracing;
  /** Sends what has not been sent, and ends. */
  shutdown(): Promise<void>;
}

export interface AzureMonitorOptions extends StepTimes {
  /** Loads the library; asked for once. */
  load(): Promise<Exporter>;
  /** Where it is said that something cannot be told. */
  writeLine(line: string): void;
}

/** What the first invocation gives is on its way to whoever called for a moment longer. */
export const AFTER_FIRST_MS = 1_000;
/** An instance for which nobody calls has time for it, and is the quicker once somebody does. */
export const WITHOUT_ONE_MS = 30_000;
/** The library keeps so much a second, as counted from its own start: without it, not even the first invocation is kept. */
export const ROOM_MS = 1_000;
/** A few seconds of a busy instance; a flood does not take all memory. */
export const MOST_WAITING = 20_000;

/**
 * The library is large, and nothing else is done while it is loaded: that has to wait until the first answer is out.
 * What is told before is kept, in its order and with its times, and handed over.
 */
export const createAzureMonitor = ({ load, writeLine, ...times }: AzureMonitorOptions): AzureMonitor => {
  let exporter: Exporter | undefined;
  let loading: Promise<void> | undefined;
  /** Whether it is settled when the library is loaded. */
  let isSettled = false;
  let timer: NodeJS.Timeout | undefined;
  const waiting: ((exporter: Exporter) => void)[] = [];
  let mostWaiting = MOST_WAITING;
  let lost = 0;
  let hasFailed = false;

  // Telemetry must not fail the work that it tells of.
  const sayFailure = (error: unknown): void => {
    // Once: the next ones would most likely be the same, as many as there is work.
    if (!hasFailed) writeLine(`telemetry: ${describeError(error)}`);
    hasFailed = true;
  };
  const hand = (telling: (exporter: Exporter) => void, to: Exporter): void => {
    try {
      telling(to);
    } catch (error) {
      sayFailure(error);
    }
  };
  const tell = (telling: (exporter: Exporter) => void): void => {
    if (exporter !== undefined) hand(telling, exporter);
    else if (waiting.length < mostWaiting) waiting.push(telling);
    else lost += 1;
  };
  const loadNow = async (): Promise<void> => {
    try {
      const loaded = await load();
      await new Promise((resolve) => setTimeout(resolve, ROOM_MS));
      exporter = loaded;
      for (const telling of waiting.splice(0)) hand(telling, loaded);
      if (lost > 0) writeLine(`telemetry: ${lost} of what was told before it could be sent are lost`);
    } catch (error) {
      sayFailure(error);
      mostWaiting = 0;
      waiting.length = 0;
    }
  };
  const begin = (): void => {
    isSettled = true;
    loading ??= loadNow();
  };
  const beginIn = (ms: number): void => {
    timer = setTimeout(begin, ms).unref();
  };
  beginIn(WITHOUT_ONE_MS);

  const steps = createSteps(tell, times);
  return {
    sink: {
      report(report) {
        const within = steps.current();
        tell((loaded) => loaded.emit(report, within?.begun));
      },
      measure: (name, value, dimensions) => tell((loaded) => loaded.measure(name, value, dimensions)),
    },
    tracing: {
      async step(step, work) {
        if (isSettled || step.kind !== 'invocation') return steps.tracing.step(step, work);
        clearTimeout(timer);
        try {
          return await steps.tracing.step(step, work);
        } finally {
          if (!isSettled) beginIn(AFTER_FIRST_MS);
          isSettled = true;
        }
      },
    },
    async shutdown() {
      isSettled = true;
      clearTimeout(timer);
      if (waiting.length > 0) begin();
      await loading;
      await exporter?.shutdown();
    },
  };
};
