import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { isDeepStrictEqual } from 'node:util';
import { AzureNamedKeyCredential, TableClient } from '@azure/data-tables';
import { HttpRequest, InvocationContext } from '@azure/functions';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { empty, endpoint } from '../../functions/http/endpoint.ts';
import type { AzureMonitor } from '../../functions/telemetry/azure-monitor.ts';
import type { Exporter } from '../../functions/telemetry/exporter.ts';
import { tracedSend } from '../../functions/telemetry/traced.ts';
import type { Keeper } from '../../shared/keeper.ts';
import { createRedaction } from '../../shared/redaction.ts';
import { createTelemetry, faultOf, type Telemetry } from '../../shared/telemetry.ts';
import { METRICS, type MetricName } from '../../shared/telemetry-names.ts';
import { found, minutes, seconds } from '../builders.ts';
import { startCollectedMonitor } from '../collected-monitor.ts';
import { type Collector, startCollector } from '../collector.ts';
import { type Stage, setStage, settled } from '../integration/keeper-stage.ts';
import { useTableDouble } from '../integration/store-fixture.ts';

/**
 * What no tour can wait for, told to Application Insights: keepers on a clock that the test moves, and the same sink as the
 * app has. In a process of its own: the library stays in one once it is loaded.
 */

const CANARY = 'CANARY-of-an-account-key';
const fixture = useTableDouble();
let collector: Collector;
let monitor: AzureMonitor;
let telemetry: Telemetry;
let library: Promise<Exporter>;
const stages: Stage[] = [];
const newStage = (): Stage => {
  const stage = setStage(fixture, telemetry);
  stages.push(stage);
  return stage;
};

beforeAll(async () => {
  collector = await startCollector();
  ({ monitor, library } = startCollectedMonitor(collector, collector.environment));
  telemetry = createTelemetry([monitor.sink], () => Date.now(), createRedaction([CANARY]));
});
afterAll(() => collector.stop());

