import * as z from 'zod';

/** The answers of the service's own routes, which belong to neither generation. */

/** `GET /accounts/{accountId}/token` */
export const tokenSchema = z.strictObject({
  AccessToken: z.string().meta({ description: 'The token, a JWT. Nothing in it is for its bearer to read.' }),
});

export type TokenBody = z.output<typeof tokenSchema>;

const answering = z.enum(['up', 'down']);

/** `GET /health` */
export const healthSchema = z.strictObject({
  status: z.enum(['ok', 'unavailable']).meta({ description: '`ok` while the table answers.' }),
  version: z.string().meta({ description: 'Version of the keeper.' }),
  table: answering.meta({ description: 'The table in which the keeper keeps everything.' }),
  upstream: answering.meta({
    description: 'The services that own the servers: `down` where one of them does not answer.',
  }),
});
export type HealthBody = z.output<typeof healthSchema>;
