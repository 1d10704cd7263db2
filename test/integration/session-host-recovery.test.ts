import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type BooksContent, formatBooks } from '../../infra/local/session-host/books.ts';
import {
  cleanUpAfterEach,
  entryOf,
  forkHost,
  type Host,
  newDataFolder,
  processesOf,
  readBooks,
  sessionsPath,
  startHost,
  untilGone,
  untilStatus,
} from './session-host-process.ts';

cleanUpAfterEach();

const STANDARD = { maxLeaseTimeMinutes: 4, size: 'Standard' };
const isLinux = process.platform === 'linux';

const crash = async (host: Host): Promise<void> => {
  host.child.kill('SIGKILL');
  expect(await host.exited).toBe('SIGKILL');
};

/** Puts the books of a dead host into the state that a crash at another instant would have left. */
const rewriteBooks = (data: string, change: (content: BooksContent) => BooksContent): void =>
  writeFileSync(join(data, 'session-host', 'books.json'), formatBooks(change(readBooks(data))));

const withoutProcess = (content: BooksContent): BooksContent => ({
  ...content,
  sessions: content.sessions.map((entry) => ({ ...entry, process: null, spawned: 0 })),
});

describe('after a crash of the session host', () => {
  it('its sessions go on as they were, and can be stopped', async () => {
    const data = newDataFolder();
    const before = await startHost(data);
    await before.call('PUT', '/one', STANDARD);
    const { body: ready } = await untilStatus(before, 'one', 'Ready');
    await before.call('PATCH', '/one', { maxLeaseTimeMinutes: 9 });
    const { process: booked, readyAt } = entryOf(data, 'one');
    await crash(before);

    const after = await startHost(data);
    expect(after.output()).toContain(
      `session one Ready pid ${booked?.pid} port ${ready.handshakePort} taken back`,
    );
    expect((await after.call('GET', '/one')).body).toEqual({ ...ready, maxLeaseTimeMinutes: 9 });
    const repeated = await after.call('PUT', '/one', STANDARD);
    expect([repeated.status, repeated.body.status]).toEqual([200, 'Ready']);
    if (isLinux) expect(processesOf(data, 'one')).toEqual([booked?.pid]);
    expect(entryOf(data, 'one')).toMatchObject({ spawned: 1, readyAt, process: booked });

    await after.call('POST', '/one/:stop');
    await untilStatus(after, 'one', 'Stopped');
    expect(processesOf(data, 'one')).toEqual([]);
  });

  it('tokens of the earlier run are refused, new ones are given', async () => {
    const data = newDataFolder();
    const before = await startHost(data);
    expect((await before.call('GET', '')).status).toBe(200);
    const headers = { Authorization: `Bearer ${await before.token()}` };
    await crash(before);
    const after = await startHost(data);
    const refused = await after.send('GET', sessionsPath(''), { headers });
    expect(refused.status).toBe(401);
    expect((await after.call('GET', '')).status).toBe(200);
  });

  it.runIf(isLinux)(
    'a process that was started but not booked is found, and a repeated create adds none',
    async () => {
      const data = newDataFolder();
      const before = await startHost(data, { SESSION_HOST_STARTUP: '00:01:00' });
      await before.call('PUT', '/one', STANDARD);
      const { process: booked } = entryOf(data, 'one');
      await crash(before);
      rewriteBooks(data, withoutProcess);

      const after = await startHost(data);
      const repeated = await after.call('PUT', '/one', STANDARD);
      expect([repeated.status, ['Starting', 'Ready'].includes(repeated.body.status ?? '')]).toEqual([
        200,
        true,
      ]);
      await untilStatus(after, 'one', 'Ready');
      expect(processesOf(data, 'one')).toEqual([booked?.pid]);
      expect(entryOf(data, 'one')).toMatchObject({ spawned: 1, process: booked });
    },
  );

  it('a session whose process was never started, or died meanwhile, is an Error', async () => {
    const data = newDataFolder();
    const before = await startHost(data);
    for (const id of ['never', 'died']) await before.call('PUT', `/${id}`, STANDARD);
    await untilStatus(before, 'died', 'Ready');
    await crash(before);
    for (const id of ['never', 'died']) process.kill(entryOf(data, id).process?.pid ?? 0, 'SIGKILL');
    await untilGone(data);
    rewriteBooks(data, (content) => ({
      ...content,
      sessions: content.sessions.map((entry) =>
        entry.id === 'never' ? { ...entry, process: null, spawned: 0 } : entry,
      ),
    }));

    const after = await startHost(data);
    for (const id of ['never', 'died']) {
      const repeated = await after.call('PUT', `/${id}`, STANDARD);
      expect([repeated.status, repeated.body.status, repeated.body.error?.code]).toEqual([
        200,
        'Error',
        'ProcessLost',
      ]);
      expect(processesOf(data, id)).toEqual([]);
    }
  });

  it('a lease that ended meanwhile is enforced, and a stop that was accepted is carried out', async () => {
    const data = newDataFolder();
    const before = await startHost(data);
    for (const id of ['expired', 'stopped']) await before.call('PUT', `/${id}`, STANDARD);
    for (const id of ['expired', 'stopped']) await untilStatus(before, id, 'Ready');
    await crash(before);
    rewriteBooks(data, (content) => ({
      ...content,
      sessions: content.sessions.map((entry) => {
        if (entry.status !== 'Ready') return entry;
        return entry.id === 'expired'
          ? { ...entry, readyAt: entry.readyAt - 5 * 60_000 }
          : { ...entry, ending: { status: 'Stopped', error: null, since: entry.readyAt } };
      }),
    }));

    const after = await startHost(data);
    expect((await untilStatus(after, 'expired', 'Expired')).body.elapsedTimeMinutes).toBe(5);
    await untilStatus(after, 'stopped', 'Stopped');
    for (const id of ['expired', 'stopped']) expect(processesOf(data, id)).toEqual([]);
  });

  it('a process that dies after it was taken back is noticed', async () => {
    const data = newDataFolder();
    const before = await startHost(data);
    await before.call('PUT', '/one', STANDARD);
    await crash(before);
    const after = await startHost(data);
    process.kill(entryOf(data, 'one').process?.pid ?? 0, 'SIGKILL');
    const failed = await untilStatus(after, 'one', 'Error');
    expect(failed.body.error?.code).toBe('ProcessEnded');
  });

  it('another process that was given the id of a session process is left alone', async () => {
    const data = newDataFolder();
    const before = await startHost(data);
    await before.call('PUT', '/one', STANDARD);
    const pid = entryOf(data, 'one').process?.pid ?? 0;
    await crash(before);
    process.kill(pid, 'SIGKILL');
    const bystander = spawn('sleep', ['60'], { detached: true, stdio: 'ignore' });
    onTestFinished(() => void bystander.kill());
    rewriteBooks(data, (content) => ({
      ...content,
      sessions: content.sessions.map((entry) => ({
        ...entry,
        process: { pid: bystander.pid ?? 0, start: entry.process?.start ?? '' },
      })),
    }));
    const after = await startHost(data);
    await untilStatus(after, 'one', 'Error');
    expect([bystander.exitCode, bystander.signalCode]).toEqual([null, null]);
  });

  it.runIf(isLinux)('a process that no book knows is ended', async () => {
    const data = newDataFolder();
    const before = await startHost(data);
    await before.call('PUT', '/one', STANDARD);
    await crash(before);
    rewriteBooks(data, (content) => ({ ...content, sessions: [] }));
    const after = await startHost(data);
    await untilGone(data, 'one');
    expect(after.output()).toContain('session one is not in the books');
  });

  it('books that cannot be read stop it from starting, and stay as they are', async () => {
    const data = newDataFolder();
    const before = await startHost(data);
    await crash(before);
    const path = join(data, 'session-host', 'books.json');
    writeFileSync(path, '{"format":1,"sess');
    const { exited, output } = forkHost(data);
    expect(await exited).toBe(1);
    expect(output()).toMatch(
      /cannot start: the books of the session host cannot be read.*books\.json: not JSON/s,
    );
    expect(readFileSync(path, 'utf8')).toBe('{"format":1,"sess');
  });
});
