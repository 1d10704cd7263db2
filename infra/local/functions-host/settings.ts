import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { StartupError } from './startup-error.ts';

export interface Settings {
  /** 0 = any free port. */
  readonly port: number;
  readonly dataFolder: string;
  /** The folder with the app's package.json and host.json. */
  readonly appRoot: string;
}

/** What `npm run build` makes: the same that is deployed. */
const BUILT = fileURLToPath(new URL('../../../dist/', import.meta.url));

const portOf = (text: string): number => {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (!(port <= 65_535)) throw new StartupError(`PORT is "${text}", which is no port`);
  return port;
};

/** Reads the settings of the host from the environment; an empty value is as good as none. */
export const readSettings = (env: NodeJS.ProcessEnv): Settings => ({
  port: portOf(env.PORT || '7071'),
  dataFolder: resolve(env.LEASE_KEEPER_DATA || '.data'),
  appRoot: resolve(env.LEASE_KEEPER_APP || BUILT),
});
