import { randomUUID } from 'node:crypto';
import type { HttpHandler } from '@azure/functions';
import { BadRequestError, LeaseNotLargerError, LeaseTooLongError } from '../../shared/errors.ts';
import { checkBody } from '../../shared/protocol/body.ts';
import { wishesOf } from '../../shared/protocol/keeper-fields.ts';
import { MAX_EXTENDED_LEASE_MINUTES } from '../../shared/protocol/session-2021.ts';
import { createV1Schema, propertiesV1, updateV1Schema } from '../../shared/protocol/session-v1.ts';
import { formatTimeSpan } from '../../shared/protocol/time-span.ts';
import { accountEndpoint, empty, json, type Services, sessionEndpoint } from './endpoint.ts';

/** The sessions of an account, as the API generation `v1` has them. */

/** `POST /v1/accounts/{accountId}/sessions/create` */
export const createSessionV1 = (services: Services): HttpHandler =>
  accountEndpoint(services, async ({ keeper, accountId, readBody, requestSweep }) => {
    const body = checkBody(createV1Schema, await readBody());
    const sessionId = randomUUID();
    const { size, models, maxLeaseTime: leaseMinutes } = body;
    const { unfinished } = await keeper.create({ sessionId, size, models, leaseMinutes, ...wishesOf(body) });
    if (unfinished) requestSweep();
    return json(202, { sessionId }, { Location: `accounts/${accountId}/sessions/${sessionId}` });
  });

/** `PATCH /v1/accounts/{accountId}/sessions/{sessionId}` */
export const updateSessionV1 = (services: Services): HttpHandler =>
  sessionEndpoint(services, async ({ keeper, sessionId, readBody, isUse, requestSweep }) => {
    const body = checkBody(updateV1Schema, await readBody());
    try {
      const change = { leaseMinutes: body.maxLeaseTime, ...wishesOf(body) };
      const { unfinished } = await keeper.change(sessionId, change, isUse);
      if (unfinished) requestSweep();
    } catch (error) {
      throw inWordsOfV1(error);
    }
    return empty(200);
  });

/** What is wrong with a lease, with the field and the time spans of this generation. */
const inWordsOfV1 = (error: unknown): unknown => {
  const details = { target: 'maxLeaseTime', cause: error };
  if (error instanceof LeaseNotLargerError) {
    const current = formatTimeSpan(error.currentMinutes);
    const message = `maxLeaseTime: must be larger than the current value, ${current}: it is the total since the start`;
    return new BadRequestError(message, details);
  }
  if (error instanceof LeaseTooLongError) {
    const current = formatTimeSpan(error.currentMinutes);
    const most = formatTimeSpan(MAX_EXTENDED_LEASE_MINUTES);
    return new BadRequestError(
      `maxLeaseTime: must be at most ${most}; the current value is ${current}`,
      details,
    );
  }
  return error;
};

/** `GET /v1/accounts/{accountId}/sessions` */
export const listSessionsV1 = (services: Services): HttpHandler =>
  accountEndpoint(services, async ({ keeper, now }) => {
    const views = await keeper.list();
    return json(200, { sessions: views.map((view) => propertiesV1(view, now)) });
  });

/** `GET /v1/accounts/{accountId}/sessions/{sessionId}/properties` */
export const getSessionV1 = (services: Services): HttpHandler =>
  sessionEndpoint(services, async ({ keeper, sessionId, isUse, now }) =>
    json(200, propertiesV1(await keeper.show(sessionId, isUse), now)),
  );

/** `DELETE /v1/accounts/{accountId}/sessions/{sessionId}` */
export const stopSessionV1 = (services: Services): HttpHandler =>
  sessionEndpoint(services, async ({ keeper, sessionId, requestSweep }) => {
    const { unfinished } = await keeper.stop(sessionId);
    if (unfinished) requestSweep();
    return empty(204);
  });
