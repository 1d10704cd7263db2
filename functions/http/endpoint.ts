import { randomBytes } from 'node:crypto';
import {
  type HttpHandler,
  type HttpRequest,
  type HttpResponseInit,
  type InvocationContext,
  output,
} from '@azure/functions';
import type { Tokens } from '../../shared/auth.ts';
import {
  BadRequestError,
  KeeperError,
  PayloadTooLargeError,
  SessionNotFoundError,
  UpstreamUnavailableError,
} from '../../shared/errors.ts';
import type { Keeper } from '../../shared/keeper.ts';
import { MAX_BODY_BYTES, parseBody } from '../../shared/protocol/body.ts';
import { correlationVector } from '../../shared/protocol/correlation-vector.ts';
import { errorAnswer } from '../../shared/protocol/error-body.ts';
import { ACCOUNT_ID, SESSION_ID } from '../../shared/protocol/session-2021.ts';
import { faultOf, type Telemetry } from '../../shared/telemetry.ts';
import { inInvocation } from '../invocation-log.ts';

/** What every HTTP function has in common: who calls, which answer, and which headers. */

export interface Services {
  tokens: Tokens;
  /** By account id, in lower case. */
  keepers: ReadonlyMap<string, Keeper>;
  telemetry: Telemetry;
  now: () => number;
}

/** The queue through which a sweep of one account is asked for; the timer uses it as well. */
export const sweepQueue = output.storageQueue({
  queueName: 'leasekeeper-sweep',
  connection: 'AzureWebJobsStorage',
});

/** An answer with a JSON body. */
export const json = (
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): HttpResponseInit => ({
  status,
  headers: { 'Content-Type': 'application/json; charset=utf-8', ...headers },
  body: JSON.stringify(body),
});

/** An answer without a body. */
export const empty = (status: number, headers: Record<string, string> = {}): HttpResponseInit => ({
  status,
  headers,
});

/** Adds the headers of every answer, and turns an error into its answer. Nothing else answers for an error. */
export const endpoint =
  (
    { telemetry }: Pick<Services, 'telemetry'>,
    handle: (request: HttpRequest, context: InvocationContext) => Promise<HttpResponseInit>,
  ): HttpHandler =>
  (request, context) =>
    inInvocation(context, async () => {
      const vector = correlationVector(randomBytes);
      const answer = await handle(request, context).catch((error: unknown) => {
        const { status, headers, body } = errorAnswer(error);
        if (status >= 500) {
          const what = `${request.method} answered ${status}, MS-CV ${vector}`;
          telemetry.report(faultOf(what, error));
          // The stack is for the log alone.
          if (!(error instanceof KeeperError)) context.error(error);
        }
        return json(status, body, headers);
      });
      const headers = {
        'MS-CV': vector,
        'X-Content-Type-Options': 'nosniff',
        'Cache-Control': 'no-store',
        ...(answer.headers as Record<string, string> | undefined),
      };
      return { ...answer, headers };
    });

/** One request of an app with a good token, on its own account. */
export interface AccountRequest {
  keeper: Keeper;
  accountId: string;
  /** Whether this call counts as use of the session it names: a monitor says that it does not. */
  isUse: boolean;
  /** @throws BadRequestError, PayloadTooLargeError */
  readBody(): Promise<Record<string, unknown>>;
  /** Asks for a sweep of this account now, because something was left to it. */
  requestSweep(): void;
  now: number;
}

export interface SessionRequest extends AccountRequest {
  sessionId: string;
}

/** An endpoint on `…/accounts/{accountId}/…`: only with a token of that very account. */
export const accountEndpoint = (
  services: Services,
  handle: (request: AccountRequest, raw: HttpRequest) => Promise<HttpResponseInit>,
): HttpHandler =>
  endpoint(services, async (raw, context) => {
    const accountId = accountIdOf(raw);
    await services.tokens.require(accountId, raw.headers.get('authorization'));
    const keeper = services.keepers.get(accountId);
    // The token was issued for a configured account, so its keeper exists.
    if (keeper === undefined) throw new RangeError('an account with tokens has no keeper');
    const requestSweep = (): void => context.extraOutputs.set(sweepQueue, { accountId });
    const request: AccountRequest = {
      keeper,
      accountId,
      isUse: raw.headers.get('x-keeper-activity')?.trim().toLowerCase() !== 'none',
      readBody: async () => parseBody(await readBytes(raw)),
      requestSweep,
      now: services.now(),
    };
    try {
      return await handle(request, raw);
    } catch (error) {
      if (error instanceof UpstreamUnavailableError) requestSweep();
      throw error;
    }
  });

/** An endpoint on `…/sessions/{sessionId}…`. */
export const sessionEndpoint = (
  services: Services,
  handle: (request: SessionRequest) => Promise<HttpResponseInit>,
): HttpHandler =>
  accountEndpoint(services, (request, raw) => handle({ ...request, sessionId: sessionIdOf(raw) }));

/** @throws BadRequestError where the account in the path is not a GUID */
export const accountIdOf = (request: HttpRequest): string => {
  const accountId = request.params.accountId ?? '';
  if (!ACCOUNT_ID.test(accountId)) {
    throw new BadRequestError('accountId: must be a GUID', { target: 'accountId' });
  }
  return accountId.toLowerCase();
};

/** Ids that we make are GUIDs in lower case, and clients of the first generation write GUIDs in any case. */
const sessionIdOf = (request: HttpRequest): string => {
  const sessionId = request.params.sessionId ?? '';
  if (!SESSION_ID.test(sessionId)) throw new SessionNotFoundError('There is no such session.');
  return ACCOUNT_ID.test(sessionId) ? sessionId.toLowerCase() : sessionId;
};

/** Refuses by the announced length before the body is taken in. */
const readBytes = async (request: HttpRequest): Promise<Uint8Array> => {
  if (Number(request.headers.get('content-length') ?? 0) > MAX_BODY_BYTES) {
    throw new PayloadTooLargeError(`The request body is larger than ${MAX_BODY_BYTES} bytes.`);
  }
  return new Uint8Array(await request.arrayBuffer());
};
