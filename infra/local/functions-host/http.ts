import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { HostedFunction, HttpTrigger } from './bindings.ts';
import type { HttpDatum } from './core-types.ts';
import { announcesTooMuch, readBody, requestDatum, requestUrl } from './http-request.ts';
import { answer, answerEmpty } from './http-response.ts';
import type { Run } from './invoke.ts';
import type { HostLog } from './log.ts';
import { createRouter, RouteError } from './routes.ts';
import { StartupError } from './startup-error.ts';

const ADDRESS = '127.0.0.1';

/** A local request arrives at once; these only end connections of clients that hang. */
const HEADERS_TIMEOUT_MILLISECONDS = 10_000;
const REQUEST_TIMEOUT_MILLISECONDS = 60_000;
/** As long as Azure's own server keeps an idle connection. */
const KEEP_ALIVE_MILLISECONDS = 130_000;

export interface HttpFunction {
  readonly fn: HostedFunction<HttpTrigger>;
  readonly run: Run;
}

export interface HttpHost {
  /** Listens on 127.0.0.1 and nowhere else; `port` 0 = any free one. Answers with the port. */
  listen(port: number): Promise<number>;
  /** Accepts nothing new; settles once every connection is closed. */
  close(): Promise<void>;
  /** Cuts what is still open. */
  cut(): void;
}

/** The full route of an HTTP function, without a slash at the start. */
export const routeOf = (trigger: HttpTrigger, routePrefix: string): string =>
  [routePrefix, trigger.route].filter((part) => part !== '').join('/');

/** Azure keeps these for itself, and refuses to start an app that uses them. */
const isReserved = (route: string): boolean => /^(?:admin|runtime)(?:\/|$)/i.test(route);

const routerOf = (functions: readonly HttpFunction[], routePrefix: string) => {
  const routes = functions.map((target) => {
    const { name, trigger } = target.fn;
    const template = routeOf(trigger, routePrefix);
    if (isReserved(template))
      throw new StartupError(`function "${name}" has the route "${template}", kept by Azure`);
    return { template, methods: trigger.methods, target };
  });
  try {
    return createRouter(routes);
  } catch (error) {
    if (error instanceof RouteError) throw new StartupError(error.message, { cause: error });
    throw error;
  }
};

const listen = (server: Server, port: number): Promise<number> =>
  new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const taken = error.code === 'EADDRINUSE';
      reject(taken ? new StartupError(`port ${port} (PORT) is taken`, { cause: error }) : error);
    });
    server.listen(port, ADDRESS, () => resolve((server.address() as AddressInfo).port));
  });

/** The HTTP side of the host. Throws a StartupError for routes that are not supported or cannot be told apart. */
export const createHttpHost = (
  functions: readonly HttpFunction[],
  routePrefix: string,
  log: HostLog,
): HttpHost => {
  const route = routerOf(functions, routePrefix);

  /** A connection that is still busy when the host stops must not wait for a next request. */
  const closeIfStopping = (response: ServerResponse): void => {
    if (!server.listening) response.setHeader('connection', 'close');
  };

  const invoke = async (
    { fn, run }: HttpFunction,
    datum: HttpDatum,
    traceParent: string | undefined,
    response: ServerResponse,
  ): Promise<void> => {
    try {
      const { returnValue } = await run({ http: datum }, {}, traceParent).response;
      closeIfStopping(response);
      answer(response, returnValue);
    } catch (error) {
      log.error(`${fn.name} failed`, error);
      for (const name of response.getHeaderNames()) response.removeHeader(name);
      closeIfStopping(response);
      answerEmpty(response, 500);
    }
  };

  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    closeIfStopping(response);
    const method = request.method ?? 'GET';
    const url = requestUrl(request, ADDRESS);
    const match = url === undefined ? undefined : route(method, url.pathname);
    if (url === undefined || match === undefined || match.type === 'malformed')
      return answerEmpty(response, 400);
    if (match.type === 'none') return answerEmpty(response, 404);
    const takesBody = method !== 'GET' && method !== 'HEAD';
    if (takesBody && announcesTooMuch(request)) return answerEmpty(response, 413);
    // Said only now, so that a client that asks first need not send what nobody wants.
    if (request.headers.expect !== undefined) response.writeContinue();
    const body = takesBody ? await readBody(request) : new Uint8Array();
    if (body === undefined) return answerEmpty(response, 413);
    const [traceParent] = request.headersDistinct.traceparent ?? [];
    await invoke(match.target, requestDatum(request, url, match.params, body), traceParent, response);
  };

  const onRequest = (request: IncomingMessage, response: ServerResponse): void => {
    serve(request, response).catch((error: unknown) => {
      // A client that goes away in the middle of its own request leaves nobody to answer to.
      if (request.complete) log.error(`${request.method} ${request.url} could not be answered`, error);
      response.destroy();
    });
  };

  const server = createServer({
    headersTimeout: HEADERS_TIMEOUT_MILLISECONDS,
    requestTimeout: REQUEST_TIMEOUT_MILLISECONDS,
    keepAliveTimeout: KEEP_ALIVE_MILLISECONDS,
  });
  server.on('request', onRequest);
  server.on('checkContinue', onRequest);

  return {
    listen: (port) => listen(server, port),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
      }),
    cut: () => server.closeAllConnections(),
  };
};
