/**
 * An app for the tests of the functions host: it shows what reaches a function, and logs one line of JSON for each
 * event. `FIXTURE_FAULT` makes it an app that cannot start.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { app } from '@azure/functions';
import { registerFault } from './faults.js';
import { registerQueues } from './queues.js';
import { registerTimers } from './timers.js';

const fault = process.env.FIXTURE_FAULT;

const echo = async (request, context) => ({
  jsonBody: {
    function: context.functionName,
    method: request.method,
    url: request.url,
    params: request.params,
    query: Object.fromEntries(request.query),
    headers: Object.fromEntries(request.headers),
    hasBody: request.body !== null,
    body: await request.text(),
  },
});

const registerHttp = () => {
  const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];
  app.http('echo', { methods, route: 'echo/{first}/{second}', handler: echo });
  app.http('read', { methods: ['GET'], route: 'sessions/{id}', handler: echo });
  app.http('latest', { methods: ['POST'], route: 'sessions/latest', handler: echo });
  app.http('stop', { methods: ['POST'], route: 'sessions/{id}/:stop', handler: echo });
  app.http('files', { methods: ['GET'], route: 'files/{*rest}', handler: echo });
  app.http('named', { methods: ['GET'], handler: echo });
  app.http('headed', {
    methods: ['GET', 'HEAD'],
    handler: () => ({ body: 'twelve bytes', headers: { 'x-head': 'yes' } }),
  });
  app.http('cookies', {
    methods: ['GET'],
    handler: () => ({
      headers: [
        ['x-many', 'one'],
        ['x-many', 'two'],
        ['set-cookie', 'plain=1'],
      ],
      cookies: [
        { name: 'a', value: 'b c', maxAge: 60, httpOnly: true, secure: true, sameSite: 'Strict' },
        {
          name: 'd',
          value: 'e',
          path: '/here',
          domain: 'example.org',
          expires: new Date(Date.UTC(2030, 0, 1)),
        },
      ],
    }),
  });
  app.http('status', {
    methods: ['GET'],
    route: 'status/{status}',
    handler: ({ params }) => ({ status: Number(params.status) }),
  });
  app.http('bytes', {
    methods: ['GET'],
    handler: () => ({ body: new Uint8Array([0, 255, 10]), status: 201 }),
  });
  app.http('nothing', { methods: ['GET'], handler: () => undefined });
  app.http('text', { methods: ['GET'], handler: () => 'not a response' });
  app.http('throws', {
    methods: ['GET'],
    handler: () => {
      throw new Error('thrown on purpose');
    },
  });
  app.http('slow', {
    methods: ['GET'],
    route: 'slow/{milliseconds}',
    handler: async ({ params }, context) => {
      context.log(JSON.stringify({ event: 'slow' }));
      await sleep(Number(params.milliseconds));
      return { body: 'done' };
    },
  });
  app.http('logs', {
    methods: ['GET'],
    handler: (_request, context) => {
      context.trace('not shown');
      context.debug('not shown');
      context.log('{"event":"log","text":"as it is"}');
      context.error('plain %s', 'error');
      context.log('a secret');
      return {};
    },
  });
  app.http('hooked', { methods: ['GET'], handler: () => ({ body: 'before' }) });
};

const registerHooks = () => {
  app.hook.appStart((context) => {
    context.hookData.started = 'yes';
    console.log(JSON.stringify({ event: 'appStart' }));
  });
  app.hook.appTerminate((context) =>
    console.log(JSON.stringify({ event: 'appTerminate', started: context.hookData.started })),
  );
  app.hook.preInvocation((context) => {
    if (context.invocationContext.functionName === 'hooked') context.hookData.word = 'after';
  });
  app.hook.postInvocation((context) => {
    if (context.invocationContext.functionName === 'hooked') context.result = { body: context.hookData.word };
  });
  app.hook.log((context) => {
    context.message = context.message.replace(
      'secret',
      `***** of ${context.invocationContext?.functionName}`,
    );
  });
};

if (fault === undefined) {
  registerHooks();
  registerHttp();
  registerTimers();
  registerQueues();
} else {
  registerFault(fault);
}
