import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { SessionNotFoundError } from '../../../shared/errors.ts';
import type { Books } from './books.ts';
import { fillCommand } from './command.ts';
import { type Ending, type Entry, isLiving, type LivingEntry, type StartingEntry } from './entry.ts';
import { errnoOf, ShuttingDownError } from './errors.ts';
import { describe, type Lifecycle } from './lifecycle.ts';
import { choosePorts, isPortFree } from './ports.ts';
import { startProcess } from './processes.ts';
import {
  checkRepeatedCreate,
  extendedEntry,
  NO_CAPACITY_AT_ALL,
  noCapacity,
  refusedEntry,
  startingEntry,
  type Wanted,
} from './rules.ts';
import type { Settings } from './settings.ts';

export interface SessionsParts {
  books: Books;
  lifecycle: Lifecycle;
  settings: Pick<Settings, 'command' | 'dataFolder' | 'places'>;
  /** What every session process gets besides its own variables. */
  environment: Readonly<Record<string, string>>;
  /** No server is to be free, whatever there is. */
  isFull: () => boolean;
  /** Unix ms. */
  now: () => number;
  random: () => number;
  log: (line: string) => void;
}

/** What the API does with sessions. */
export interface Sessions {
  /** `isNew` is false for the repetition of a create that has been carried out before. */
  create(wanted: Wanted): Promise<{ isNew: boolean; entry: Entry }>;
  get(accountId: string, id: string): Entry;
  extend(accountId: string, id: string, minutes: number): LivingEntry;
  /** Accepts the stop; the session keeps its status until its process is gone. */
  stop(accountId: string, id: string): void;
  living(accountId: string): LivingEntry[];
  /** Takes no new session from now on; returns when no start is under way. */
  close(): Promise<void>;
}

export const createSessions = (parts: SessionsParts): Sessions => {
  const { books, lifecycle, settings, environment, isFull, now, random, log } = parts;
  let lastCreate: Promise<unknown> = Promise.resolve();
  let isClosing = false;

  const start = async (
    entry: StartingEntry,
    ports: { handshake: number; inspector: number },
  ): Promise<Entry> => {
    const { accountId, id, size } = entry;
    const values = { port: ports.handshake, inspectorPort: ports.inspector, sessionId: id, size };
    const launch = {
      command: fillCommand(settings.command, values),
      environment: { ...environment, ...environmentOf(entry, settings.dataFolder) },
      logFile: join(settings.dataFolder, 'sessions', logFileName(id)),
    };
    try {
      const identity = await startProcess(launch, (exit) => lifecycle.processEnded(accountId, id, exit));
      const started = { ...entry, process: identity, spawned: 1 };
      books.record(started);
      log(describe(started));
    } catch (error) {
      const latest = books.find(accountId, id);
      if (isLiving(latest)) lifecycle.conclude(latest, startFailure(error, now()));
    }
    lifecycle.look();
    return books.find(accountId, id) ?? entry;
  };

  const create = async (wanted: Wanted): Promise<{ isNew: boolean; entry: Entry }> => {
    const existing = books.find(wanted.accountId, wanted.id);
    if (existing !== undefined) {
      checkRepeatedCreate(existing, wanted);
      return { isNew: false, entry: existing };
    }
    const living = books.living();
    const full = isFull();
    const places = settings.places[wanted.size];
    const used = new Set(
      living.flatMap(({ ports }) => (ports === null ? [] : [ports.handshake, ports.inspector])),
    );
    const hasPlace = !full && living.filter(({ size }) => size === wanted.size).length < places;
    const [handshake, inspector] =
      (hasPlace ? await choosePorts(2, used, random, isPortFree) : undefined) ?? [];
    if (isClosing) throw new ShuttingDownError('The session host is shutting down.');
    if (handshake === undefined || inspector === undefined) {
      const reason = full ? NO_CAPACITY_AT_ALL : noCapacity(wanted.size, places);
      const refused = refusedEntry(wanted, reason, now());
      books.intend(refused);
      log(describe(refused));
      return { isNew: true, entry: refused };
    }
    const ports = { handshake, inspector };
    const entry = startingEntry(wanted, ports, now());
    books.intend(entry);
    return { isNew: true, entry: await start(entry, ports) };
  };

  const get = (accountId: string, id: string): Entry => {
    const entry = books.find(accountId, id);
    if (entry === undefined) throw new SessionNotFoundError('There is no session of this id.');
    return entry;
  };

  return {
    create(wanted) {
      // One at a time: an id, a place and a port are looked for and taken in one piece.
      const result = lastCreate.then(() => create(wanted));
      lastCreate = result.catch(() => 'told to the caller');
      return result;
    },
    get,
    extend(accountId, id, minutes) {
      const extended = extendedEntry(get(accountId, id), minutes, now());
      books.intend(extended);
      lifecycle.look();
      return extended;
    },
    stop(accountId, id) {
      const entry = get(accountId, id);
      if (!isLiving(entry) || entry.ending !== null) return;
      const stopped: LivingEntry = { ...entry, ending: { status: 'Stopped', error: null, since: now() } };
      books.intend(stopped);
      lifecycle.carryOut(stopped);
    },
    living: (accountId) => books.living().filter((entry) => entry.accountId === accountId),
    async close() {
      isClosing = true;
      await lastCreate;
    },
  };
};

const environmentOf = (entry: StartingEntry, dataFolder: string): Record<string, string> => ({
  LEASE_KEEPER_DATA: dataFolder,
  LEASE_KEEPER_SESSION: entry.id,
  LEASE_KEEPER_MODELS: JSON.stringify(entry.models),
  LEASE_KEEPER_PORT: String(entry.ports?.handshake),
  LEASE_KEEPER_SIZE: entry.size,
});

/** File systems allow 255 characters at most, a session's id may have 256. */
const logFileName = (id: string): string =>
  id.length <= 200 ? `${id}.log` : `${id.slice(0, 180)}-${createHash('sha256').update(id).digest('hex')}.log`;

const startFailure = (error: unknown, since: number): Ending => ({
  status: 'Error',
  error: {
    code: 'ProcessNotStarted',
    message: `The process of this session could not be started: ${errnoOf(error) ?? String(error)}.`,
  },
  since,
});
