import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DIST } from '../../infra/build.ts';
import { freePorts } from '../../infra/local/ports.ts';
import { REPOSITORY } from '../../infra/local/stack.ts';
import { DEMO_ACCOUNT } from '../../shared/config.ts';
import { COMPILE_CACHE } from '../compile-cache.ts';
import { connect, eventually, processesOf } from '../stack.ts';

/** `npm start` as a person types it, and every way in which it may end. */

/** For what does not depend on the build: the app as it was built before the tests. */
const BUILT = { LEASE_KEEPER_APP: DIST } as const;

let dataFolder: string;
let environment: Record<string, string>;
let endpoint: string;
let started: ChildProcess | undefined;
let output: string;

beforeEach(async () => {
  dataFolder = mkdtempSync(join(tmpdir(), 'lease-keeper-start-'));
  const [functions = 0, sessionHost = 0, blob = 0, queue = 0, table = 0] = await freePorts(5);
  endpoint = `http://127.0.0.1:${functions}`;
  environment = {
    PATH: process.env.PATH ?? '',
    HOME: process.env.HOME ?? '',
    ...COMPILE_CACHE,
    LEASE_KEEPER_DATA: dataFolder,
    PORT: String(functions),
    SESSION_HOST_PORT: String(sessionHost),
    AZURITE_BLOB_PORT: String(blob),
    AZURITE_QUEUE_PORT: String(queue),
    AZURITE_TABLE_PORT: String(table),
  };
});

afterEach(async () => {
  // A failed test may leave its stack: it is ended by the ids of its own processes.
  for (const { pid } of processesOf(dataFolder)) if (pid !== process.pid) process.kill(pid, 'SIGKILL');
  await eventually('the end of all', () => (processesOf(dataFolder).length === 0 ? true : undefined));
  rmSync(dataFolder, { recursive: true, force: true });
});

/** In a process group of its own, as a terminal has it. */
const npmStart = (): ChildProcess => {
  output = '';
  const child = spawn('npm', ['start'], { cwd: REPOSITORY, env: environment, detached: true });
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  started = child;
  return child;
};

const ready = (): Promise<true> =>
  eventually('the introduction', () => (output.includes('Ctrl-C ends everything') ? true : undefined));

const nothingLeft = async (): Promise<void> => {
  await eventually('the end of every process', () =>
    processesOf(dataFolder).length === 0 ? true : undefined,
  );
  expect(readdirSync(dataFolder).filter((name) => name.endsWith('.pid'))).toEqual([]);
};

const exited = async (child: ChildProcess): Promise<number | null> => {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  return child.exitCode;
};

