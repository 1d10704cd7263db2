import { join } from 'node:path';
import { readyMessage, startPart } from '../infra/local/part.ts';
import { freePorts } from '../infra/local/ports.ts';
import { REPOSITORY } from '../infra/local/stack.ts';
import { holdToDescription, releaseFromDescription } from './described.ts';
import type { TestStack } from './stack.ts';

/** A process of the functions host: the one of a stack, or another one on the same storage. */
export interface FunctionsProcess {
  readonly url: string;
  /** It is started again where it dies, as another process. */
  pid(): number | undefined;
  stop(): Promise<void>;
}

/** The one that the stack has started, and will stop. */
export const ofStack = ({ stack }: TestStack): FunctionsProcess => ({
  url: stack.keeperUrl,
  pid: () => stack.pids().functions,
  stop: async () => undefined,
});

/**
 * A second instance of the app, which serves and sweeps as the first one does, as where Azure scales it out. The
 * settings of the stack must name the secret of its tokens and its accounts, because the two share them.
 */
export const startAnother = async ({ settings, dataFolder, lines }: TestStack): Promise<FunctionsProcess> => {
  const [port = 0] = await freePorts(1);
  const url = `http://127.0.0.1:${port}`;
  const part = await startPart({
    name: 'second functions host',
    entry: join(REPOSITORY, 'infra', 'local', 'functions-host', 'main.ts'),
    environment: {
      ...settings.environment,
      // A folder of its own, because the id of its process goes there.
      LEASE_KEEPER_DATA: join(dataFolder, 'second'),
      PORT: String(port),
    },
    ready: readyMessage,
    onLine: (line) => lines.push(`second functions host: ${line}`),
    onRestart: (how) => lines.push(`second functions host: restarted after ${how}`),
  });
  holdToDescription(url, 'keeper');
  return {
    url,
    pid: () => part.pid,
    async stop() {
      await part.stop();
      releaseFromDescription(url);
    },
  };
};
