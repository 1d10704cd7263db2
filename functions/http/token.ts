import type { HttpHandler } from '@azure/functions';
import type { TokenBody } from '../../shared/protocol/service-bodies.ts';
import { accountIdOf, empty, endpoint, json, type Services } from './endpoint.ts';

/** `GET /accounts/{accountId}/token`: a token for an account key, as the Secure Token Service gives it. */
export const getToken = (services: Services): HttpHandler =>
  endpoint(services, async (request) => {
    const token = await services.tokens.issue(accountIdOf(request), request.headers.get('authorization'));
    // Empty, as the service answers: neither the account nor the key is told to be the wrong one.
    return token === undefined
      ? empty(401, { 'WWW-Authenticate': 'Bearer' })
      : json(200, { AccessToken: token } satisfies TokenBody);
  });
