import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, rmSync } from 'node:fs';
import type { Server } from 'node:http';
import { join } from 'node:path';
import { createTokens, MIN_TOKEN_SECRET_BYTES } from '../../../shared/auth.ts';
import { createContinuations } from '../../../shared/continuation.ts';
import { ConfigError } from '../../../shared/errors.ts';
import { stopRequested, writePidFile } from '../process-life.ts';
import { createBooks } from './books.ts';
import { readBooksFile, writeAtomically } from './books-file.ts';
import { createCallGap } from './call-gap.ts';
import { errnoOf, StartError } from './errors.ts';
import { createHttpServer } from './http.ts';
import { createLifecycle } from './lifecycle.ts';
import { takeOwnership } from './owner.ts';
import { identify, isAlive } from './processes.ts';
import { createRoutes } from './routes.ts';
import { createSessions } from './sessions.ts';
import { readSettings, type Settings } from './settings.ts';
import { createTrouble } from './trouble.ts';

/** The session host: `node infra/local/session-host/main.ts`. */

const EXIT_FAULTY_SETTINGS = 78;

const now = (): number => Date.now();
const log = (line: string): void => console.log(line);
const warn = (line: string, error: unknown): void => console.error(line, error);

const main = async (): Promise<void> => {
  const stopping = stopRequested();
  const settings = readSettings(process.env);
  const { dataFolder } = settings;
  const booksPath = join(dataFolder, 'session-host', 'books.json');
  const ownerPath = join(dataFolder, 'session-host', 'owner.json');

  for (const name of ['session-host', 'sessions']) makeFolder(join(dataFolder, name));
  takeOwnership(ownerPath, identify(process.pid), isAlive);

  try {
    const books = createBooks(
      readBooksFile(booksPath),
      (text) => writeAtomically(booksPath, text),
      (error) => warn('the books could not be written; it will be tried again', error),
    );
    books.flush();
    const lifecycle = createLifecycle({ books, dataFolder, startupMs: settings.startupMs, now, log, warn });
    const trouble = createTrouble(settings.trouble, Math.random, log);
    const environment = pick(process.env, ['PATH', 'HOME']);
    const sessions = createSessions({
      books,
      lifecycle,
      settings,
      environment,
      isFull: () => trouble.values().full,
      now,
      random: Math.random,
      log,
    });
    const { accountId, accountKey } = settings;
    const tokens = createTokens(
      [{ accountId, keys: [accountKey] }],
      // A secret of this run alone: clients renew their tokens when they are told 401.
      [randomBytes(MIN_TOKEN_SECRET_BYTES)],
      now,
    );
    // Of the key, and not of this run: whoever is in the middle of a list goes on with it after a restart.
    const continuations = createContinuations([createHash('sha256').update(accountKey).digest()]);
    const callGap = createCallGap(() => trouble.values().callGapMs);
    const server = createHttpServer(
      createRoutes({ sessions, books, tokens, continuations, callGap, trouble, accountId, now }),
      warn,
    );

    const port = await listen(server, settings);
    // In the same turn as the start of listening: no call is answered before the books are in order.
    lifecycle.recover();
    const removePidFile = writePidFile(dataFolder, 'session-host');
    log(`session host ready on http://127.0.0.1:${port}`);
    // Where the parent has gone meanwhile, 'disconnect' says so; the error of this message adds nothing.
    if (process.connected) process.send?.({ ready: true, port }, undefined, undefined, () => undefined);
    await stopping;

    server.close();
    await sessions.close();
    await lifecycle.close();
    server.closeAllConnections();
    removePidFile();
    log('session host stopped');
  } finally {
    rmSync(ownerPath, { force: true });
  }
};

const makeFolder = (path: string): void => {
  try {
    mkdirSync(path, { recursive: true });
  } catch (error) {
    throw new StartError(`the folder ${path} (LEASE_KEEPER_DATA) cannot be made: ${errnoOf(error)}`, error);
  }
};

/** Resolves with the port once the server listens. */
const listen = (server: Server, { port }: Settings): Promise<number> =>
  new Promise((resolve, reject) => {
    server.once('error', (error) => {
      const isTaken = errnoOf(error) === 'EADDRINUSE';
      reject(isTaken ? new StartError(`port ${port} (SESSION_HOST_PORT) is taken`, error) : error);
    });
    server.listen(port, '127.0.0.1', () => {
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : port);
    });
  });

const pick = (environment: NodeJS.ProcessEnv, names: readonly string[]): Record<string, string> =>
  Object.fromEntries(names.flatMap((name) => (environment[name] ? [[name, environment[name]]] : [])));

try {
  await main();
  process.exit(0);
} catch (error) {
  if (error instanceof ConfigError) console.error(error.message);
  else if (error instanceof StartError) console.error(`The session host cannot start: ${error.message}`);
  else console.error(error);
  process.exit(error instanceof ConfigError ? EXIT_FAULTY_SETTINGS : 1);
}
