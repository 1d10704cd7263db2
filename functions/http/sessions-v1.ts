import { randomUUID } from 'node:crypto';
import type { HttpHandler, HttpResponseInit } from '@azure/functions';
import { SessionNotFoundError } from '../../shared/errors.ts';
import { checkBody } from '../../shared/protocol/body.ts';
import { wishesOf } from '../../shared/protocol/keeper-fields.ts';
import { createKeptV1Schema, updateKeptV1Schema, writeKeptV1 } from '../../shared/protocol/kept.ts';
import { type CreatedV1, leaseErrorV1 } from '../../shared/protocol/session-v1.ts';
import { ACCOUNT_ID, SESSION_ID } from '../../shared/protocol/vocabulary.ts';
import type { CallKind } from '../../shared/throttle.ts';
import {
  accountEndpoint,
  empty,
  type Generation,
  json,
  type Services,
  type SessionRequest,
  sessionEndpoint,
} from './endpoint.ts';
import { heartbeat } from './heartbeat.ts';

/** The sessions of an account, as the API generation `v1` has them. */

const v1: Generation = {
  headers: {},
  check: () => undefined,
  sessionId(text) {
    if (!SESSION_ID.test(text)) throw new SessionNotFoundError('There is no such session.');
    return text;
  },
};

/**
 * An endpoint on one session. Clients of this generation write GUIDs in any letter case, and those that we make are in
 * lower case; but the other generation may have made a session of that very id.
 */
const sessionEndpointV1 = (
  services: Services,
  kind: CallKind,
  handle: (request: SessionRequest) => Promise<HttpResponseInit>,
): HttpHandler =>
  sessionEndpoint(services, v1, kind, async (request) => {
    try {
      return await handle(request);
    } catch (error) {
      const { sessionId } = request;
      const inLowerCase = ACCOUNT_ID.test(sessionId) ? sessionId.toLowerCase() : sessionId;
      if (!(error instanceof SessionNotFoundError) || inLowerCase === sessionId) throw error;
      return handle({ ...request, sessionId: inLowerCase });
    }
  });

/** `POST /v1/accounts/{accountId}/sessions/create` */
export const createSessionV1 = (services: Services): HttpHandler =>
  accountEndpoint(services, v1, 'write', async ({ keeper, accountId, readBody, requestSweep }) => {
    const body = checkBody(createKeptV1Schema, await readBody());
    const sessionId = randomUUID();
    const { size, models, maxLeaseTime: leaseMinutes } = body;
    const wanted = { sessionId, size, models, leaseMinutes, ...wishesOf(body) };
    const { unfinished } = await keeper.create(wanted, true);
    if (unfinished) requestSweep();
    return json(202, { sessionId } satisfies CreatedV1, {
      Location: `accounts/${accountId}/sessions/${sessionId}`,
    });
  });

/** `PATCH /v1/accounts/{accountId}/sessions/{sessionId}` */
export const updateSessionV1 = (services: Services): HttpHandler =>
  sessionEndpointV1(services, 'write', async ({ keeper, sessionId, readBody, isUse, requestSweep }) => {
    const body = checkBody(updateKeptV1Schema, await readBody());
    try {
      const change = { leaseMinutes: body.maxLeaseTime, ...wishesOf(body) };
      const { unfinished } = await keeper.change(sessionId, change, isUse);
      if (unfinished) requestSweep();
    } catch (error) {
      throw leaseErrorV1(error);
    }
    return empty(200);
  });

/** `GET /v1/accounts/{accountId}/sessions` */
export const listSessionsV1 = (services: Services): HttpHandler =>
  accountEndpoint(services, v1, 'read', async ({ keeper, now }) => {
    const views = await keeper.list();
    return json(200, { sessions: views.map((view) => writeKeptV1(view, now)) });
  });

/** `GET /v1/accounts/{accountId}/sessions/{sessionId}/properties` */
export const getSessionV1 = (services: Services): HttpHandler =>
  sessionEndpointV1(services, 'read', async ({ keeper, sessionId, isUse, requestSweep, now }) => {
    const { view, unfinished } = await keeper.show(sessionId, isUse);
    if (unfinished) requestSweep();
    return json(200, writeKeptV1(view, now));
  });

/** `DELETE /v1/accounts/{accountId}/sessions/{sessionId}` */
export const stopSessionV1 = (services: Services): HttpHandler =>
  sessionEndpointV1(services, 'write', async ({ keeper, sessionId, requestSweep }) => {
    const { unfinished } = await keeper.stop(sessionId);
    if (unfinished) requestSweep();
    return empty(204);
  });

/** `POST /v1/accounts/{accountId}/sessions/{sessionId}/heartbeat` */
export const heartbeatV1 = (services: Services): HttpHandler =>
  sessionEndpointV1(services, 'heartbeat', heartbeat);