describe('npm start', () => {
  it('tells where everything is, and its three commands work as they are printed', async () => {
    npmStart();
    await ready();
    expect(output).toContain(`${endpoint}/health`);
    expect(output).toContain(DEMO_ACCOUNT.accountId);
    expect(output).toContain(DEMO_ACCOUNT.key);
    expect(output).toMatch(/createSessionV1: \[POST\] .*\/v1\/accounts\/\{accountId\}\/sessions\/create/);
    expect(output).toContain('sweep: timerTrigger');
    expect(output).toContain('sweepAccount: queueTrigger');
    const commands = output.split('\n').filter((line) => /^ {2}(TOKEN=|curl )/.test(line));
    expect(commands).toHaveLength(3);
    const { stdout } = await promisify(execFile)('bash', ['-ec', commands.join('\n')]);
    expect(stdout).toContain('202 Accepted');
    expect(stdout).toContain('"sessionStatus":"Starting"');
    await eventually('the decision', () => (output.includes('because requested') ? true : undefined));
    for (const part of ['functions', 'session-host', 'azurite']) {
      const pid = Number(readFileSync(join(dataFolder, `${part}.pid`), 'utf8'));
      expect(processesOf(dataFolder).map((one) => one.pid)).toContain(pid);
    }
    expect(processesOf(dataFolder).filter(({ sessionId }) => sessionId !== undefined)).toHaveLength(1);
    // Ctrl-C reaches the whole group of the terminal, and an impatient person types it twice.
    const group = -(started?.pid ?? 0);
    process.kill(group, 'SIGINT');
    process.kill(group, 'SIGINT');
    if (started !== undefined) await exited(started);
    await nothingLeft();
    expect(output).toContain('Stopping');
  });

  it('runs another app where one is named, and builds nothing then', async () => {
    // No bundler: a build would fail.
    environment = { ...environment, ...BUILT, ESBUILD_BINARY_PATH: process.execPath };
    const npm = npmStart();
    await ready();
    npm.kill('SIGTERM');
    await nothingLeft();
  });

  it.each(['SIGTERM', 'SIGHUP', 'SIGKILL'] as const)('ends with npm, when that gets %s', async (signal) => {
    const npm = npmStart();
    await ready();
    const client = await connect(endpoint);
    await client.create('{"maxLeaseTime":"1:0:0"}');
    npm.kill(signal);
    await nothingLeft();
  });

  it('goes on with the data of an earlier run', async () => {
    Object.assign(environment, BUILT);
    const first = npmStart();
    await ready();
    const sessionId = await (await connect(endpoint)).create('{"maxLeaseTime":"1:0:0"}');
    first.kill('SIGTERM');
    await exited(first);
    await nothingLeft();
    environment = { ...environment, KEEPER_SWEEP_SCHEDULE: '*/2 * * * * *' };
    npmStart();
    await ready();
    const client = await connect(endpoint);
    const { message } = await client.untilStatus(sessionId, 'Stopped');
    expect(message).toContain('session host was shut down');
    process.kill(-(started?.pid ?? 0), 'SIGINT');
    await nothingLeft();
  });

  it.each(['PORT', 'SESSION_HOST_PORT', 'AZURITE_TABLE_PORT'])(
    'names a port that is taken: %s',
    async (setting) => {
      Object.assign(environment, BUILT);
      const holder = createServer().listen(Number(environment[setting]), '127.0.0.1');
      await once(holder, 'listening');
      const npm = npmStart();
      expect(await exited(npm)).not.toBe(0);
      holder.close();
      expect(output).toContain(`port ${environment[setting]} (${setting}) is taken`);
      await nothingLeft();
    },
  );

  it('does not start with faulty settings, and names them all at once', async () => {
    const secret = 'c2hvcnQ=';
    Object.assign(environment, {
      ...BUILT,
      KEEPER_ACCOUNTS: '[{"accountId":"x","keys":["canary-canary-canary"]}]',
      KEEPER_TOKEN_SECRETS: secret,
      KEEPER_SWEEP_SCHEDULE: 'x y z 99 banana -',
      AzureWebJobsStorage: 'canary of a connection',
      APPLICATIONINSIGHTS_CONNECTION_STRING: 'canary of a connection',
      KEEPER_IDLE_TIMEOUT: 'soon',
      KEEPER_EXTENSION: '00:00:01',
      KEEPER_KEEP_ALIVE: 'perhaps',
    });
    const npm = npmStart();
    expect(await exited(npm)).not.toBe(0);
    for (const name of [
      'AzureWebJobsStorage',
      'APPLICATIONINSIGHTS_CONNECTION_STRING',
      'KEEPER_ACCOUNTS[0].accountId',
      'KEEPER_ACCOUNTS[0].upstream',
      'KEEPER_TOKEN_SECRETS',
      'KEEPER_SWEEP_SCHEDULE',
      'KEEPER_IDLE_TIMEOUT',
      'KEEPER_EXTENSION',
      'KEEPER_KEEP_ALIVE',
    ]) {
      expect(output).toContain(`- ${name}`);
    }
    expect(output).not.toContain('canary');
    expect(output).not.toContain(secret);
    await nothingLeft();
  });
});
