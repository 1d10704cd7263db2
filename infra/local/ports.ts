import { createConnection, createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/** Ports of the local stack; everything listens on 127.0.0.1 alone. */

const HOST = '127.0.0.1';

/** A port that another program holds. The message names the port and the setting that moves it. */
export class PortTakenError extends Error {
  constructor(port: number, setting: string) {
    super(`port ${port} (${setting}) is taken`);
    this.name = 'PortTakenError';
  }
}

/** @throws PortTakenError for the first port that something listens on */
export const assertPortsFree = async (portsBySetting: Readonly<Record<string, number>>): Promise<void> => {
  for (const [setting, port] of Object.entries(portsBySetting)) {
    if (!(await isFree(port))) throw new PortTakenError(port, setting);
  }
};

const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(false);
      else reject(error);
    });
    server.listen(port, HOST, () => server.close(() => resolve(true)));
  });

/** Below the ports that the system gives to outgoing connections, which could take one between two starts. */
const FIRST_PORT = 20_000;
const PORT_COUNT = 10_000;
/** Some stacks' worth. */
export const PORTS_EACH = 50;

/** How far this process has looked: what it has found a moment ago, it may not have begun to use. */
let looked = Math.floor(Math.random() * PORTS_EACH);

/**
 * So many different ports that are free now. Between that and their use, another process may look as well: each looks in
 * a range of its own, because the ids of processes that are started together are close to each other.
 *
 * @throws Error where there are not that many
 */
export const freePorts = async (count: number, processId = process.pid): Promise<number[]> => {
  const first = FIRST_PORT + ((processId * PORTS_EACH) % PORT_COUNT);
  const ports: number[] = [];
  for (let look = 0; look < PORTS_EACH && ports.length < count; look += 1) {
    const port = first + (looked % PORTS_EACH);
    looked += 1;
    if (await isFree(port)) ports.push(port);
  }
  if (ports.length < count) throw new Error(`no ${count} ports are free from ${first} on`);
  return ports;
};

const CONNECT_AGAIN_MS = 50;

/** Resolves once something accepts connections on the port; gives up when the signal aborts. */
export const listening = async (port: number, signal: AbortSignal): Promise<void> => {
  while (!(await connects(port))) await delay(CONNECT_AGAIN_MS, undefined, { signal });
};

const connects = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = createConnection({ port, host: HOST });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
