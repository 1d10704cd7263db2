import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DEMO_ACCOUNT } from '../../shared/config.ts';
import { type Host, startHost } from '../integration/session-host-process.ts';
import { type Account, libraryClient, type ReferenceClient, scriptClient } from '../reference-client.ts';
import { startTestStack, type TestStack } from '../stack.ts';

/** Clients that know the reference page alone are served by both sides, without a change but the endpoint. */

/** Slow enough to be seen Starting, and Stopping: a server that does not listen is killed after two seconds. */
const SETTINGS = {
  SESSION_HOST_STARTUP: '00:00:04',
  SESSION_HOST_COMMAND: `sh -c "trap '' TERM; sleep 600"`,
};
const POLL_MS = 250;

const account: Account = { accountId: DEMO_ACCOUNT.accountId, accountKey: DEMO_ACCOUNT.key };
const folder = mkdtempSync(join(tmpdir(), 'session-host-'));
let test: TestStack | undefined;
let host: Host | undefined;

beforeAll(async () => {
  [test, host] = await Promise.all([startTestStack(SETTINGS), startHost(folder, SETTINGS)]);
});
afterAll(async () => {
  host?.child.kill('SIGTERM');
  await Promise.all([test?.stop(), host?.exited]);
  rmSync(folder, { recursive: true, force: true });
});

const origins = { keeper: () => test?.stack.keeperUrl, 'session host': () => host?.url };

const connect = (side: keyof typeof origins, client: typeof libraryClient): Promise<ReferenceClient> => {
  const origin = origins[side]() ?? '';
  return client({ sts: origin, service: origin }, account, POLL_MS);
};

describe.concurrent.each(['keeper', 'session host'] as const)('a client of the %s', (side) => {
  it('works as the libraries do', async () => {
    const client = await connect(side, libraryClient);
    const id = await client.create();
    const started = await client.untilStarted(id);
    expect(started.seen).toEqual(['Starting', 'Ready']);
    expect(started.session).toMatchObject({ id, size: 'Standard', maxLease: 4, message: undefined });
    expect(started.session.hostname).toBeDefined();
    expect(started.session.handshakePort).toBeGreaterThanOrEqual(49_152);
    await client.extend(id, 6);
    expect((await client.get(id)).maxLease).toBe(6);
    expect((await client.list()).map((session) => session.id)).toContain(id);
    await client.stop(id);
    const ended = await client.untilEnded(id);
    expect(ended.seen).toEqual(['Ready', 'Stopped']);
    expect(ended.session).toMatchObject({ id, maxLease: 6, message: undefined });
    expect((await client.list()).map((session) => session.id)).not.toContain(id);
    await client.stop(id);
    expect(await client.get(id)).toEqual(ended.session);
  });

  it('works as the sample script does', async () => {
    const client = await connect(side, scriptClient);
    const id = await client.create();
    const started = await client.untilStarted(id);
    expect(started.seen).toEqual(['Starting', 'Ready']);
    expect(started.session).toMatchObject({ id, size: 'Standard', maxLease: '00:04:00', message: undefined });
    expect(started.session.hostname).toBeDefined();
    await client.extend(id, 125);
    expect((await client.get(id)).maxLease).toBe('02:05:00');
    expect((await client.list()).map((session) => session.id)).toContain(id);
    await client.stop(id);
    const ended = await client.untilEnded(id);
    expect(ended.seen).toEqual(['Stopping', 'Stopped']);
    expect(ended.session).toMatchObject({ id, maxLease: '02:05:00', message: undefined });
    expect((await client.list()).map((session) => session.id)).not.toContain(id);
    await client.stop(id);
    expect(await client.get(id)).toEqual(ended.session);
  });
});
