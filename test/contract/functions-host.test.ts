import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, request as httpRequest, type IncomingHttpHeaders, type OutgoingHttpHeaders } from 'node:http';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type AzuriteQueue, queueConnectionString, startAzuriteQueue } from './azurite-queue.ts';
import { eventOf, type HostProcess, type ReadyMessage, startHostProcess } from './functions-host-process.ts';

interface Answer {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

interface Ask {
  readonly method?: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: string | Uint8Array;
  readonly agent?: Agent;
}

/** Unlike fetch, it sends the path exactly as it is given. */
const ask = (
  port: number,
  path: string,
  { method = 'GET', headers = {}, body, agent }: Ask = {},
): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port, path, method, headers, ...(agent && { agent }) };
    const request = httpRequest(options, (response) => {
      text(response).then((received) => {
        resolve({ status: response.statusCode, headers: response.headers, body: received });
      }, reject);
    });
    request.on('error', reject);
    request.on('continue', () => request.end(body));
    if (headers.expect === undefined) request.end(body);
    else request.flushHeaders();
  });

/** No queue service is there. */
const NOWHERE = queueConnectionString(1);

const refused = (fault: string) => {
  const host = startHostProcess({ FIXTURE_FAULT: fault, AzureWebJobsStorage: NOWHERE });
  return host.ended
    .then((code) => ({ code, out: host.out.all.join('\n'), err: host.err.all.join('\n') }))
    .finally(() => host.dispose());
};

