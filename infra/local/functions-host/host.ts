import { setTimeout as sleep } from 'node:timers/promises';
import { loadApp, readAppFile } from './app.ts';
import type { HostedFunction, HttpTrigger, QueueTrigger, TimerTrigger, Trigger } from './bindings.ts';
import { hostedFunction } from './bindings.ts';
import { type HostSettings, parseHostJson } from './host-json.ts';
import { createHttpHost, type HttpFunction, routeOf } from './http.ts';
import { createInvoker, type Run } from './invoke.ts';
import type { HostLog } from './log.ts';
import { createQueueListener, type QueueListener } from './queue.ts';
import { createOutage, type Outage } from './queue-outage.ts';
import { createOutputSender } from './queue-output.ts';
import { openQueue } from './queue-service.ts';
import { createTimer, type Timer } from './timer.ts';

/** How long running functions may go on once the host is told to stop. */
const GRACE_MILLISECONDS = 3000;

export interface FunctionSummary {
  readonly name: string;
  readonly trigger: Trigger['type'];
  readonly methods?: readonly string[];
  readonly url?: string;
}

export interface Host {
  readonly port: number;
  readonly functions: readonly FunctionSummary[];
  /** Starts the timers and the polling of queues; HTTP is served already. */
  startTriggers(): void;
  /** Starts nothing new, waits for what is running (at most 3 s), and runs the appTerminate hooks. */
  stop(): Promise<void>;
}

export interface HostOptions {
  /** The folder with package.json and host.json. */
  readonly appRoot: string;
  /** 0 = any free port. */
  readonly port: number;
  readonly env: NodeJS.ProcessEnv;
  readonly log: HostLog;
}

interface Runnable<T extends Trigger = Trigger> {
  readonly fn: HostedFunction<T>;
  readonly run: Run;
}

const isHttp = (one: Runnable): one is Runnable<HttpTrigger> => one.fn.trigger.type === 'httpTrigger';
const isTimer = (one: Runnable): one is Runnable<TimerTrigger> => one.fn.trigger.type === 'timerTrigger';
const isQueue = (one: Runnable): one is Runnable<QueueTrigger> => one.fn.trigger.type === 'queueTrigger';

const listenersOf = (
  runnables: readonly Runnable<QueueTrigger>[],
  settings: HostSettings,
  { env, log }: HostOptions,
): readonly QueueListener[] => {
  const outages = new Map<string, Outage>();
  return runnables.map(({ fn, run }) => {
    const { queueName, connection } = fn.trigger;
    const outage = outages.get(connection) ?? createOutage(connection, log);
    outages.set(connection, outage);
    return createQueueListener({
      functionName: fn.name,
      queue: openQueue({ queueName, connection }, env),
      poisonQueue: openQueue({ queueName: `${queueName}-poison`, connection }, env),
      settings: settings.queues,
      run,
      outage,
      log,
    });
  });
};

const summaryOf = (
  { name, trigger }: HostedFunction,
  settings: HostSettings,
  port: number,
): FunctionSummary => {
  if (trigger.type !== 'httpTrigger') return { name, trigger: trigger.type };
  const url = `http://127.0.0.1:${port}/${routeOf(trigger, settings.routePrefix)}`;
  return { name, trigger: trigger.type, methods: trigger.methods, url };
};

/**
 * Loads the app and serves its HTTP functions. Throws a StartupError for what this host does not support and for a
 * port that is taken, and passes on whatever the app throws while it is loaded.
 */
export const startHost = async (options: HostOptions): Promise<Host> => {
  const { appRoot, env, log } = options;
  const settings = parseHostJson(readAppFile(appRoot, 'host.json'));
  const { core, model } = await loadApp(appRoot, log);
  const invoker = createInvoker(core, model, settings.functionTimeoutMilliseconds, log);
  const runnables: readonly Runnable[] = core.functions().map((registered) => {
    const fn = hostedFunction(registered);
    return { fn, run: invoker.runner(fn, createOutputSender(fn, settings.queues, env)) };
  });
  const http = createHttpHost(runnables.filter(isHttp) satisfies HttpFunction[], settings.routePrefix, log);
  const timers: readonly Timer[] = runnables.filter(isTimer).map(({ fn, run }) => createTimer(fn, run, log));
  const listeners = listenersOf(runnables.filter(isQueue), settings, options);
  const port = await http.listen(options.port);

  const drain = async (): Promise<void> => {
    await Promise.all([http.close(), ...listeners.map((listener) => listener.stop())]);
    await invoker.idle();
  };
  return {
    port,
    functions: runnables.map(({ fn }) => summaryOf(fn, settings, port)),
    startTriggers() {
      for (const timer of timers) timer.start();
      for (const listener of listeners) listener.start();
    },
    async stop() {
      for (const timer of timers) timer.stop();
      const over = await Promise.race([
        drain().then(() => true),
        sleep(GRACE_MILLISECONDS, false, { ref: false }),
      ]);
      if (!over) log.warn(`some functions are still running after ${GRACE_MILLISECONDS} ms and are cut off`);
      http.cut();
      const appData = core.hooks.appData;
      await core.hooks.run('appTerminate', { hookData: appData, appHookData: appData });
    },
  };
};
