import { appendFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';

/**
 * For `node --import`: no connection of this process leaves the machine. Each that is tried fails, and its address is
 * left in the file `left.txt` of the folder LOADED_FILES.
 */

const folder = process.env.LOADED_FILES;
const LOOPBACK = /^(127(\.\d+){3}|localhost|::1)$/;

interface Target {
  host?: string | undefined;
  port?: number | string;
  path?: string;
}

/** What is called with a list (`[options, callback]`) is called by Node itself. */
const targetOf = ([first, second]: readonly unknown[]): Target => {
  const options = Array.isArray(first) ? first[0] : first;
  if (typeof options === 'object' && options !== null) return options as Target;
  return { port: Number(options), host: typeof second === 'string' ? second : undefined };
};

const connect = Socket.prototype.connect as (this: Socket, ...args: unknown[]) => Socket;
Socket.prototype.connect = function (this: Socket, ...args: unknown[]): Socket {
  const { host = 'localhost', port, path } = targetOf(args);
  if (path !== undefined || LOOPBACK.test(host)) return connect.apply(this, args);
  if (folder !== undefined) appendFileSync(join(folder, 'left.txt'), `${host}:${port}\n`);
  return this.destroy(new Error(`${host} is not this machine`));
} as typeof Socket.prototype.connect;
