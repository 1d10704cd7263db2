import type { HttpResponseInit } from '@azure/functions';
import type { HeartbeatBody } from '../../shared/protocol/kept.ts';
import { json, type SessionRequest } from './endpoint.ts';

/** `POST …/sessions/{sessionId}/heartbeat`, in both generations: the session is being used. */
export const heartbeat = async ({ keeper, sessionId }: SessionRequest): Promise<HttpResponseInit> => {
  const { status, leaseEnd, idleAt } = await keeper.heartbeat(sessionId);
  const body: HeartbeatBody = { status, leaseEnd: stamp(leaseEnd), idleAt: stamp(idleAt) };
  return json(200, body);
};

const stamp = (at: number | null): string | null => (at === null ? null : new Date(at).toISOString());
