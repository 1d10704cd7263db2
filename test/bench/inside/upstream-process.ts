import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import type { HttpRequest } from '../../../shared/upstream/send.ts';
import { createQuickUpstream } from './upstream.ts';

/** The quick upstream as a process of its own, so that its work is not on the keeper's core. */
export interface UpstreamProcess {
  url: string;
  stop(): Promise<void>;
}

export const startUpstreamProcess = async (): Promise<UpstreamProcess> => {
  const child: ChildProcess = fork(fileURLToPath(import.meta.url), { env: { PATH: process.env.PATH ?? '' } });
  const exited = once(child, 'exit');
  const [port] = await Promise.race([
    once(child, 'message'),
    exited.then(([code]) => Promise.reject(new Error(`the upstream ended with ${code}`))),
  ]);
  return {
    url: `http://127.0.0.1:${port}`,
    async stop() {
      child.kill('SIGTERM');
      await exited;
    },
  };
};

const serve = async (): Promise<void> => {
  const answer = createQuickUpstream(Date.now);
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { url = '/' } = request;
      const method = request.method as HttpRequest['method'];
      const { status, headers, body } = answer({ method, url, body: Buffer.concat(chunks).toString() });
      const sent = Object.entries(headers).filter(
        (entry): entry is [string, string] => entry[1] !== undefined,
      );
      response.writeHead(status, Object.fromEntries(sent)).end(body);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  process.send?.((server.address() as AddressInfo).port);
  // Whoever has started it is gone.
  process.once('disconnect', () => process.exit());
};

if (import.meta.main) await serve();
