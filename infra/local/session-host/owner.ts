import { rmSync, writeFileSync } from 'node:fs';
import * as z from 'zod';
import { readIfThere } from './books-file.ts';
import type { ProcessIdentity } from './entry.ts';
import { errnoOf, StartError } from './errors.ts';

const ownerSchema = z.object({ pid: z.number().int().min(1), start: z.string() });

/**
 * Makes this process the one session host of a data folder: two of them would write the same books. What a killed
 * one has left behind does not count.
 *
 * @throws StartError where another one runs
 */
export const takeOwnership = (
  path: string,
  self: ProcessIdentity,
  isAlive: (identity: ProcessIdentity) => boolean,
): void => {
  const owner = readOwner(path);
  if (owner !== undefined && isAlive(owner)) {
    throw new StartError(`another session host, process ${owner.pid}, works in this data folder (${path})`);
  }
  rmSync(path, { force: true });
  try {
    // 'wx': of two that start in the same moment only one gets through.
    writeFileSync(path, JSON.stringify(self), { flag: 'wx' });
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error;
    throw new StartError(`another session host has just been started in this data folder (${path})`, error);
  }
};

const readOwner = (path: string): ProcessIdentity | undefined => {
  const text = readIfThere(path);
  if (text === undefined) return undefined;
  try {
    return ownerSchema.safeParse(JSON.parse(text)).data;
  } catch (error) {
    // Cut off by a crash while it was written: its writer is dead.
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
};
