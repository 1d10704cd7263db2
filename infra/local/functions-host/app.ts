import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Core, createCore, installCoreModule } from './core.ts';
import type { ProgrammingModel } from './core-types.ts';
import type { HostLog } from './log.ts';
import { StartupError } from './startup-error.ts';

export interface LoadedApp {
  readonly core: Core;
  readonly model: ProgrammingModel;
}

/** The text of a file of the app. Throws a StartupError where there is none. */
export const readAppFile = (appRoot: string, name: string): string => {
  const path = join(appRoot, name);
  if (!existsSync(path)) throw new StartupError(`${path} does not exist`);
  return readFileSync(path, 'utf8');
};

/** The file that package.json calls `main`. */
const entryOf = (appRoot: string): string => {
  const manifest: unknown = JSON.parse(readAppFile(appRoot, 'package.json'));
  const main =
    typeof manifest === 'object' && manifest !== null && 'main' in manifest ? manifest.main : undefined;
  if (typeof main !== 'string') throw new StartupError(`${join(appRoot, 'package.json')} has no "main"`);
  const entry = join(appRoot, main);
  if (!existsSync(entry)) throw new StartupError(`${entry} does not exist; has the app been built?`);
  return entry;
};

const checkCapabilities = async (model: ProgrammingModel): Promise<void> => {
  const capabilities = await model.getCapabilities({});
  // The library turns this setting into an address that the host would have to proxy to.
  if ('HttpUri' in capabilities) throw new StartupError('enableHttpStream is not supported here');
  const [other] = Object.keys(capabilities);
  if (other !== undefined) throw new StartupError(`the capability "${other}" is not supported here`);
};

/**
 * Loads the app into this process and runs its appStart hooks. It can be done once: an ES module is never loaded again.
 *
 * Whatever the entry or a hook throws is passed on as it is. Throws a StartupError if there is no app, or one that
 * registers no function, which is how an app looks whose registrations have been lost.
 */
export const loadApp = async (appRoot: string, log: HostLog): Promise<LoadedApp> => {
  const entry = entryOf(appRoot);
  const core = createCore(log);
  installCoreModule(core.module);
  await import(pathToFileURL(entry).href);
  core.finishStartup();
  const model = core.model();
  if (model === undefined || core.functions().length === 0)
    throw new StartupError(`${entry} registers no functions`);
  await checkCapabilities(model);
  const appData = core.hooks.appData;
  await core.hooks.run('appStart', { hookData: appData, appHookData: appData });
  return { core, model };
};
