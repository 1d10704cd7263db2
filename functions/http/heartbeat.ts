import type { HttpHandler } from '@azure/functions';
import { json, type Services, sessionEndpoint } from './endpoint.ts';

/** `POST /v1/accounts/{accountId}/sessions/{sessionId}/heartbeat`: the session is being used. */
export const heartbeat = (services: Services): HttpHandler =>
  sessionEndpoint(services, async ({ keeper, sessionId }) => {
    const { status, leaseEnd, idleAt } = await keeper.heartbeat(sessionId);
    return json(200, { status, leaseEnd: stamp(leaseEnd), idleAt: stamp(idleAt) });
  });

const stamp = (at: number | null): string | null => (at === null ? null : new Date(at).toISOString());