describe('an app that runs', () => {
  let azurite: AzuriteQueue;
  let host: HostProcess;
  let ready: ReadyMessage;
  let port: number;

  beforeAll(async () => {
    azurite = await startAzuriteQueue();
    host = startHostProcess({ AzureWebJobsStorage: azurite.connectionString, NOWHERE });
    ready = await host.ready();
    port = ready.port;
  });

  afterAll(async () => {
    await host.dispose();
    await azurite.stop();
  });

  test('says what it runs, to people and over IPC', async () => {
    const url = `http://127.0.0.1:${port}/fixture/echo/{first}/{second}`;
    const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];
    expect(ready.functions).toContainEqual({ name: 'echo', trigger: 'httpTrigger', methods, url });
    expect(ready.functions).toContainEqual({ name: 'tick', trigger: 'timerTrigger' });
    expect(ready.functions).toContainEqual({ name: 'work', trigger: 'queueTrigger' });
    await host.out.first((line) => (line.includes('buried') ? line : undefined));
    expect(host.out.all).toContain('Functions:');
    expect(host.out.all).toContain(`        echo: [GET,POST,PUT,PATCH,DELETE] ${url}`);
    expect(host.out.all).toContain('        tick: timerTrigger');
  });

  test('its process id is in the data folder', () => {
    expect(readFileSync(join(host.dataFolder, 'functions.pid'), 'utf8')).toBe(String(host.child.pid));
  });

  describe('requests', () => {
    test('arrive whole', async () => {
      const { status, headers, body } = await ask(port, '/Fixture/ECHO/a%20b/c%2Fd/?q=1&q=2&r=%C3%A4&s', {
        method: 'POST',
        headers: { 'X-Twice': ['one', 'two'], 'Content-Type': 'text/plain' },
        body: 'the body',
      });
      expect(status).toBe(200);
      expect(headers).toMatchObject({
        'content-type': 'application/json',
        'content-length': String(Buffer.byteLength(body)),
      });
      expect(headers).not.toHaveProperty('x-powered-by');
      expect(headers).not.toHaveProperty('server');
      expect(JSON.parse(body)).toMatchObject({
        function: 'echo',
        method: 'POST',
        url: `http://127.0.0.1:${port}/Fixture/ECHO/a%20b/c%2Fd/?q=1&q=2&r=%C3%A4&s`,
        params: { first: 'a b', second: 'c%2Fd' },
        query: { q: '1,2', r: 'ä', s: '' },
        headers: { 'x-twice': 'one,two', 'content-type': 'text/plain', host: `127.0.0.1:${port}` },
        body: 'the body',
      });
    });

    test('of GET have no body, and those of POST may be empty or in chunks', async () => {
      const chunked = { 'transfer-encoding': 'chunked' };
      const get = await ask(port, '/fixture/echo/a/b', { headers: chunked, body: 'ignored' });
      expect(JSON.parse(get.body)).toMatchObject({ hasBody: false, body: '' });
      const empty = await ask(port, '/fixture/echo/a/b', { method: 'POST' });
      expect(JSON.parse(empty.body)).toMatchObject({ hasBody: false, body: '' });
      const chunks = await ask(port, '/fixture/echo/a/b', {
        method: 'PUT',
        headers: chunked,
        body: 'in chunks',
      });
      expect(JSON.parse(chunks.body)).toMatchObject({ method: 'PUT', body: 'in chunks' });
    });

    test('may ask first whether to go on', async () => {
      const headers = { expect: '100-continue' };
      const { body } = await ask(port, '/fixture/echo/a/b', { method: 'POST', headers, body: 'after 100' });
      expect(JSON.parse(body)).toMatchObject({ body: 'after 100' });
      expect((await ask(port, '/nowhere', { method: 'POST', headers, body: 'never sent' })).status).toBe(404);
    });

    test.each([
      ['GET', '/fixture/sessions/latest', 'read'],
      ['POST', '/fixture/sessions/latest', 'latest'],
      ['POST', '/fixture/sessions/latest/:stop', 'stop'],
      ['GET', '/fixture/files/a/../b/./c', 'files'],
      ['GET', '/fixture/named', 'named'],
    ])('%s %s reaches %s', async (method, path, name) => {
      const { status, body } = await ask(port, path, { method });
      expect(status).toBe(200);
      expect(JSON.parse(body)).toMatchObject({ function: name, method });
    });

    test.each([
      ['GET', '/fixture', 404],
      ['GET', '/echo/a/b', 404],
      ['PATCH', '/fixture/sessions/latest', 404],
      ['HEAD', '/fixture/named', 404],
      ['GET', '/fixture/files/%zz', 400],
      ['GET', '/nowhere/%', 400],
      ['GET', '*', 400],
    ])('%s %s is answered %i without a body', async (method, path, status) => {
      expect(await ask(port, path, { method })).toMatchObject({ status, body: '' });
    });

    test.each([['a b'], ['user@127.0.0.1'], ['127.0.0.1/x']])(
      'with the Host %s are refused',
      async (name) => {
        expect(await ask(port, '/fixture/named', { headers: { host: name } })).toMatchObject({ status: 400 });
      },
    );

    test('larger than 10 MiB are refused, with and without a length', async () => {
      const body = new Uint8Array(10 * 1024 * 1024 + 1).fill(0x61);
      const headers = { 'transfer-encoding': 'chunked' };
      const path = '/fixture/echo/a/b';
      expect(await ask(port, path, { method: 'POST', headers, body })).toMatchObject({
        status: 413,
        body: '',
      });
      const expecting = { expect: '100-continue', 'content-length': body.length };
      expect(await ask(port, path, { method: 'POST', headers: expecting })).toMatchObject({
        status: 413,
        body: '',
      });
      expect((await ask(port, path, { method: 'POST', body: body.subarray(1) })).status).toBe(200);
    });

    test('share a connection', async () => {
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      const used = new Set<unknown>();
      agent.on('free', (socket) => used.add(socket));
      for (const path of [
        '/fixture/named',
        '/nowhere',
        '/fixture/throws',
        '/fixture/nothing',
        '/fixture/headed',
      ])
        await ask(port, path, { agent });
      expect(used.size).toBe(1);
      agent.destroy();
    });

    test('that break off do no harm', async () => {
      const socket = connect(port, '127.0.0.1');
      socket.end('POST /fixture/echo/a/b HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\nhalf');
      await text(socket);
      expect((await ask(port, '/fixture/named')).status).toBe(200);
    });
  });

  describe('answers', () => {
    test('carry repeated headers and cookies', async () => {
      const { headers } = await ask(port, '/fixture/cookies');
      expect(headers['x-many']).toBe('one, two');
      expect(headers['set-cookie']).toEqual([
        'plain=1',
        'a=b%20c; max-age=60; path=/; secure; samesite=strict; httponly',
        'd=e; expires=Tue, 01 Jan 2030 00:00:00 GMT; domain=example.org; path=/here',
      ]);
    });

    test.each([200, 205, 204, 304, 418])('of status %i', async (status) => {
      expect(await ask(port, `/fixture/status/${status}`)).toMatchObject({ status, body: '' });
    });

    test('may be bytes, nothing, or only a head', async () => {
      const bytes = await fetch(`http://127.0.0.1:${port}/fixture/bytes`);
      expect(bytes.status).toBe(201);
      expect([...new Uint8Array(await bytes.arrayBuffer())]).toEqual([0, 255, 10]);
      expect(await ask(port, '/fixture/nothing')).toMatchObject({ status: 204, body: '' });
      const head = await ask(port, '/fixture/headed', { method: 'HEAD' });
      expect(head).toMatchObject({
        status: 200,
        body: '',
        headers: { 'content-length': '12', 'x-head': 'yes' },
      });
    });

    test.each([
      ['throws', 'throws failed: Error: thrown on purpose'],
      ['text', 'The HTTP response must be an object'],
      ['status/99', 'failed: RangeError'],
      ['slow/2300', 'slow took longer than 2000 ms (functionTimeout)'],
    ])('of %s are 500, and the reason is in the log', async (path, reason) => {
      expect(await ask(port, `/fixture/${path}`)).toMatchObject({ status: 500, body: '' });
      const line = await host.err.first((one) => (one.includes(reason) ? one : undefined));
      expect(line).toMatch(/^functions host: /);
    });
  });

  test('its log is printed as it is, from information upwards and through the log hooks', async () => {
    await ask(port, '/fixture/logs');
    await host.out.first((line) => (line === 'a ***** of logs' ? line : undefined));
    expect(host.out.all).toContain('{"event":"log","text":"as it is"}');
    expect(host.out.all).toContain('plain error');
    expect(host.out.all).not.toContain('not shown');
  });

  test('hooks of invocations share their data and may change the result', async () => {
    expect((await ask(port, '/fixture/hooked')).body).toBe('after');
  });

  describe('timers', () => {
    test('know their schedule, and go on after a failure', async () => {
      const first = await host.out.first(eventOf('tick', ({ runs }) => runs === 1));
      const second = await host.out.first(eventOf('tick', ({ runs }) => runs === 2));
      const never = '0001-01-01T00:00:00+00:00';
      const schedule = { adjustForDST: true };
      expect(first).toMatchObject({ timer: { isPastDue: false, schedule, scheduleStatus: { last: never } } });
      const { timer } = second as unknown as { timer: { scheduleStatus: { last: string; next: string } } };
      expect(timer.scheduleStatus.next).toMatch(/:\d\d\.000Z$/);
      expect(Date.parse(timer.scheduleStatus.next)).toBeGreaterThan(Date.parse(timer.scheduleStatus.last));
      await host.err.first((line) =>
        line.includes('tick failed: Error: the first tick fails') ? line : undefined,
      );
    });

    test('never overlap themselves', async () => {
      await host.out.first((line) =>
        host.out.all.filter((one) => eventOf('overlong')(one)).length >= 3 ? line : undefined,
      );
      for (const line of host.out.all)
        expect(eventOf('overlong', ({ running }) => running !== 1)(line)).toBeUndefined();
    });
  });

  describe('queues', () => {
    const send = (value: unknown): Promise<Answer> =>
      ask(port, '/fixture/enqueue', { method: 'POST', body: JSON.stringify(value) });
    const worked = (message: unknown) =>
      host.out.first(eventOf('work', (logged) => JSON.stringify(logged.message) === JSON.stringify(message)));

    test('take what an HTTP function puts out, and hand it to a queue function', async () => {
      expect((await send({ account: 'ä' })).status).toBe(202);
      const { metadata } = await worked({ account: 'ä' });
      expect(metadata).toEqual({
        id: expect.stringMatching(/^[0-9a-f-]{36}$/),
        popReceipt: expect.any(String),
        dequeueCount: 1,
        insertionTime: expect.stringMatching(/Z$/),
        expirationTime: expect.stringMatching(/Z$/),
        nextVisibleTime: expect.stringMatching(/Z$/),
      });
    });

    test('take an array as one message for each element', async () => {
      await send(['first of two', { second: 'of two' }]);
      await worked('first of two');
      await worked({ second: 'of two' });
    });

    test('take more messages than one batch', async () => {
      const messages = Array.from({ length: 20 }, (_, index) => `one of twenty: ${index}`);
      await send(messages);
      await Promise.all(messages.map(worked));
    });

    test('give a message that keeps failing to the poison queue', async () => {
      await ask(port, '/fixture/enqueueBad', { method: 'POST' });
      await host.out.first(eventOf('bad', ({ dequeueCount }) => dequeueCount === 2));
      await worked({ buried: 'cannot be done' });
      expect(host.out.all.filter((line) => eventOf('bad')(line))).toHaveLength(2);
      await host.err.first((line) =>
        /went to "bad-poison": 2 deliveries failed/.test(line) ? line : undefined,
      );
    });

    test('that cannot be reached make an output fail, and the answer with it', async () => {
      expect(await ask(port, '/fixture/enqueueNowhere', { method: 'POST' })).toMatchObject({
        status: 500,
        body: '',
      });
      const reason = 'the output to the queue "work" could not be sent: ECONNREFUSED';
      await host.err.first((line) => (line.includes(reason) ? line : undefined));
    });
  });
});

