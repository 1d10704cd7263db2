import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { temporaryFolder } from '../../temporary-folder.ts';

const HOST = fileURLToPath(new URL('../../../infra/local/functions-host/main.ts', import.meta.url));

/** An app, and its first request. */
export interface ColdStart {
  appFolder: string;
  environment: Readonly<Record<string, string>>;
  path: string;
  headers: Readonly<Record<string, string>>;
}

/** How long it takes from the start of the host's process to the app's first answer, in ms. @throws unless that is a 200 */
export const firstAnswerMs = async (cold: ColdStart): Promise<number> => {
  const data = temporaryFolder('cold-start-');
  const startedAt = performance.now();
  const host = spawn(process.execPath, [HOST], {
    env: {
      // Nothing is compiled beforehand, as on a machine that is new.
      ...{
        PATH: process.env.PATH,
        PORT: '0',
        LEASE_KEEPER_DATA: data.path,
        NODE_DISABLE_COMPILE_CACHE: '1',
      },
      ...{ LEASE_KEEPER_APP: cold.appFolder, ...cold.environment },
    },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const exited = once(host, 'exit');
  try {
    const ended = exited.then(([code]) => Promise.reject(new Error(`the functions host ended with ${code}`)));
    const [{ port }] = (await Promise.race([once(host, 'message'), ended])) as [{ port: number }];
    const answer = await fetch(`http://127.0.0.1:${port}${cold.path}`, { headers: cold.headers });
    const text = await answer.text();
    const tookMs = performance.now() - startedAt;
    if (answer.status !== 200) throw new Error(`the first answer is ${answer.status}: ${text}`);
    return tookMs;
  } finally {
    host.kill('SIGKILL');
    await exited.catch(() => undefined);
    data.remove();
  }
};
