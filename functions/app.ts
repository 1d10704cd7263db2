import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { app, type HttpHandler, type HttpMethod } from '@azure/functions';
import packageJson from '../package.json' with { type: 'json' };
import { createTokens } from '../shared/auth.ts';
import { type Clock, clockFault, createCheckedClock } from '../shared/clock.ts';
import { loadConfig, secretsOf } from '../shared/config.ts';
import { createContinuations } from '../shared/continuation.ts';
import { createKeeper } from '../shared/keeper.ts';
import { createRedaction } from '../shared/redaction.ts';
import { createStore } from '../shared/store/store.ts';
import { accessOf, openTable, TABLE_NAME } from '../shared/store/table.ts';
import { createTelemetry, faultOf, lineSink, reportRow } from '../shared/telemetry.ts';
import { createThrottle } from '../shared/throttle.ts';
import { send } from '../shared/upstream/send.ts';
import { createUpstream } from '../shared/upstream/upstream.ts';
import { docs } from './http/docs.ts';
import { type Services, sweepQueue } from './http/endpoint.ts';
import { health } from './http/health.ts';
import { openApi } from './http/openapi.ts';
import {
  createSession,
  getSession,
  heartbeat2021,
  listSessions,
  stopSession,
  updateSession,
} from './http/sessions-2021.ts';
import {
  createSessionV1,
  getSessionV1,
  heartbeatV1,
  listSessionsV1,
  stopSessionV1,
  updateSessionV1,
} from './http/sessions-v1.ts';
import { getToken } from './http/token.ts';
import { unknownRoute } from './http/unknown.ts';
import { writeLine } from './invocation-log.ts';
import { sweep } from './sweep.ts';
import { sweepAccount } from './sweep-account.ts';
import {
  createAzureMonitor,
  NO_STATISTICS_OF_ITS_OWN,
  NO_STEPS_OF_OTHERS,
} from './telemetry/azure-monitor.ts';
import { tracedSend, tracedTable } from './telemetry/traced.ts';
import { noTracing } from './telemetry/tracing.ts';

/**
 * The composition root: the only place that reads the environment, a clock and chance, and the table of all
 * functions. It throws a ConfigError, and registers nothing, where a setting is at fault.
 */

const config = loadConfig(process.env, (path) => readFileSync(path, 'utf8'));

const ownClock: Clock = {
  now: () => Date.now(),
  abortAt: (at) => AbortSignal.timeout(Math.max(0, at - Date.now())),
};
const clock = createCheckedClock(ownClock, (aheadMs) => {
  telemetry.report(faultOf('clock', clockFault(aheadMs)));
});

const { telemetryConnectionString } = config;
const redacted = createRedaction(secretsOf(config));
const azureMonitor =
  telemetryConnectionString === undefined
    ? undefined
    : createAzureMonitor({
        load: async () => (await import('./telemetry/exporter.ts')).createExporter(telemetryConnectionString),
        // The library's errors may quote anything.
        writeLine: (line) => writeLine(redacted(line)),
        now: ownClock.now,
        elapsedMs: () => performance.now(),
      });
if (azureMonitor !== undefined) {
  Object.assign(process.env, { ...NO_STATISTICS_OF_ITS_OWN, ...process.env, ...NO_STEPS_OF_OTHERS });
  app.hook.appTerminate(azureMonitor.shutdown);
}
const tracing = azureMonitor?.tracing ?? noTracing;
const telemetry = createTelemetry(
  [lineSink(writeLine), ...(azureMonitor === undefined ? [] : [azureMonitor.sink])],
  ownClock.now,
  redacted,
);

const PROBE_MS = 1_500;

const store = createStore(
  openTable(accessOf(config.storage), TABLE_NAME, { asks: clock.asks, around: tracedTable(tracing) }),
  randomUUID,
  (key, error) => reportRow(telemetry, 'activity', error, key),
);
const accounts = config.accounts.map(({ accountId, policy: defaults, rules, upstream: source }) => {
  const upstream = createUpstream(source, clock, tracedSend(send, tracing));
  const surroundings = { accountId, store, upstream, defaults, rules, clock, newId: randomUUID, telemetry };
  return { accountId, upstream, keeper: createKeeper(surroundings) };
});

