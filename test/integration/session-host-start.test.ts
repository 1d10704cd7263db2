import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  cleanUpAfterEach,
  clientOf,
  entryOf,
  forkHost,
  type Host,
  newDataFolder,
  processesOf,
  startHost,
  untilGone,
  untilStatus,
} from './session-host-process.ts';

cleanUpAfterEach();

const STANDARD = { maxLeaseTimeMinutes: 4, size: 'Standard' };

describe('the session host', () => {
  it('says when and where it is ready, and who it is', async () => {
    const data = newDataFolder();
    const host = await startHost(data);
    expect(host.output()).toBe(`session host ready on ${host.url}\n`);
    expect(readFileSync(join(data, 'session-host.pid'), 'utf8').trim()).toBe(String(host.pid));
  });

  it('does not start with faulty settings, and names them all', async () => {
    const { exited, output } = forkHost(newDataFolder(), {
      SESSION_HOST_STARTUP: '2',
      SESSION_HOST_PORT: 'x',
    });
    expect(await exited).toBe(78);
    expect(output()).toMatch(/SESSION_HOST_PORT must be .*\n- SESSION_HOST_STARTUP must be /);
  });

  it('does not start on a port that is taken', async () => {
    const data = newDataFolder();
    const port = new URL((await startHost(newDataFolder())).url).port;
    const { exited, output } = forkHost(data, { SESSION_HOST_PORT: port });
    expect(await exited).toBe(1);
    expect(output()).toBe(`The session host cannot start: port ${port} (SESSION_HOST_PORT) is taken\n`);
    expect(existsSync(join(data, 'session-host.pid'))).toBe(false);
  });

  it('does not start beside another one in the same data folder', async () => {
    const data = newDataFolder();
    const host = await startHost(data);
    const { exited, output } = forkHost(data);
    expect(await exited).toBe(1);
    expect(output()).toContain(`another session host, process ${host.pid}, works in this data folder`);
    expect((await host.send('GET', '/health')).status).toBe(200);
  });

  const ways: [string, (host: Host) => void][] = [
    ['SIGINT', ({ child }) => child.kill('SIGINT')],
    ['SIGHUP', ({ child }) => child.kill('SIGHUP')],
    [
      'SIGTERM, and more of them',
      ({ child }) => {
        for (const signal of ['SIGTERM', 'SIGTERM', 'SIGINT', 'SIGHUP'] as const) child.kill(signal);
      },
    ],
    ['a message of its parent', ({ child }) => child.send({ stop: true })],
    ['the loss of its parent', ({ child }) => child.disconnect()],
  ];
  it.each(ways)('ends all sessions, then itself, at %s', async (_, end) => {
    const data = newDataFolder();
    const host = await startHost(data);
    await host.call('PUT', '/ready', STANDARD);
    await untilStatus(host, 'ready', 'Ready');
    await host.call('PUT', '/starting', STANDARD);
    end(host);
    expect(await host.exited).toBe(0);
    expect(processesOf(data)).toEqual([]);
    for (const id of ['ready', 'starting']) {
      expect(entryOf(data, id)).toMatchObject({
        status: 'Stopped',
        error: { code: 'HostShutdown', message: 'The session host was shut down.' },
      });
    }
    expect(existsSync(join(data, 'session-host.pid'))).toBe(false);

    const after = await startHost(data);
    expect((await after.call('GET', '/ready')).body.status).toBe('Stopped');
  });

  it.runIf(process.platform === 'linux')(
    'ends all sessions when its parent is killed and its output has no reader',
    async () => {
      const data = newDataFolder();
      const main = join(import.meta.dirname, '../../infra/local/session-host/main.ts');
      const parent = spawn(
        process.execPath,
        [
          '-e',
          `const host = require('node:child_process').fork(${JSON.stringify(main)}, { stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
         host.on('message', ({ port }) => console.log(port));`,
        ],
        {
          env: { PATH: process.env.PATH, LEASE_KEEPER_DATA: data, SESSION_HOST_PORT: '0' },
          stdio: ['ignore', 'pipe', 'inherit'],
        },
      );
      const [port] = await once(parent.stdout, 'data');
      const orphan = clientOf(Number(port));
      await orphan.call('PUT', '/one', STANDARD);
      expect(processesOf(data, 'one')).toHaveLength(1);
      parent.kill('SIGKILL');
      await untilGone(data);
      expect(entryOf(data, 'one').status).toBe('Stopped');
    },
  );
});
