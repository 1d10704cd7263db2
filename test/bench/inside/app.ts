import { randomUUID } from 'node:crypto';
import { type HttpHandler, HttpRequest, InvocationContext } from '@azure/functions';
import type { Services } from '../../../functions/http/endpoint.ts';
import {
  createSession,
  getSession,
  heartbeat2021,
  listSessions,
  stopSession,
  updateSession,
} from '../../../functions/http/sessions-2021.ts';
import { createSessionV1 } from '../../../functions/http/sessions-v1.ts';
import { noTracing } from '../../../functions/telemetry/tracing.ts';
import { createTokens } from '../../../shared/auth.ts';
import type { CheckedClock } from '../../../shared/clock.ts';
import { createContinuations } from '../../../shared/continuation.ts';
import { createKeeper, type Keeper } from '../../../shared/keeper.ts';
import type { AccountRules } from '../../../shared/session.ts';
import { createStore, type Store } from '../../../shared/store/store.ts';
import type { Table } from '../../../shared/store/table.ts';
import type { Entry } from '../../../shared/telemetry.ts';
import { createThrottle } from '../../../shared/throttle.ts';
import type { Send } from '../../../shared/upstream/send.ts';
import { createUpstream } from '../../../shared/upstream/upstream.ts';
import { RULES } from '../../simulation/bounds.ts';
import { DEFAULTS } from '../../simulation/story.ts';

/** The app's own handlers in this process, one account, without the host around them. */
export interface InsideApp {
  store: Store;
  keeper: Keeper;
  /** Makes the request, so that it is only `run` that is measured. */
  prepare(name: CallName, sessionId: string): PreparedCall;
}

export interface PreparedCall {
  /** @throws Error for any other answer than the one that the call should have */
  run(): Promise<void>;
}

/** `createV1`: with an id of the keeper's. */
export type CallName = 'heartbeat' | 'properties' | 'createV1' | 'create' | 'extend' | 'stop' | 'list';

export const INSIDE_ACCOUNT = '11111111-1111-1111-1111-111111111111';
export const INSIDE_KEY = 'a-key-of-the-benchmark';
export const INSIDE_SECRET = Buffer.alloc(32, 7);
const ORIGIN = 'http://127.0.0.1:1';
const QUERY = 'api-version=2021-01-01';
/** What a call of ours asks for: `extend` more than any session has, so that the upstream has to be asked. */
const CREATE_BODY = JSON.stringify({ maxLeaseTimeMinutes: 60, size: 'Standard' });
const CREATE_V1_BODY = JSON.stringify({ maxLeaseTime: '1:0:0', models: [], size: 'standard' });
const EXTEND_BODY = JSON.stringify({ maxLeaseTimeMinutes: 600 });

const CALLS: Record<
  CallName,
  { method: string; action: string; handler: Handler; status: number; body?: string }
> = {
  heartbeat: { method: 'POST', action: '/heartbeat', handler: heartbeat2021, status: 200 },
  properties: { method: 'GET', action: '', handler: getSession, status: 200 },
  createV1: {
    ...{ method: 'POST', action: '/create', handler: createSessionV1, status: 202 },
    body: CREATE_V1_BODY,
  },
  create: { method: 'PUT', action: '', handler: createSession, status: 201, body: CREATE_BODY },
  extend: { method: 'PATCH', action: '', handler: updateSession, status: 200, body: EXTEND_BODY },
  stop: { method: 'POST', action: '/:stop', handler: stopSession, status: 204 },
  list: { method: 'GET', action: '', handler: listSessions, status: 200 },
};

type Handler = (services: Services) => HttpHandler;

export interface InsideSettings {
  table: Table;
  send: Send;
  clock: CheckedClock;
  upstreamUrl: string;
  /** By default there is no gap between calls, so that nothing is measured but work. */
  rules?: Partial<AccountRules>;
}

export const createInsideApp = async ({
  table,
  send,
  clock,
  upstreamUrl,
  rules = {},
}: InsideSettings): Promise<InsideApp> => {
  const accountId = INSIDE_ACCOUNT;
  const store = createStore(table, randomUUID);
  const source = { endpoint: upstreamUrl, tokenEndpoint: upstreamUrl, accountId, accountKey: INSIDE_KEY };
  const upstream = createUpstream(source, clock, send);
  const telemetry = {
    report(entry: Entry) {
      // Nothing goes wrong here but by a fault of the benchmark, or of the product.
      if (entry.kind === 'fault') throw new Error(`the keeper reports a fault: ${JSON.stringify(entry)}`);
    },
    measure: () => undefined,
  };
  const keeper = createKeeper({
    ...{ accountId, store, upstream, clock, telemetry },
    ...{ defaults: DEFAULTS, rules: { ...RULES, ...rules }, newId: randomUUID },
  });
  const tokens = createTokens([{ accountId, keys: [INSIDE_KEY] }], [INSIDE_SECRET], clock.now);
  const [readsPerSecond, writesPerSecond, heartbeatsPerSecond] = [1e9, 1e9, 1e9];
  const services: Services = {
    tokens,
    keepers: new Map([[accountId, keeper]]),
    throttle: createThrottle({ readsPerSecond, writesPerSecond, heartbeatsPerSecond }),
    continuations: createContinuations([INSIDE_SECRET]),
    ...{ publicUrl: undefined, telemetry, tracing: noTracing, now: clock.now },
  };
  const token = await tokens.issue(accountId, `Bearer ${accountId}:${INSIDE_KEY}`);
  const handlers = new Map(
    Object.entries(CALLS).map(([name, { handler }]) => [name as CallName, handler(services)]),
  );

  return {
    store,
    keeper,
    prepare(name, sessionId) {
      const { method, action, status, body } = CALLS[name];
      const handler = handlers.get(name);
      const isNameless = name === 'list' || name === 'createV1';
      const path = isNameless ? action : `/${sessionId}${action}`;
      const request = new HttpRequest({
        method,
        url: `${ORIGIN}/accounts/${accountId}/sessions${path}?${QUERY}`,
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        params: { accountId, sessionId },
        ...(body === undefined ? {} : { body: { string: body } }),
      });
      const context = new InvocationContext();
      return {
        async run() {
          const answer = await handler?.(request, context);
          if (answer === undefined || !('status' in answer) || answer.status !== status)
            throw new Error(`${name} answered ${JSON.stringify(answer)}`);
        },
      };
    },
  };
};