/** One of Azure's own clients asks for a row: the first answer is that it should ask again, and has to wait. */
const askTwice = async (rowKey: string, firstAnswer: Promise<unknown>): Promise<void> => {
  let asked = 0;
  const server = createServer(async (_request, response) => {
    asked += 1;
    if (asked === 1) await firstAnswer;
    response.writeHead(asked === 1 ? 503 : 200, { 'content-type': 'application/json' }).end('{}');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = new TableClient(
    `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    'leasekeeper',
    new AzureNamedKeyCredential('account', Buffer.from(CANARY).toString('base64')),
    { allowInsecureConnection: true, retryOptions: { maxRetries: 1, retryDelayInMs: 1 } },
  );
  try {
    await client.getEntity('partition', rowKey);
    expect(asked).toBe(2);
  } finally {
    server.close();
    server.closeAllConnections();
  }
};

it('a request that is under way while the library comes is told of as one step, without its address', async () => {
  const { step } = monitor.tracing;
  const asking = step({ kind: 'invocation', name: 'slow', facts: {} }, () =>
    step({ kind: 'table', name: 'table get', facts: {} }, () => askTwice(`row-${CANARY}`, library)),
  );
  await step({ kind: 'invocation', name: 'first', facts: {} }, async () => {
    telemetry.report(faultOf('first', new Error('before the library')));
  });
  await asking;
});

const several = async (stage: Stage, keeper: Keeper, count: number, more: object): Promise<string[]> => {
  const ids: string[] = [];
  for (let index = 0; index < count; index += 1) ids.push(await stage.ready(keeper, more));
  return ids;
};
const sumOf = (stage: Stage, name: MetricName, dimensions: Record<string, string> = {}): number =>
  stage.measured
    .filter((one) => one.name === name && isDeepStrictEqual(one.dimensions, dimensions))
    .reduce((sum, { value }) => sum + value, 0);
const measured = (
  stage: Stage,
  name: MetricName,
  value: number,
  dimensions: Record<string, string> = {},
): void => expect({ name, value: sumOf(stage, name, dimensions) }).toEqual({ name, value });
const changes = (stage: Stage): string[] =>
  stage.reports.flatMap((one) => (one.kind === 'change' ? [`${one.change} ${one.because}`] : []));
const times = (stage: Stage, change: string): number => changes(stage).filter((one) => one === change).length;

describe('it is told', () => {
  it('that the brake holds sessions, and which were stopped', async () => {
    const stage = newStage();
    const keeper = stage.keeper();
    await several(stage, keeper, 8, { idleTimeoutMinutes: 20 });
    stage.now += minutes(21);
    await settled(stage);
    await keeper.sweep();
    await stage.sweep([keeper], 2);
    measured(stage, 'leasekeeper.brake.held', 3);
    measured(stage, 'leasekeeper.reaped', 5, { reason: 'idle' });
    expect([times(stage, 'held idle'), times(stage, 'ended idle')]).toEqual([3, 5]);
    // Of an hour each, a little more than the idle timeout was used.
    const saved = sumOf(stage, 'leasekeeper.server_minutes.saved');
    expect(saved).toBeGreaterThan(5 * 30);
    expect(saved).toBeLessThan(5 * 40);
    expect(sumOf(stage, 'leasekeeper.server_minutes.billed')).toBeCloseTo(5 * 60 - saved, 6);
  });

  it('that a lease has lapsed, and not where it was at its end', async () => {
    const stage = newStage();
    const keeper = stage.keeper();
    const expire = async (more: object, leaseMinutes = 60): Promise<void> => {
      const id = await stage.ready(keeper, { ...more, leaseMinutes });
      stage.answers.observe = (sessionId) =>
        sessionId === id
          ? found({ status: 'Expired', leaseMinutes, sentAt: stage.now, receivedAt: stage.now })
          : undefined;
      stage.servers.delete(id);
      stage.now += minutes(leaseMinutes + 5);
      await stage.sweep([keeper], 2);
      expect(await stage.ended(id)).toMatchObject({ because: 'expired' });
    };
    await expire({});
    await expire({ keepAlive: true, idleTimeoutMinutes: null }, 1439);
    measured(stage, 'leasekeeper.lapses', 0);
    await expire({ keepAlive: true, idleTimeoutMinutes: null });
    measured(stage, 'leasekeeper.lapses', 1);
    expect(times(stage, 'ended expired')).toBe(3);
  });

  it('of servers that nobody knows, and of those that should be gone, each once', async () => {
    const stage = newStage();
    const keeper = stage.keeper({ rules: { isExclusive: true, orphanGraceMs: minutes(5) } });
    const id = await stage.ready(keeper);
    const server = stage.servers.get(id);
    await keeper.stop(id);
    stage.now += seconds(10);
    await keeper.sweep();
    await stage.ended(id);
    if (server !== undefined) stage.servers.set(id, server);
    stage.servers.set(randomUUID(), { status: 'Ready', leaseMinutes: 60, readyAt: stage.now });
    // It is asked to stop, and does not.
    stage.answers.stop = () => ({ type: 'inconclusive', because: 'it answered 500', retryAfterMs: null });
    stage.now += minutes(11);
    await stage.sweep([keeper], 8);
    measured(stage, 'leasekeeper.strays', 1);
    measured(stage, 'leasekeeper.orphans', 1);
    expect(times(stage, 'stray over')).toBeGreaterThan(1);
    expect(times(stage, 'adopted unknown')).toBe(1);
  });

  it('of a stop that is not confirmed, of an upstream that throttles, and of what it refuses', async () => {
    const stage = newStage();
    const keeper = stage.keeper();
    const account = stage.accountId;
    const id = await stage.ready(keeper);
    const kept = await stage.ready(keeper, { keepAlive: true, idleTimeoutMinutes: null });
    stage.answers.stop = () => ({ type: 'accepted' });
    stage.answers.extend = () => ({ type: 'refused', status: 422, message: `not with ${CANARY}` });
    await keeper.stop(id);
    await stage.sweep([keeper], 9);
    measured(stage, 'leasekeeper.stops.unconfirmed', 0, { account });
    await stage.sweep([keeper], 3);
    const gauges = stage.measured.filter(({ name }) => name === 'leasekeeper.stops.unconfirmed');
    expect(Math.max(...gauges.map(({ value }) => value))).toBe(1);
    stage.answers.observe = () => ({ type: 'inconclusive', because: 'it answered 429', retryAfterMs: 1_000 });
    stage.now += minutes(40);
    await stage.sweep([keeper], 2);
    expect(sumOf(stage, 'leasekeeper.upstream.throttled')).toBeGreaterThan(0);
    stage.answers.observe = () => undefined;
    await stage.sweep([keeper], 3);
    const refused = sumOf(stage, 'leasekeeper.extensions', { outcome: 'refused' });
    expect(refused).toBeGreaterThan(0);
    expect(times(stage, 'refused keep-alive')).toBe(refused);
    expect(await stage.live(kept)).toMatchObject({ desired: { state: 'running' } });
  });

  it('of rows that cannot be read, of sweeps that are late, and of what is forgotten', async () => {
    const stage = newStage();
    const keeper = stage.keeper();
    const id = await stage.ready(keeper);
    const broken = await stage.ready(keeper);
    await keeper.stop(id);
    await stage.sweep([keeper], 2);
    await stage.ended(id);
    await fixture.table.submit(stage.accountId, [
      { type: 'update', rowKey: `session:${broken}`, columns: { leases: CANARY }, etag: '*' },
    ]);
    stage.now += minutes(20);
    await stage.sweep([keeper], 1);
    const lags = stage.measured.filter(({ name }) => name === 'leasekeeper.sweep.lag');
    // It was due at the latest an interval after it was last seen.
    expect(Math.max(...lags.map(({ value }) => value))).toBeGreaterThan(minutes(9));
    stage.now += minutes(31 * 24 * 60);
    await stage.sweep([keeper], 2);
    expect(times(stage, 'forgotten retention')).toBe(1);
    expect(sumOf(stage, 'leasekeeper.rows.faulty')).toBeGreaterThan(0);
    const unreadable = { account: stage.accountId, status: 'unreadable' };
    expect(sumOf(stage, 'leasekeeper.sessions', unreadable)).toBeGreaterThan(0);
  });

  it('of an HTTP call, under the MS-CV that its client was answered with, as a part of its trace', async () => {
    const [trace, parent] = ['0af7651916cd43dd8448eb211c80319c', 'b7ad6b7169203331'];
    const send = tracedSend(
      async () => ({ status: 503, headers: { 'ms-cv': 'theirs.0' }, body: CANARY }),
      monitor.tracing,
    );
    const url = `http://127.0.0.1:1/accounts/a/sessions?continuation=${CANARY}`;
    const request = { method: 'GET', url, headers: { authorization: `Bearer ${CANARY}` } } as const;
    const handler = endpoint({ telemetry, tracing: monitor.tracing }, async () => {
      await send({ ...request, signal: AbortSignal.abort() });
      return empty(204);
    });
    const context = new InvocationContext({
      functionName: 'anEndpoint',
      traceContext: { traceParent: `00-${trace}-${parent}-01` },
    });
    const answer = await handler(new HttpRequest({ method: 'GET', url }), context);
    const headers = answer?.headers as Record<string, string>;
    await monitor.shutdown();

    const steps = collector.steps().filter((step) => step.trace === trace);
    const call = steps.find(({ name }) => name === 'anEndpoint');
    const vector = headers['MS-CV'];
    expect(steps).toHaveLength(2);
    expect(call).toMatchObject({ parent, facts: { 'MS-CV': vector, status: '204' } });
    expect(steps.find(({ type }) => type === 'Http')).toMatchObject({
      parent: call?.id,
      facts: { 'MS-CV': vector, 'upstream MS-CV': 'theirs.0' },
    });
  });
});

