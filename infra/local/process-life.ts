import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What every process of the local stack does alike: hear that it is to end, and say which process it is. */

const PARENT_LOOK_MS = 500;

/**
 * Resolves when somebody wants this process to end: a signal, a message `{ stop: true }` of the parent, or the
 * parent's death (told by its channel, or seen by a new parent). Further requests are harmless.
 */
export const stopRequested = (): Promise<void> =>
  new Promise((resolve) => {
    const request = (): void => resolve();
    // The listeners stay, so that a repeated signal does not end the process in the middle of its end.
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, request);
    process.on('disconnect', request);
    process.on('message', (message: unknown) => {
      if (typeof message === 'object' && message !== null && 'stop' in message && message.stop === true)
        request();
    });
    // Whoever read the output is gone, and with them the reason to run.
    for (const stream of [process.stdout, process.stderr]) stream.on('error', request);
    // The parent may have gone before anybody listened; without a channel to it this is undefined.
    if (process.connected === false) request();
    const parent = process.ppid;
    const look = setInterval(() => {
      if (process.ppid === parent) return;
      clearInterval(look);
      request();
    }, PARENT_LOOK_MS);
    look.unref();
  });

/**
 * Writes the id of this process to `{name}.pid` in the data folder, which is made if it is missing.
 * Returns how to take it away again; a file that another process has written over it meanwhile stays.
 */
export const writePidFile = (dataFolder: string, name: string): (() => void) => {
  mkdirSync(dataFolder, { recursive: true });
  const path = join(dataFolder, `${name}.pid`);
  const id = String(process.pid);
  writeFileSync(path, id);
  return () => {
    if (existsSync(path) && readFileSync(path, 'utf8') === id) rmSync(path);
  };
};
