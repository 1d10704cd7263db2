import { createServer } from 'node:http';

/**
 * What runs for a session unless SESSION_HOST_COMMAND names something better: it listens on the session's handshake
 * port and says who it is. It has no part in the lease; the session host ends it.
 */

const body = JSON.stringify({
  sessionId: process.env.LEASE_KEEPER_SESSION,
  size: process.env.LEASE_KEEPER_SIZE,
  models: JSON.parse(process.env.LEASE_KEEPER_MODELS ?? '[]'),
  pid: process.pid,
});

/** The port was free when it was chosen; a connection of somebody's may have been given it since, for a moment. */
const RETRY_MS = 100;
const GIVE_UP_MS = 10_000;
const startedAt = performance.now();

const server = createServer((_, response) => {
  response.writeHead(200, { 'Content-Type': 'application/json; charset=utf-8' }).end(body);
});
const listen = (): void => {
  server.listen(Number(process.env.LEASE_KEEPER_PORT), '127.0.0.1');
};
server.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EADDRINUSE' || performance.now() - startedAt > GIVE_UP_MS) throw error;
  setTimeout(listen, RETRY_MS);
});
listen();