describe('what has arrived', () => {
  it('is what was told', () => {
    const told = stages.flatMap((stage) => stage.measured);
    const keys = new Map(told.map((one) => [JSON.stringify([one.name, one.dimensions]), one]));
    for (const { name, dimensions } of keys.values()) {
      const valuesOf = (list: readonly { name: string; value: number; dimensions: object }[]): number[] =>
        list
          .filter((one) => one.name === name && isDeepStrictEqual(one.dimensions, dimensions))
          .map(({ value }) => value);
      const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
      const arrived = valuesOf(collector.metrics());
      // Of a gauge the latest value of each interval arrives.
      if (METRICS[name].kind === 'gauge') expect(arrived.at(-1)).toBe(valuesOf(told).at(-1));
      else expect({ name, sum: sum(arrived) }).toEqual({ name, sum: expect.closeTo(sum(valuesOf(told)), 6) });
    }
    const all = [...new Set(told.map(({ name }) => name))];
    expect(all.toSorted()).toEqual(Object.keys(METRICS).toSorted());
    const names = new Set(collector.events().map((event) => event.name.slice('leasekeeper.'.length)));
    for (const name of ['created', 'status', 'extended', 'refused', 'held', 'stop', 'ended'])
      expect([...names]).toContain(name);
    for (const name of ['adopted', 'stray', 'forgotten', 'fault']) expect([...names]).toContain(name);
    const faults = collector.events().filter(({ name }) => name === 'leasekeeper.fault');
    expect(new Set(faults.map(({ facts }) => facts.what))).toEqual(
      new Set(['brake', 'first', 'stranger', 'sweep']),
    );
  });

  it('has what was told before the library came, and no step but those that are chosen', () => {
    const steps = collector.steps();
    const named = (name: string) => steps.find((step) => step.name === name);
    expect(steps.map(({ name }) => name).sort()).toEqual(
      ['slow', 'table get', 'first', 'anEndpoint', 'GET /accounts/a/sessions'].sort(),
    );
    expect(named('table get')).toMatchObject({ parent: named('slow')?.id, trace: named('slow')?.trace });
    const fault = collector.events().find(({ facts }) => facts.what === 'first');
    expect(fault?.trace).toBe(named('first')?.trace);
  });

  it('has nothing secret in it, and nothing was sent anywhere else', () => {
    expect(collector.text).not.toContain(CANARY);
    expect(collector.text).toContain('not with …');
    expect(
      [...collector.wanted].filter((host) => !host.startsWith('settings.sdk.monitor.azure.com')),
    ).toEqual([]);
  });

  it('says of a fault what it is, without the secrets that it quotes', () => {
    const { error } = faultOf('x', new Error('a', { cause: new TypeError('b') }));
    expect(error).toBe('Error: a (TypeError: b)');
  });
});
