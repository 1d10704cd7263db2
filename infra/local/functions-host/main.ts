/**
 * The local functions host: runs the compiled app as Azure would, on 127.0.0.1, without Microsoft's Core Tools.
 *
 *     PORT=7071 LEASE_KEEPER_DATA=.data node infra/local/functions-host/main.ts
 */
import { stopRequested, writePidFile } from '../process-life.ts';
import { type FunctionSummary, type Host, startHost } from './host.ts';
import { createHostLog } from './log.ts';
import { readSettings } from './settings.ts';
import { StartupError } from './startup-error.ts';

const EXIT_FAILED = 1;
/** What sysexits.h calls EX_CONFIG: starting again helps nobody before the settings are mended. */
const EXIT_CONFIG = 78;

const log = createHostLog(process.stdout, process.stderr);

const fail = (error: unknown): never => {
  const isConfigError = error instanceof Error && error.name === 'ConfigError';
  if (isConfigError) process.stderr.write(`${error.message}\n`);
  else if (error instanceof StartupError) log.error(error.message);
  else log.error('the app cannot start', error);
  process.exit(isConfigError ? EXIT_CONFIG : EXIT_FAILED);
};

const lineOf = ({ name, trigger, methods, url }: FunctionSummary): string =>
  url === undefined ? `        ${name}: ${trigger}` : `        ${name}: [${methods?.join(',')}] ${url}`;

const announce = ({ port, functions }: Host): void => {
  process.stdout.write(`Functions:\n\n${functions.map(lineOf).join('\n')}\n\n`);
  process.send?.({ ready: true, port, functions });
};

const stop = async (host: Host, removePidFile: () => void): Promise<void> => {
  try {
    await host.stop();
    process.exitCode = 0;
  } catch (error) {
    log.error('an appTerminate hook failed', error);
    process.exitCode = EXIT_FAILED;
  } finally {
    removePidFile();
  }
  // The app may hold connections and timers of its own, which must not keep the process.
  process.exit();
};

const run = async (): Promise<void> => {
  const stopping = stopRequested();
  const { port, dataFolder, appRoot } = readSettings(process.env);
  process.env.AZURE_FUNCTIONS_ENVIRONMENT ??= 'Development';
  const host = await Promise.race([startHost({ appRoot, port, env: process.env, log }), stopping]);
  // Told to stop while the app was still loading: there is nothing to stop yet.
  if (host === undefined) process.exit(0);
  const removePidFile = writePidFile(dataFolder, 'functions');
  host.startTriggers();
  announce(host);
  await stopping;
  await stop(host, removePidFile);
};

await run().catch(fail);