test('a queue service that goes away is one line in the log, and is used again when it is back', async () => {
  const first = await startAzuriteQueue();
  const host = startHostProcess({ AzureWebJobsStorage: first.connectionString, NOWHERE });
  try {
    const { port } = await host.ready();
    await first.stop();
    await host.err.first((line) => (line.includes('is down') ? line : undefined));
    const second = await startAzuriteQueue(first.port);
    try {
      const enqueued = await ask(port, '/fixture/enqueue', { method: 'POST', body: '"after the outage"' });
      expect(enqueued.status).toBe(202);
      await host.out.first(eventOf('work', ({ message }) => message === 'after the outage'));
      expect(host.err.all.filter((line) => line.includes('the queue service'))).toEqual([
        'functions host: the queue service (AzureWebJobsStorage) is down: ECONNREFUSED; trying again',
      ]);
    } finally {
      await second.stop();
    }
  } finally {
    await host.dispose();
  }
});

describe('the end', () => {
  const start = async (): Promise<{ host: HostProcess; port: number }> => {
    const host = startHostProcess({ AzureWebJobsStorage: NOWHERE, NOWHERE });
    return { host, port: (await host.ready()).port };
  };

  test.each<[how: string, end: (host: HostProcess) => void]>([
    ['SIGINT', ({ child }) => child.kill('SIGINT')],
    ['SIGHUP', ({ child }) => child.kill('SIGHUP')],
    ['the message { stop: true }', ({ child }) => child.send({ stop: true })],
    ['the death of the parent', ({ child }) => child.disconnect()],
    ['an output that nobody reads', ({ child }) => child.stdout?.destroy()],
  ])('comes with %s', async (_how, end) => {
    const { host } = await start();
    try {
      end(host);
      expect(await host.ended).toBe(0);
      expect(existsSync(join(host.dataFolder, 'functions.pid'))).toBe(false);
    } finally {
      await host.dispose();
    }
  });

  test('lets what is running finish, however often SIGTERM comes', async () => {
    const { host, port } = await start();
    try {
      const answer = ask(port, '/fixture/slow/700', { agent: new Agent({ keepAlive: true }) });
      await host.out.first(eventOf('slow'));
      host.child.kill('SIGTERM');
      host.child.kill('SIGTERM');
      expect(await answer).toMatchObject({ status: 200, body: 'done', headers: { connection: 'close' } });
      host.child.kill('SIGTERM');
      expect(await host.ended).toBe(0);
      expect(host.out.all.at(-1)).toBe('{"event":"appTerminate","started":"yes"}');
    } finally {
      await host.dispose();
    }
  });

  test('leaves the pid file of another host alone', async () => {
    const { host } = await start();
    try {
      const path = join(host.dataFolder, 'functions.pid');
      writeFileSync(path, '1');
      host.child.kill('SIGTERM');
      expect(await host.ended).toBe(0);
      expect(readFileSync(path, 'utf8')).toBe('1');
    } finally {
      await host.dispose();
    }
  });
});

