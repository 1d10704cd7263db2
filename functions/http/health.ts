import type { HttpHandler } from '@azure/functions';
import type { HealthBody } from '../../shared/protocol/service-bodies.ts';
import { faultOf } from '../../shared/telemetry.ts';
import { endpoint, json, type Services } from './endpoint.ts';

type Answering = HealthBody['table'];

/** What the app depends on: `table` rejects while it does not answer, the upstreams resolve to false. */
export interface Dependencies {
  version: string;
  table: () => Promise<void>;
  upstreams: readonly (() => Promise<boolean>)[];
}

/** Probes are answered from memory for so long, so that whoever asks often costs nothing. */
const CACHED_MS = 5_000;
const RETRY_AFTER_SECONDS = 5;

/** `GET /health`, without a token: 200 while the table answers; the upstream's state is told, and is no fault of ours. */
export const health = (services: Services, { version, table, upstreams }: Dependencies): HttpHandler => {
  let probed: { at: number; states: Promise<{ table: Answering; upstream: Answering }> } | undefined;

  const probeTable = async (): Promise<Answering> => {
    try {
      await table();
      return 'up';
    } catch (error) {
      services.telemetry.report(faultOf('health', error));
      return 'down';
    }
  };
  const probe = async (): Promise<{ table: Answering; upstream: Answering }> => {
    const [tableState, answers] = await Promise.all([
      probeTable(),
      Promise.all(upstreams.map((ping) => ping())),
    ]);
    return { table: tableState, upstream: answers.includes(false) ? 'down' : 'up' };
  };

  return endpoint(services, async () => {
    if (probed === undefined || services.now() - probed.at > CACHED_MS) {
      probed = { at: services.now(), states: probe() };
    }
    const states = await probed.states;
    return states.table === 'up'
      ? json(200, { status: 'ok', version, ...states } satisfies HealthBody)
      : json(503, { status: 'unavailable', version, ...states } satisfies HealthBody, {
          'Retry-After': String(RETRY_AFTER_SECONDS),
        });
  });
};
