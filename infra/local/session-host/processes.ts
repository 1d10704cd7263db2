import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { ProcessIdentity } from './entry.ts';
import { errnoOf } from './errors.ts';
import { listProcesses, readProcess } from './process-table.ts';

/** How long a process group has to end by itself before it is killed. */
const TERMINATE_MS = 2000;
const POLL_MS = 25;

export interface Launch {
  command: readonly string[];
  environment: Readonly<Record<string, string>>;
  /** Its output is appended to this file. */
  logFile: string;
}

/** How a process ended: one of both. */
export interface Exit {
  code: number | null;
  signal: string | null;
}

/**
 * Starts a process in a group of its own, so that it outlives this one and can be ended with all that it starts.
 * Everything up to the identity happens before this first yields: there is no other event in between. Rejects with
 * the system's error where it cannot be started; `onExit` is then not called.
 */
export const startProcess = async (
  launch: Launch,
  onExit: (exit: Exit) => void,
): Promise<ProcessIdentity> => {
  const [file = '', ...parameters] = launch.command;
  const log = openSync(launch.logFile, 'a');
  try {
    const child = spawn(file, parameters, {
      detached: true,
      env: launch.environment,
      stdio: ['ignore', log, log],
    });
    child.once('exit', (code, signal) => onExit({ code, signal }));
    if (child.pid === undefined) throw (await once(child, 'error'))[0];
    return identify(child.pid);
  } finally {
    closeSync(log);
  }
};

/** The identity of a process that is known to exist, if only as one that has just ended. */
export const identify = (pid: number): ProcessIdentity => {
  const info = readProcess(pid);
  if (info === undefined) throw new Error(`process ${pid} is not in the process table`);
  return { pid, start: info.start };
};

/** Whether this very process runs, and not another one that was given its id. */
export const isAlive = (identity: ProcessIdentity): boolean => {
  const info = readProcess(identity.pid);
  return info !== undefined && info.start === identity.start && !info.isZombie;
};

/**
 * Ends a process with its group: SIGTERM, SIGKILL after two seconds. Returns when nothing of the group runs any
 * more, at once if that is so already. Rejects where the system does not let us (EPERM).
 */
export const endGroup = async (identity: ProcessIdentity): Promise<void> => {
  if (!isGroupAlive(identity)) return;
  signalGroup(identity, 'SIGTERM');
  const killAt = performance.now() + TERMINATE_MS;
  // Not looked at before it is likely to be gone and taken note of: to tell what is left of it, all processes are read.
  await delay(POLL_MS);
  for (let isKilled = false; isGroupAlive(identity); await delay(POLL_MS)) {
    if (isKilled || performance.now() < killAt) continue;
    signalGroup(identity, 'SIGKILL');
    isKilled = true;
  }
};

const isGroupAlive = (identity: ProcessIdentity): boolean => {
  const first = readProcess(identity.pid);
  // A group's id is not given to a new process while the group has members: another start means that it is gone.
  if (first !== undefined && first.start !== identity.start) return false;
  if (first !== undefined && !first.isZombie) return true;
  // The system knows at once that nothing is left; only of those that wait to be taken note of it does not tell.
  if (!isGroupKnown(identity.pid)) return false;
  return listProcesses().some((info) => info.group === identity.pid && !info.isZombie);
};

const isGroupKnown = (group: number): boolean => {
  try {
    process.kill(-group, 0);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'ESRCH') return false;
    // EPERM: there is one, which is another user's.
    return true;
  }
};

const signalGroup = (identity: ProcessIdentity, signal: NodeJS.Signals): void => {
  try {
    process.kill(-identity.pid, signal);
  } catch (error) {
    // ESRCH: it has ended just before, which is what was wanted.
    if (errnoOf(error) !== 'ESRCH') throw error;
  }
};
