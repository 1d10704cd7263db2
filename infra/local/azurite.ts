import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import './azurite-without-telemetry.ts';
import { assertPortsFree } from './ports.ts';
import { stopRequested, writePidFile } from './process-life.ts';

/**
 * Azurite, the local Table and Queue storage: `node infra/local/azurite.ts`.
 * It runs in this process, so that it ends with its parent and its id is in the data folder.
 */

const PORTS = {
  AZURITE_BLOB_PORT: Number(process.env.AZURITE_BLOB_PORT || 10_000),
  AZURITE_QUEUE_PORT: Number(process.env.AZURITE_QUEUE_PORT || 10_001),
  AZURITE_TABLE_PORT: Number(process.env.AZURITE_TABLE_PORT || 10_002),
};
const dataFolder = resolve(process.env.LEASE_KEEPER_DATA || '.data');
/** Azurite closes its servers one after another; what hangs then is a connection that nobody uses. */
const CLOSE_MS = 3_000;

const stopping = stopRequested();
await assertPortsFree(PORTS);
const removePidFile = writePidFile(dataFolder, 'azurite');

const options = {
  location: join(dataFolder, 'azurite'),
  blobHost: '127.0.0.1',
  queueHost: '127.0.0.1',
  tableHost: '127.0.0.1',
  blobPort: PORTS.AZURITE_BLOB_PORT,
  queuePort: PORTS.AZURITE_QUEUE_PORT,
  tablePort: PORTS.AZURITE_TABLE_PORT,
};
process.argv.push(
  ...Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]),
  // Nothing leaves this machine; and the SDK may speak a newer version of the protocol than Azurite knows.
  '--disableTelemetry',
  '--silent',
  '--skipApiVersionCheck',
);
const azuriteListeners = new Set(process.listeners('SIGTERM'));
createRequire(import.meta.url)('azurite/dist/src/azurite.js');

await stopping;
process.once('exit', removePidFile);
setTimeout(() => process.exit(0), CLOSE_MS).unref();
// The channel to the parent would keep this process when all else is closed.
if (process.connected) process.disconnect();
// Azurite saves and closes on its own SIGTERM listener, which has run already if it was a signal that stopped us.
for (const listener of process.listeners('SIGTERM')) if (!azuriteListeners.has(listener)) listener('SIGTERM');
