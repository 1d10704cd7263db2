import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { AzureNamedKeyCredential, TableClient } from '@azure/data-tables';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { type AzureMonitor, ROOM_MS } from '../../functions/telemetry/azure-monitor.ts';
import type { Exporter } from '../../functions/telemetry/exporter.ts';
import { startCollectedMonitor } from '../collected-monitor.ts';
import { type Collector, startCollector } from '../collector.ts';

/**
 * What is kept of the traces where the library limits them, as it does unless it is told otherwise. In a process of its
 * own: the library stays in one once it is loaded.
 */

/** Where the library cannot keep every trace, it goes by a hash of the id, by which this is one of the first to go. */
const FIRST_TO_GO = 'f'.repeat(32);
/** After a second without anything, the limit is as fresh as at its start. */
const QUIET_NS = 1_000_000_000n;

let collector: Collector;
let monitor: AzureMonitor;
let library: Promise<Exporter>;
const server = createServer((_request, response) => {
  response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
});

/** An invocation that reads so many rows of the table, as a part of that trace. */
const invoke = (name: string, reads: number, read: () => Promise<unknown>, trace?: string): Promise<void> => {
  const traceParent = trace && `00-${trace}-b7ad6b7169203331-01`;
  return monitor.tracing.step({ kind: 'invocation', name, facts: {}, traceParent }, async () => {
    for (let index = 0; index < reads; index += 1)
      await monitor.tracing.step({ kind: 'table', name: `table of ${name}`, facts: {} }, read);
  });
};
const kept = (name: string): number => collector.steps().filter((step) => step.name.endsWith(name)).length;

beforeAll(async () => {
  collector = await startCollector();
  const { OTEL_TRACES_SAMPLER: _all, ...limited } = collector.environment;
  await once(server.listen(0, '127.0.0.1'), 'listening');
  ({ monitor, library } = startCollectedMonitor(collector, limited));
});
afterAll(() => {
  vi.restoreAllMocks();
  collector.stop();
  server.close();
  server.closeAllConnections();
});

it('takes what is told before the library comes, and requests to the table after it', async () => {
  for (const name of ['first', 'second', 'third', 'fourth', 'fifth', 'sixth', 'seventh', 'eighth'])
    await invoke(name, 6, async () => undefined, name === 'first' ? FIRST_TO_GO : undefined);
  await library;
  // Its timer is the earlier one: all has been handed over.
  await delay(ROOM_MS);
  // The limit's clock stands still from here on, so that it is all the same how fast this machine is.
  const quiet = process.hrtime.bigint() + QUIET_NS;
  vi.spyOn(process.hrtime, 'bigint').mockImplementation(() => quiet);

  const client = new TableClient(
    `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    'leasekeeper',
    new AzureNamedKeyCredential('account', Buffer.from('a key').toString('base64')),
    { allowInsecureConnection: true },
  );
  await invoke('reading', 2, () => client.getEntity('partition', 'row'));
  await invoke('last', 1, async () => undefined, FIRST_TO_GO);
  await monitor.shutdown();
  expect(kept('reading')).toBe(3);
});

it('keeps the first invocation of a new instance with all its steps', () => {
  expect(kept('first')).toBe(7);
});

it('counts no steps but our own against the limit', () => {
  // Five at once are within it: three of the reading one, and these two.
  expect(kept('last')).toBe(2);
});
