import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import type { ProcessIdentity } from './entry.ts';
import { errnoOf } from './errors.ts';

/** A process as the operating system shows it. */
export interface ProcessInfo {
  pid: number;
  /** The id of its process group; a group is named after its first process. */
  group: number;
  /** It has ended, and only waits to be taken note of by its parent. */
  isZombie: boolean;
  /** When it was started, in the system's own words: tells it from another process that is given the same id. */
  start: string;
}

/** A process that carries the marks of a session of this data folder. */
export interface SessionProcess {
  identity: ProcessIdentity;
  sessionId: string;
  port: number;
}

const isLinux = process.platform === 'linux';

/** What a process id stands for now; undefined where it stands for nothing. */
export const readProcess = (pid: number): ProcessInfo | undefined =>
  isLinux ? readProcFolder(pid) : listWithPs().find((info) => info.pid === pid);

/** Every process that this user can see. */
export const listProcesses = (): ProcessInfo[] =>
  isLinux
    ? readdirSync('/proc')
        .filter((name) => /^\d+$/.test(name))
        .map((name) => readProcFolder(Number(name)))
        .filter((info) => info !== undefined)
    : listWithPs();

/**
 * The session processes of a data folder that run now, booked or not. Only the first process of each group counts;
 * what it started itself has the same environment. Elsewhere than on Linux environments cannot be read: none.
 */
export const findSessionProcesses = (dataFolder: string): SessionProcess[] => {
  if (!isLinux) return [];
  return listProcesses().flatMap((info): SessionProcess[] => {
    if (info.pid !== info.group || info.isZombie) return [];
    const environment = readEnvironment(info.pid);
    const sessionId = environment.get('LEASE_KEEPER_SESSION');
    if (sessionId === undefined || environment.get('LEASE_KEEPER_DATA') !== dataFolder) return [];
    const port = Number(environment.get('LEASE_KEEPER_PORT'));
    return [{ identity: { pid: info.pid, start: info.start }, sessionId, port }];
  });
};

const readProcFolder = (pid: number): ProcessInfo | undefined => {
  const stat = readProcFile(`/proc/${pid}/stat`);
  if (stat === undefined) return undefined;
  // The second field, the name in parentheses, may hold anything; after it come state, parent, group …
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return {
    pid,
    group: Number(fields[2]),
    isZombie: fields[0] === 'Z' || fields[0] === 'X',
    // Clock ticks since boot, so the boot belongs to it.
    start: `${bootId()} ${fields[19]}`,
  };
};

/** The same for as long as this process lives, and read with each process that is looked at. */
let knownBootId: string | undefined;
const bootId = (): string => {
  knownBootId ??= readProcFile('/proc/sys/kernel/random/boot_id')?.trim() ?? 'boot';
  return knownBootId;
};

const readEnvironment = (pid: number): ReadonlyMap<string, string> => {
  const lines = (readProcFile(`/proc/${pid}/environ`) ?? '').split('\0');
  return new Map(lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]));
};

const readProcFile = (path: string): string | undefined => {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    // ENOENT and ESRCH: it has ended meanwhile. EACCES and EPERM: another user's, so none of ours.
    if (['ENOENT', 'ESRCH', 'EACCES', 'EPERM'].includes(errnoOf(error) ?? '')) return undefined;
    throw error;
  }
};

const listWithPs = (): ProcessInfo[] =>
  execFileSync('ps', ['-A', '-o', 'pid=,pgid=,stat=,lstart='], {
    encoding: 'utf8',
    env: { PATH: process.env.PATH, LC_ALL: 'C' },
  })
    .split('\n')
    .flatMap((line) => {
      const [pid, group, state, ...start] = line.trim().split(/\s+/);
      if (pid === undefined || group === undefined || state === undefined) return [];
      return [
        { pid: Number(pid), group: Number(group), isZombie: state.startsWith('Z'), start: start.join(' ') },
      ];
    });
