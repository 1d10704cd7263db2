import type { HttpHandler } from '@azure/functions';
import { endpoint, json, type Services } from './endpoint.ts';

/** Every other route: an error body and the usual headers, where the host alone would give a bare 404. */
export const unknownRoute = (services: Services): HttpHandler =>
  endpoint(services, async () =>
    json(404, { error: { code: 'NotFound', message: 'There is no such route.' } }),
  );