describe('an app that cannot run', () => {
  test.each([
    ['throws', 1, 'Error: the entry throws'],
    ['zero functions', 1, 'registers no functions'],
    ['appStart hook', 1, 'Error: the hook throws'],
    ['blob trigger', 1, 'function "blob" has a blobTrigger, which is not supported here'],
    ['table output', 1, 'function "table" has an output of type table, which is not supported here'],
    ['extra input', 1, 'function "input" has a blob, which is not supported here'],
    ['http stream', 1, 'enableHttpStream is not supported here'],
    ['retry', 1, 'function "retries" has retry options'],
    ['auth level', 1, 'function "keyed" has authLevel "function"'],
    ['trigger setting', 1, 'function "strange" has the setting "webHookType"'],
    ['no handler', 1, 'function "idle" has no handler'],
    ['same route', 1, 'both match GET requests'],
    ['route constraint', 1, 'has the segment "{x:int}"'],
    ['schedule', 1, 'the schedule "0 0 0 31 2 *" never comes'],
    ['five fields', 1, 'it has 5 fields, not six'],
    ['queue name', 1, '"LOUD", which cannot be the name of a queue'],
    ['connection', 1, 'MISSING is not set; the queue "lost" needs it'],
  ])('because of: %s', async (fault, code, message) => {
    const end = await refused(fault);
    expect(end.err).toContain(message);
    expect(end.err).toMatch(/^functions host: /);
    expect(end).toMatchObject({ code, out: '' });
  });

  test('because of its settings: only the message, and exit code 78', async () => {
    const err = '- FIRST is missing\n- SECOND is wrong';
    expect(await refused('config')).toEqual({ code: 78, out: '', err });
  });

  test('because its port is taken', async () => {
    const other = createServer();
    const port = await new Promise<number>((resolve) => {
      other.listen(0, '127.0.0.1', () => resolve((other.address() as { port: number }).port));
    });
    const host = startHostProcess({ PORT: String(port), AzureWebJobsStorage: NOWHERE, NOWHERE });
    try {
      expect(await host.ended).toBe(1);
      expect(host.err.all).toEqual([`functions host: port ${port} (PORT) is taken`]);
      expect(existsSync(host.dataFolder)).toBe(false);
    } finally {
      await host.dispose();
      other.close();
    }
  });

  test.each([
    [{ PORT: '70000' }, 'PORT is "70000", which is no port'],
    [{ LEASE_KEEPER_APP: '/nowhere' }, '/nowhere/host.json does not exist'],
  ])('because of the settings %o', async (env, message) => {
    const host = startHostProcess(env);
    expect(await host.ended).toBe(1);
    expect(host.err.all).toEqual([`functions host: ${message}`]);
    await host.dispose();
  });

  test('because it has not been built', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'unbuilt-app-'));
    writeFileSync(join(folder, 'package.json'), '{ "main": "dist/app.js" }');
    writeFileSync(join(folder, 'host.json'), '{ "version": "2.0" }');
    const host = startHostProcess({ LEASE_KEEPER_APP: folder });
    expect(await host.ended).toBe(1);
    expect(host.err.all.join()).toContain('dist/app.js does not exist; has the app been built?');
    await host.dispose();
    rmSync(folder, { recursive: true });
  });
});
