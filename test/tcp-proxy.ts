import { createConnection, createServer, type Server, type Socket } from 'node:net';

/**
 * A door between two parts of the stack, which a test can close. `open`: passes everything; `refusing`: nobody
 * listens, as on a machine that is down; `silent`: accepts and never answers, as one that hangs; `deaf`: what is sent
 * arrives, and every answer is lost.
 */
export type Door = 'open' | 'refusing' | 'silent' | 'deaf';

export interface TcpProxy {
  readonly port: number;
  set(door: Door): Promise<void>;
  close(): Promise<void>;
}

export const startTcpProxy = async (targetPort: number, port = 0): Promise<TcpProxy> => {
  const sockets = new Set<Socket>();
  let door: Door = 'open';

  const track = (socket: Socket): Socket => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    // A reset by either side is what such a door is for; the other side sees it as the end of its stream.
    socket.on('error', () => socket.destroy());
    return socket;
  };
  const accept = (near: Socket): void => {
    track(near);
    if (door === 'silent') {
      near.resume();
      return;
    }
    const far = track(createConnection({ port: targetPort, host: '127.0.0.1' }));
    near.pipe(far);
    if (door === 'deaf') {
      // The request is carried out; its caller is cut off before a word of the answer.
      far.once('data', () => near.resetAndDestroy());
      return;
    }
    far.pipe(near);
    near.on('close', () => far.destroy());
    far.on('close', () => near.destroy());
  };

  let server: Server | undefined;
  const listen = (at: number): Promise<number> =>
    new Promise((resolve, reject) => {
      const opened = createServer(accept);
      opened.once('error', reject);
      opened.listen(at, '127.0.0.1', () => {
        server = opened;
        const address = opened.address();
        resolve(typeof address === 'object' && address !== null ? address.port : at);
      });
    });
  const unlisten = (): Promise<void> =>
    new Promise((resolve) => {
      if (server === undefined) resolve();
      else server.close(() => resolve());
      server = undefined;
      for (const socket of sockets) socket.destroy();
    });

  const bound = await listen(port);
  return {
    port: bound,
    async set(next) {
      door = next;
      // Connections that are kept alive would not notice the door.
      for (const socket of sockets) socket.destroy();
      if (next === 'refusing') await unlisten();
      else if (server === undefined) await listen(bound);
    },
    close: unlisten,
  };
};
