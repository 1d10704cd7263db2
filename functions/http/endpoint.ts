import { randomBytes } from 'node:crypto';
import {
  type HttpHandler,
  type HttpRequest,
  type HttpResponseInit,
  type InvocationContext,
  output,
} from '@azure/functions';
import type { Tokens } from '../../shared/auth.ts';
import type { Continuations } from '../../shared/continuation.ts';
import {
  BadRequestError,
  KeeperError,
  PayloadTooLargeError,
  UnreadableRowError,
  UpstreamUnavailableError,
} from '../../shared/errors.ts';
import type { Keeper } from '../../shared/keeper.ts';
import { MAX_BODY_BYTES, parseBody } from '../../shared/protocol/body.ts';
import { errorAnswer } from '../../shared/protocol/error-body.ts';
import { commonHeaders } from '../../shared/protocol/headers.ts';
import { ACCOUNT_ID } from '../../shared/protocol/vocabulary.ts';
import { faultOf, reportRow, type Telemetry } from '../../shared/telemetry.ts';
import type { CallKind, Throttle } from '../../shared/throttle.ts';
import { inInvocation } from '../invocation-log.ts';
import { invocationStep } from '../telemetry/traced.ts';
import type { Tracing } from '../telemetry/tracing.ts';

/** What every HTTP function has in common: who calls, which answer, and which headers. */

export interface Services {
  tokens: Tokens;
  /** By account id, in lower case. */
  keepers: ReadonlyMap<string, Keeper>;
  throttle: Throttle;
  continuations: Continuations;
  /** The address that clients know; undefined: what each request names. */
  publicUrl: string | undefined;
  telemetry: Telemetry;
  tracing: Tracing;
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

/** What one generation of the API asks of every request, and adds to every answer. */
export interface Generation {
  headers: Readonly<Record<string, string>>;
  /** @throws KeeperError */
  check(request: HttpRequest): void;
  /** The id of a session in the path. @throws KeeperError where no session can have it */
  sessionId(text: string): string;
}

/** Adds the headers of every answer, and turns an error into its answer. Nothing else answers for an error. */
export const endpoint =
  (
    { telemetry, tracing }: Pick<Services, 'telemetry' | 'tracing'>,
    handle: (request: HttpRequest, context: InvocationContext) => Promise<HttpResponseInit>,
    ownHeaders: Readonly<Record<string, string>> = {},
  ): HttpHandler =>
  (request, context) =>
    inInvocation(context, () => {
      const common = commonHeaders(request.method, randomBytes);
      const facts = { 'MS-CV': common['MS-CV'], method: request.method };
      return tracing.step(invocationStep(context, facts), async (note) => {
        const answer = await handle(request, context).catch((error: unknown) => {
          const { status, headers, body } = errorAnswer(error);
          if (status >= 500) {
            const what = `${request.method} answered ${status}, MS-CV ${common['MS-CV']}`;
            if (error instanceof UnreadableRowError) reportRow(telemetry, what, error, {});
            else telemetry.report(faultOf(what, error));
            // The stack is for the log alone.
            if (!(error instanceof KeeperError)) context.error(error);
          }
          return json(status, body, headers);
        });
        const { status = 200 } = answer;
        note({ status }, status >= 500);
        const given = answer.headers as Record<string, string> | undefined;
        return { ...answer, headers: { ...common, ...ownHeaders, ...given } };
      });
    });

/** One request of an app with a good token, on its own account. */
export interface AccountRequest {
  raw: HttpRequest;
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

/** An endpoint on `…/accounts/{accountId}/…`: only with a token of that very account, and not too often. */
export const accountEndpoint = (
  services: Services,
  generation: Generation,
  kind: CallKind,
  handle: (request: AccountRequest) => Promise<HttpResponseInit>,
): HttpHandler =>
  endpoint(
    services,
    async (raw, context) => {
      generation.check(raw);
      const accountId = accountIdOf(raw);
      await services.tokens.require(accountId, raw.headers.get('authorization'));
      // Behind the token: nobody spends the calls of another account.
      services.throttle.take(accountId, kind, services.now());
      const keeper = services.keepers.get(accountId);
      // The token was issued for a configured account, so its keeper exists.
      if (keeper === undefined) throw new RangeError('an account with tokens has no keeper');
      const requestSweep = (): void => context.extraOutputs.set(sweepQueue, { accountId });
      // Kept, because a body can be read only once.
      let body: Promise<Record<string, unknown>> | undefined;
      const readBody = (): Promise<Record<string, unknown>> => {
        body ??= readBytes(raw).then(parseBody);
        return body;
      };
      const request: AccountRequest = {
        raw,
        keeper,
        accountId,
        isUse: raw.headers.get('x-keeper-activity')?.trim().toLowerCase() !== 'none',
        readBody,
        requestSweep,
        now: services.now(),
      };
      try {
        return await handle(request);
      } catch (error) {
        if (error instanceof UpstreamUnavailableError) requestSweep();
        throw error;
      }
    },
    generation.headers,
  );

/** An endpoint on `…/sessions/{sessionId}…`. */
export const sessionEndpoint = (
  services: Services,
  generation: Generation,
  kind: CallKind,
  handle: (request: SessionRequest) => Promise<HttpResponseInit>,
): HttpHandler =>
  accountEndpoint(services, generation, kind, (request) =>
    handle({ ...request, sessionId: generation.sessionId(request.raw.params.sessionId ?? '') }),
  );

/** @throws BadRequestError where the account in the path is not a GUID */
export const accountIdOf = (request: HttpRequest): string => {
  const accountId = request.params.accountId ?? '';
  if (!ACCOUNT_ID.test(accountId)) {
    throw new BadRequestError('accountId: must be a GUID', { target: 'accountId' });
  }
  return accountId.toLowerCase();
};

/** Refuses by the announced length before the body is taken in. */
const readBytes = async (request: HttpRequest): Promise<Uint8Array> => {
  if (Number(request.headers.get('content-length') ?? 0) > MAX_BODY_BYTES) {
    throw new PayloadTooLargeError(`The request body is larger than ${MAX_BODY_BYTES} bytes.`);
  }
  return new Uint8Array(await request.arrayBuffer());
};
