import { type AzuriteService, azuriteConnectionString, startAzuriteService } from '../azurite-service.ts';

export const queueConnectionString = (port: number): string => azuriteConnectionString('queue', port);

export type AzuriteQueue = AzuriteService;

/** Starts the queue service of Azurite on a port (0 = any free one); what it holds is gone when it stops. */
export const startAzuriteQueue = async (port = 0): Promise<AzuriteQueue> => {
  const started = await startAzuriteService('queue', port);
  if (started === undefined) throw new Error('Azurite ended before it listened');
  return started;
};
