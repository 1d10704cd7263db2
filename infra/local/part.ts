import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

/** One process of the local stack, kept running as Azure would keep it. */

export interface PartSettings {
  name: string;
  /** The TypeScript file that is run. */
  entry: string;
  environment: NodeJS.ProcessEnv;
  /** Resolves when a freshly started part answers; told by its message where it sends one. */
  ready: (child: ChildProcess, signal: AbortSignal) => Promise<void>;
  /** Each line that the part prints. */
  onLine: (line: string) => void;
  /** Each restart, with how the part ended. */
  onRestart: (how: string) => void;
}

export interface Part {
  readonly pid: number | undefined;
  /** Ends the part; SIGKILL where it does not end by itself. */
  stop(): Promise<void>;
}

/** A part that ended before it was ever ready: starting it again would not help. */
export class PartFailedError extends Error {
  constructor(name: string, how: string) {
    super(`the ${name} did not start (${how})`);
    this.name = 'PartFailedError';
  }
}

const RESTART_AFTER_MS = 1_000;
const READY_WITHIN_MS = 60_000;
/** Longer than any part takes to end its own work and children, be they hundreds on a busy machine. */
const KILL_AFTER_MS = 30_000;

/** @throws PartFailedError where the part ends, or hangs, before it is ready for the first time */
export const startPart = async (settings: PartSettings): Promise<Part> => {
  let child: ChildProcess;
  let restart: NodeJS.Timeout | undefined;
  let isStopping = false;

  const launch = (): ChildProcess => {
    const launched = spawn(process.execPath, [settings.entry], {
      env: settings.environment,
      // A group of its own: a Ctrl-C in the terminal reaches the stack, which ends its parts in order.
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    for (const stream of [launched.stdout, launched.stderr]) forwardLines(stream, settings.onLine);
    return launched;
  };

  const supervise = (): void => {
    child.once('exit', (code, signal) => {
      if (isStopping) return;
      settings.onRestart(howEnded(code, signal));
      restart = setTimeout(() => {
        child = launch();
        supervise();
      }, RESTART_AFTER_MS);
    });
  };

  const stop = async (): Promise<void> => {
    isStopping = true;
    clearTimeout(restart);
    await end(child);
  };

  child = launch();
  const failed = new Promise<never>((_, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => reject(new PartFailedError(settings.name, howEnded(code, signal))));
  });
  try {
    const signal = AbortSignal.timeout(READY_WITHIN_MS);
    await Promise.race([settings.ready(child, signal), failed]);
  } catch (error) {
    await stop();
    throw error;
  }
  supervise();
  return {
    get pid() {
      return child.pid;
    },
    stop,
  };
};

/** Resolves with the message by which a part says that it is ready. */
export const readyMessage = (child: ChildProcess, signal: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason));
    child.on('message', (message: unknown) => {
      if (typeof message === 'object' && message !== null && 'ready' in message) resolve();
    });
  });

const end = (child: ChildProcess): Promise<void> =>
  new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) {
      resolve();
      return;
    }
    const kill = setTimeout(() => child.kill('SIGKILL'), KILL_AFTER_MS);
    child.once('exit', () => {
      clearTimeout(kill);
      resolve();
    });
    child.kill('SIGTERM');
  });

const forwardLines = (stream: Readable | null, onLine: (line: string) => void): void => {
  if (stream !== null) createInterface({ input: stream }).on('line', onLine);
};

const howEnded = (code: number | null, signal: NodeJS.Signals | null): string =>
  signal === null ? `exit code ${code}` : `signal ${signal}`;
