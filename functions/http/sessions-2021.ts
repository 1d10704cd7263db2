import type { HttpHandler, HttpRequest } from '@azure/functions';
import { requireApiVersion } from '../../shared/protocol/api-version.ts';
import { checkBody } from '../../shared/protocol/body.ts';
import { VERSION_HEADERS } from '../../shared/protocol/headers.ts';
import { wishesOf } from '../../shared/protocol/keeper-fields.ts';
import { createKeptSchema, updateKeptSchema, writeKept } from '../../shared/protocol/kept.ts';
import { isListed, leaseError2021, PAGE_SIZE } from '../../shared/protocol/session-2021.ts';
import { checkSessionId } from '../../shared/protocol/vocabulary.ts';
import { shownSession } from '../../shared/view.ts';
import { accountEndpoint, empty, type Generation, json, type Services, sessionEndpoint } from './endpoint.ts';
import { heartbeat } from './heartbeat.ts';

/** The sessions of an account, as the API generation `2021-01-01` has them. */

const generation2021: Generation = {
  headers: VERSION_HEADERS,
  check: ({ query }) => {
    requireApiVersion(query);
  },
  sessionId: checkSessionId,
};

/** `PUT /accounts/{accountId}/sessions/{sessionId}` */
export const createSession = (services: Services): HttpHandler =>
  sessionEndpoint(services, generation2021, 'write', async (request) => {
    const { keeper, sessionId, readBody, requestSweep, now } = request;
    const body = checkBody(createKeptSchema, await readBody());
    const { size, models, maxLeaseTimeMinutes: leaseMinutes } = body;
    const wanted = { sessionId, size, models, leaseMinutes, ...wishesOf(body) };
    const { isNew, view, unfinished } = await keeper.create(wanted);
    if (unfinished) requestSweep();
    return json(isNew ? 201 : 200, writeKept(view, now));
  });

/** `GET /accounts/{accountId}/sessions/{sessionId}` */
export const getSession = (services: Services): HttpHandler =>
  sessionEndpoint(services, generation2021, 'read', async (request) => {
    const { keeper, sessionId, isUse, requestSweep, now } = request;
    const { view, unfinished } = await keeper.show(sessionId, isUse);
    if (unfinished) requestSweep();
    return json(200, writeKept(view, now));
  });

/** `PATCH /accounts/{accountId}/sessions/{sessionId}` */
export const updateSession = (services: Services): HttpHandler =>
  sessionEndpoint(services, generation2021, 'write', async (request) => {
    const { keeper, sessionId, readBody, isUse, requestSweep, now } = request;
    const body = checkBody(updateKeptSchema, await readBody());
    try {
      const change = { leaseMinutes: body.maxLeaseTimeMinutes, ...wishesOf(body) };
      const { view, unfinished } = await keeper.change(sessionId, change, isUse);
      if (unfinished) requestSweep();
      return json(200, writeKept(view, now));
    } catch (error) {
      throw leaseError2021(error);
    }
  });

/** `POST /accounts/{accountId}/sessions/{sessionId}/:stop` */
export const stopSession = (services: Services): HttpHandler =>
  sessionEndpoint(services, generation2021, 'write', async ({ keeper, sessionId, requestSweep }) => {
    const { unfinished } = await keeper.stop(sessionId);
    if (unfinished) requestSweep();
    return empty(204);
  });

/** `GET /accounts/{accountId}/sessions`: those Starting or Ready, a page at a time. A page may have none of them. */
export const listSessions = (services: Services): HttpHandler =>
  accountEndpoint(services, generation2021, 'read', async ({ raw, keeper, accountId, now }) => {
    const apiVersion = requireApiVersion(raw.query);
    const scope = { accountId, apiVersion };
    const continuation = raw.query.get('continuation');
    const after = continuation === null ? undefined : await services.continuations.read(scope, continuation);
    const { views, next } = await keeper.page(after, PAGE_SIZE);
    const sessions = views
      .filter(({ session }) => isListed(shownSession(session, now)))
      .map((view) => writeKept(view, now));
    if (next === undefined) return json(200, { sessions });
    const query = {
      'api-version': apiVersion,
      continuation: await services.continuations.issue(scope, next),
    };
    const nextLink = nextLinkOf(raw, services.publicUrl, query);
    return json(200, { sessions, '@nextLink': nextLink });
  });

/** Absolute, on the address that clients know, or else on that which this one has named. */
const nextLinkOf = (
  request: HttpRequest,
  publicUrl: string | undefined,
  query: Record<string, string>,
): string => {
  const { origin, pathname } = new URL(request.url);
  return `${publicUrl ?? origin}${pathname}?${new URLSearchParams(query)}`;
};

/** `POST /accounts/{accountId}/sessions/{sessionId}/heartbeat` */
export const heartbeat2021 = (services: Services): HttpHandler =>
  sessionEndpoint(services, generation2021, 'heartbeat', heartbeat);
