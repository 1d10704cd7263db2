import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  cleanUpAfterEach,
  entryOf,
  newDataFolder,
  processesOf,
  startHost,
  until,
  untilStatus,
} from './session-host-process.ts';

cleanUpAfterEach();

const STANDARD = { maxLeaseTimeMinutes: 4, size: 'standard' };

describe('a session', () => {
  it('is an Error when its process dies', async () => {
    const data = newDataFolder();
    const host = await startHost(data);
    await host.call('PUT', '/killed', STANDARD);
    await untilStatus(host, 'killed', 'Ready');
    process.kill(entryOf(data, 'killed').process?.pid ?? 0, 'SIGKILL');
    const failed = await untilStatus(host, 'killed', 'Error');
    expect(failed.body.error).toEqual({
      code: 'ProcessEnded',
      message: 'The process of this session ended by itself, by signal SIGKILL.',
    });
  });

  it('is an Error when its command ends at once or does not exist; both are told apart', async () => {
    const data = newDataFolder();
    const failing = await startHost(data, {
      SESSION_HOST_COMMAND: `node -e "console.log('{size} {port}'); process.exit(3)"`,
    });
    await failing.call('PUT', '/fails', STANDARD);
    const failed = await untilStatus(failing, 'fails', 'Error');
    expect(failed.body.error?.message).toContain('with exit code 3');
    const port = entryOf(data, 'fails').ports?.handshake;
    expect(readFileSync(join(data, 'sessions', 'fails.log'), 'utf8')).toBe(`Standard ${port}\n`);

    const missing = await startHost(newDataFolder(), { SESSION_HOST_COMMAND: './no-such-program' });
    const reply = await missing.call('PUT', '/missing', STANDARD);
    expect([reply.status, reply.body.status]).toEqual([201, 'Error']);
    expect(reply.body.error).toEqual({
      code: 'ProcessNotStarted',
      message: 'The process of this session could not be started: ENOENT.',
    });
  });

  it('is ended with everything that it has started, even if that does not want to', async () => {
    const data = newDataFolder();
    const script = join(data, 'stubborn.mjs');
    writeFileSync(
      script,
      `import { spawn } from 'node:child_process';
       const isChild = process.argv[2] === 'child';
       process.on('SIGTERM', () => isChild || process.exit(0));
       if (!isChild) spawn(process.execPath, [process.argv[1], 'child'], { stdio: 'inherit' });
       setInterval(() => undefined, 1000);
       console.log('started');`,
    );
    const host = await startHost(data, { SESSION_HOST_COMMAND: `node '${script}'` });
    await host.call('PUT', '/stubborn', STANDARD);
    const log = join(data, 'sessions', 'stubborn.log');
    await until(() => readFileSync(log, 'utf8').match(/started\nstarted/)?.[0], 'both processes');
    await untilStatus(host, 'stubborn', 'Ready');
    await host.call('POST', '/stubborn/:stop');
    // Not over while a part of it runs, and not to be extended any more.
    const meanwhile = await host.call('GET', '/stubborn');
    expect(meanwhile.body.status).toBe('Ready');
    expect((await host.call('PATCH', '/stubborn', { maxLeaseTimeMinutes: 20 })).status).toBe(422);
    await untilStatus(host, 'stubborn', 'Stopped');
    expect(processesOf(data, 'stubborn')).toEqual([]);
  });
});
