import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { COMPILE_CACHE } from '../compile-cache.ts';

const MAIN = fileURLToPath(new URL('../../infra/local/functions-host/main.ts', import.meta.url));
const FIXTURE_APP = fileURLToPath(new URL('./fixture-app/', import.meta.url));

export interface ReadyMessage {
  readonly ready: true;
  readonly port: number;
  readonly functions: readonly { name: string; trigger: string; methods?: string[]; url?: string }[];
}

export type LoggedEvent = Readonly<Record<string, unknown>> & { readonly event: string };

/** The lines of an output so far, and those to come. */
export interface Lines {
  readonly all: readonly string[];
  /** The first line, past or future, for which `find` has an answer. Waits as long as the test does. */
  first<T>(find: (line: string) => T | undefined): Promise<T>;
}

const linesOf = (input: NodeJS.ReadableStream): Lines => {
  const all: string[] = [];
  const waiting = new Set<(line: string) => void>();
  createInterface({ input }).on('line', (line) => {
    all.push(line);
    for (const look of waiting) look(line);
  });
  return {
    all,
    first: (find) =>
      new Promise((resolve) => {
        const look = (line: string) => {
          const found = find(line);
          if (found === undefined) return;
          waiting.delete(look);
          resolve(found);
        };
        waiting.add(look);
        for (const line of all) look(line);
      }),
  };
};

/** An event that the fixture app has logged as a line of JSON, if it is one that `matches`. */
export const eventOf =
  (event: string, matches: (logged: LoggedEvent) => boolean = () => true) =>
  (line: string): LoggedEvent | undefined => {
    if (!line.startsWith('{')) return undefined;
    const logged = JSON.parse(line) as LoggedEvent;
    return logged.event === event && matches(logged) ? logged : undefined;
  };

export interface HostProcess {
  readonly child: ChildProcess;
  readonly out: Lines;
  readonly err: Lines;
  readonly dataFolder: string;
  /** Resolves with the exit code, or with the signal that ended the process. */
  readonly ended: Promise<number | string>;
  /** Resolves when the host says over IPC that it is ready; fails if it ends before. */
  ready(): Promise<ReadyMessage>;
  /** Ends it if it has not ended yet, and removes its data folder. */
  dispose(): Promise<void>;
}

/** Starts main.ts as a process of its own, with an IPC channel, a free port and the fixture app. */
export const startHostProcess = (env: Readonly<Record<string, string>> = {}): HostProcess => {
  const dataFolder = join(mkdtempSync(join(tmpdir(), 'functions-host-')), 'data');
  const child = spawn(process.execPath, [MAIN], {
    env: {
      ...process.env,
      ...COMPILE_CACHE,
      PORT: '0',
      LEASE_KEEPER_DATA: dataFolder,
      LEASE_KEEPER_APP: FIXTURE_APP,
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  if (child.stdout === null || child.stderr === null) throw new Error('the host has no output to read');
  const out = linesOf(child.stdout);
  const err = linesOf(child.stderr);
  // All of the output is there by then. The child's own 'close' would say so too, but not after a disconnect.
  const closed = [once(child, 'exit'), once(child.stdout, 'close'), once(child.stderr, 'close')] as const;
  const ended = Promise.all(closed).then(([[code, signal]]) => (code ?? signal) as number | string);
  const message = new Promise<ReadyMessage>((resolve) => {
    child.on('message', (received) => resolve(received as ReadyMessage));
  });
  return {
    child,
    out,
    err,
    dataFolder,
    ended,
    async ready() {
      const first = await Promise.race([message, ended]);
      if (typeof first === 'object') return first;
      throw new Error(`the host ended with ${first}: ${err.all.join('\n')}`);
    },
    async dispose() {
      child.kill('SIGKILL');
      await ended;
      rmSync(join(dataFolder, '..'), { recursive: true, force: true });
    },
  };
};
