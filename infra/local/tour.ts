import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import * as z from 'zod';
import { DEMO_ACCOUNT } from '../../shared/config.ts';
import { buildApp } from '../build.ts';
import { readableLine } from './decision-line.ts';
import { freePorts } from './ports.ts';
import { stopRequested } from './process-life.ts';
import { readStackSettings, type Stack, type StackSettings, startStack } from './stack.ts';

/** `npm run tour`: a fast stack of its own, and the whole story of the keeper in about 90 seconds. */

const say = (text: string): void => console.log(`\n— ${text}`);

const propertiesSchema = z.object({
  sessionStatus: z.string(),
  sessionMaxLeaseTime: z.string(),
  message: z.string().nullable(),
  keeper: z.object({ next: z.object({ action: z.string(), at: z.string(), because: z.string() }) }),
});
type Properties = z.output<typeof propertiesSchema>;

const startFastStack = async (settings: StackSettings, dataFolder: string): Promise<Stack> => {
  const [functions = 0, sessionHost = 0, blob = 0, queue = 0, table = 0] = await freePorts(5);
  const ports = { functions, sessionHost, blob, queue, table };
  const fast = { KEEPER_SWEEP_SCHEDULE: '*/2 * * * * *', SESSION_HOST_STARTUP: '00:00:01' };
  return startStack(
    { ...settings, ports, dataFolder, environment: { ...settings.environment, ...fast } },
    {
      onLine(part, line) {
        const decision = readableLine(line);
        if (part === 'functions host' && decision !== undefined) console.log(`      ${decision}`);
      },
      onRestart: (part, how) => console.log(`      the ${part} ended (${how}) and is started again`),
    },
  );
};

const play = async ({ keeperUrl }: Stack, signal: AbortSignal): Promise<void> => {
  const { accountId, key } = DEMO_ACCOUNT;
  let authorization = `Bearer ${accountId}:${key}`;

  const call = async (method: string, path: string, body?: string, quiet = false): Promise<string> => {
    const headers = { authorization, 'x-keeper-activity': 'none' };
    const answer = await fetch(`${keeperUrl}${path}`, {
      method,
      headers,
      signal,
      ...(body === undefined ? {} : { body }),
    });
    const text = await answer.text();
    if (!quiet) {
      console.log(`  > ${method} ${path}${body === undefined ? '' : `   ${body}`}`);
      // The token itself is nobody's business, not even here.
      console.log(`  < ${answer.status} ${text.replace(/("AccessToken":")[^"]+/, '$1…')}`);
    }
    if (!answer.ok) throw new Error(`${method} ${path} answered ${answer.status}: ${text}`);
    return text;
  };
  const sessions = `/v1/accounts/${accountId}/sessions`;
  const create = async (body: string): Promise<string> =>
    z.object({ sessionId: z.string() }).parse(JSON.parse(await call('POST', `${sessions}/create`, body)))
      .sessionId;
  const show = async (sessionId: string, quiet = false): Promise<Properties> =>
    propertiesSchema.parse(
      JSON.parse(await call('GET', `${sessions}/${sessionId}/properties`, undefined, quiet)),
    );
  const until = async (sessionId: string, status: string): Promise<Properties> => {
    for (;;) {
      const { sessionStatus } = await show(sessionId, true);
      if (sessionStatus === status) return show(sessionId);
      await delay(1_000, undefined, { signal });
    }
  };

  say('A token, for the key of the demo account.');
  const token = await call('GET', `/accounts/${accountId}/token`);
  authorization = `Bearer ${z.object({ AccessToken: z.string() }).parse(JSON.parse(token)).AccessToken}`;

  say('A session for one minute that the keeper shall keep alive, and one that may be idle for ten seconds.');
  const kept = await create("{ 'maxLeaseTime': '0:1:0', 'size': 'standard', 'keepAlive': true }");
  const idle = await create("{ 'maxLeaseTime': '1:0:0', 'size': 'standard', 'idleTimeout': '0:0:10' }");

  say('Both start. As soon as the first is Ready, its lease is extended ahead of its end.');
  const { keeper } = await until(kept, 'Ready');
  const readyAt = Date.now();
  console.log(`    next: ${keeper.next.action} because ${keeper.next.because} at ${keeper.next.at}`);

  say('Nobody uses the second one: after ten seconds it is reaped.');
  const reaped = await until(idle, 'Stopped');
  console.log(`    ${reaped.message}`);

  say('The first outlives the minute that it was asked for …');
  await delay(Math.max(0, readyAt + 65_000 - Date.now()), undefined, { signal });
  const { sessionStatus, sessionMaxLeaseTime } = await show(kept);
  if (sessionStatus !== 'Ready') throw new Error(`the kept session is ${sessionStatus}`);
  console.log(`    … and is ${sessionStatus}, with a lease of ${sessionMaxLeaseTime}.`);

  say('It is stopped when it is asked to be.');
  await call('DELETE', `${sessions}/${kept}`);
  await until(kept, 'Stopped');
  await call('GET', sessions);
  say('That is all. Nothing is running any more, and nothing was left anywhere.');
};

const run = async (): Promise<void> => {
  const stopping = new AbortController();
  const stopped = stopRequested().then(() => stopping.abort());
  const settings = readStackSettings(process.env);
  if (settings.app === undefined) await buildApp();
  const dataFolder = mkdtempSync(join(tmpdir(), 'lease-keeper-tour-'));
  try {
    const stack = await startFastStack(settings, dataFolder);
    try {
      await Promise.race([play(stack, stopping.signal), stopped]);
    } finally {
      await stack.stop();
    }
  } finally {
    rmSync(dataFolder, { recursive: true, force: true });
  }
};

try {
  await run();
  process.exit(0);
} catch (error) {
  console.error(error);
  process.exit(1);
}