const services: Services = {
  tokens: createTokens(config.accounts, config.tokenSecrets, clock.now),
  throttle: createThrottle(config.rates),
  continuations: createContinuations(config.tokenSecrets),
  keepers: new Map(accounts.map(({ accountId, keeper }) => [accountId, keeper])),
  publicUrl: config.publicUrl,
  telemetry,
  tracing,
  now: clock.now,
};
const dependencies = {
  version: packageJson.version,
  table: store.ping,
  upstreams: accounts.map(
    ({ upstream }) =>
      () =>
        upstream.ping(clock.now() + PROBE_MS),
  ),
};

const ALL_METHODS: HttpMethod[] = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS'];
const SESSIONS = 'accounts/{accountId}/sessions';
const SESSIONS_V1 = 'v1/accounts/{accountId}/sessions';

const routes: Record<string, { methods: HttpMethod[]; route: string; handler: HttpHandler }> = {
  health: { methods: ['GET', 'HEAD'], route: 'health', handler: health(services, dependencies) },
  token: { methods: ['GET'], route: 'accounts/{accountId}/token', handler: getToken(services) },
  createSessionV1: { methods: ['POST'], route: `${SESSIONS_V1}/create`, handler: createSessionV1(services) },
  listSessionsV1: { methods: ['GET'], route: SESSIONS_V1, handler: listSessionsV1(services) },
  getSessionV1: {
    methods: ['GET'],
    route: `${SESSIONS_V1}/{sessionId}/properties`,
    handler: getSessionV1(services),
  },
  updateSessionV1: {
    methods: ['PATCH'],
    route: `${SESSIONS_V1}/{sessionId}`,
    handler: updateSessionV1(services),
  },
  stopSessionV1: {
    methods: ['DELETE'],
    route: `${SESSIONS_V1}/{sessionId}`,
    handler: stopSessionV1(services),
  },
  heartbeatV1: {
    methods: ['POST'],
    route: `${SESSIONS_V1}/{sessionId}/heartbeat`,
    handler: heartbeatV1(services),
  },
  createSession: { methods: ['PUT'], route: `${SESSIONS}/{sessionId}`, handler: createSession(services) },
  listSessions: { methods: ['GET'], route: SESSIONS, handler: listSessions(services) },
  getSession: { methods: ['GET'], route: `${SESSIONS}/{sessionId}`, handler: getSession(services) },
  updateSession: { methods: ['PATCH'], route: `${SESSIONS}/{sessionId}`, handler: updateSession(services) },
  stopSession: { methods: ['POST'], route: `${SESSIONS}/{sessionId}/:stop`, handler: stopSession(services) },
  heartbeat: {
    methods: ['POST'],
    route: `${SESSIONS}/{sessionId}/heartbeat`,
    handler: heartbeat2021(services),
  },
  openApi: { methods: ['GET'], route: 'openapi.json', handler: openApi(services, packageJson.version) },
  docs: { methods: ['GET'], route: 'docs', handler: docs(services, packageJson.version) },
  unknownRoute: { methods: ALL_METHODS, route: '{*path}', handler: unknownRoute(services) },
};

for (const [name, { methods, route, handler }] of Object.entries(routes)) {
  app.http(name, { methods, route, handler, authLevel: 'anonymous', extraOutputs: [sweepQueue] });
}
app.timer('sweep', {
  schedule: config.sweepSchedule,
  handler: sweep(accounts.map(({ accountId }) => accountId)),
  extraOutputs: [sweepQueue],
});
app.storageQueue('sweepAccount', {
  queueName: sweepQueue.queueName,
  connection: sweepQueue.connection,
  handler: sweepAccount(services),
});
