import { once } from 'node:events';
import { createServer } from 'node:net';
import { type AzuriteService, azuriteConnectionString, startAzuriteService } from './azurite-service.ts';

/** Between finding a free port and using it, somebody else may take it. */
const ATTEMPTS = 5;

export const tableConnectionString = (port: number): string => azuriteConnectionString('table', port);

export type AzuriteTable = AzuriteService;

/** A port that nobody listens on now. Azurite does not tell the port that it was given for 0. */
export const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
};

/** Starts the table service of Azurite on a free port; what it holds is gone when it stops. */
export const startAzuriteTable = async (): Promise<AzuriteTable> => {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const started = await startAzuriteService('table', await freePort());
    if (started !== undefined) return started;
  }
  throw new Error('Azurite did not start');
};
