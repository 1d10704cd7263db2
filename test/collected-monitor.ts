import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { expect } from 'vitest';
import {
  type AzureMonitor,
  createAzureMonitor,
  NO_STATISTICS_OF_ITS_OWN,
  NO_STEPS_OF_OTHERS,
} from '../functions/telemetry/azure-monitor.ts';
import type { Exporter } from '../functions/telemetry/exporter.ts';
import type { Collector } from './collector.ts';

/** A monitor that sends to the collector, and the library once it is loaded: by the monitor, in its own time. */
export interface CollectedMonitor {
  monitor: AzureMonitor;
  library: Promise<Exporter>;
}

/** `environment`: what the library is told, for this process and for good. */
export const startCollectedMonitor = (
  { certificate, connectionString }: Pick<Collector, 'certificate' | 'connectionString'>,
  environment: NodeJS.ProcessEnv,
): CollectedMonitor => {
  Object.assign(process.env, NO_STATISTICS_OF_ITS_OWN, NO_STEPS_OF_OTHERS, environment);
  setDefaultCACertificates([...getCACertificates(), certificate]);
  const library = Promise.withResolvers<Exporter>();
  const monitor = createAzureMonitor({
    load() {
      const loading = import('../functions/telemetry/exporter.ts').then(({ createExporter }) =>
        createExporter(connectionString),
      );
      library.resolve(loading);
      return loading;
    },
    writeLine: (line) => expect.fail(line),
    now: Date.now,
    elapsedMs: () => performance.now(),
  });
  return { monitor, library: library.promise };
};
