import { createServer } from 'node:net';
import { errnoOf } from './errors.ts';

/** Where the API puts the ports of sessions; the last one may be used. */
export const FIRST_PORT = 49_152;
export const LAST_PORT = 65_534;

const PORT_COUNT = LAST_PORT - FIRST_PORT + 1;

/**
 * The first `count` free ports from a chance place in the range on, skipping those in `used`; undefined where there
 * are not that many. `random` yields a number in [0, 1): hosts that start at different places seldom meet.
 */
export const choosePorts = async (
  count: number,
  used: ReadonlySet<number>,
  random: () => number,
  isFree: (port: number) => Promise<boolean>,
): Promise<number[] | undefined> => {
  const start = Math.floor(random() * PORT_COUNT);
  const chosen: number[] = [];
  for (let offset = 0; offset < PORT_COUNT && chosen.length < count; offset += 1) {
    const port = FIRST_PORT + ((start + offset) % PORT_COUNT);
    if (!used.has(port) && (await isFree(port))) chosen.push(port);
  }
  return chosen.length === count ? chosen : undefined;
};

/** Whether a server could listen on this loopback port now. */
export const isPortFree = (port: number): Promise<boolean> =>
  new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', (error) => {
      // Taken, or reserved for others: both mean "not this one".
      if (errnoOf(error) === 'EADDRINUSE' || errnoOf(error) === 'EACCES') resolve(false);
      else reject(error);
    });
    probe.listen({ port, host: '127.0.0.1', exclusive: true }, () => probe.close(() => resolve(true)));
  });
