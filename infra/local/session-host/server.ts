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

createServer((_, response) => {
  response.writeHead(200, { 'Content-Type': 'application/json; charset=utf-8' }).end(body);
}).listen(Number(process.env.LEASE_KEEPER_PORT), '127.0.0.1');
