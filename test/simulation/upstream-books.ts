import { type Instant, MINUTE_MS } from '../../shared/lease.ts';
import type { Size, Status } from '../../shared/protocol/vocabulary.ts';
import type { World } from './world.ts';

/** The service's own books: which servers there are, what is granted, and who was billed from when to when. */

export interface Server {
  readonly id: string;
  readonly size: Size;
  readonly requestedMinutes: number;
  readonly createdAt: Instant;
  status: Status;
  leaseMinutes: number;
  /** When billing began. */
  readyAt: Instant | null;
  endedAt: Instant | null;
  /** Made by somebody else, with no keeper in between. */
  readonly isForeign: boolean;
  /** Nobody asked a keeper for it, and nobody else uses the account. */
  readonly isOrphan: boolean;
  /** When an answer first told a keeper of it. */
  seenAt: Instant | null;
  /** When an extension of it was refused for no reason of its own. */
  refusedAt: Instant | null;
  /** When an answer last told of it as it was some time before. */
  staleAt: Instant | null;
  /** When it was denied that there is such a server, to a look or to a stop. */
  readonly denials: { at: Instant; isLook: boolean }[];
  /** When a stop was last answered like any other, and nothing came of it. */
  ignoredStopAt: Instant | null;
  /** A stop was accepted: it goes on running, and billing, for a moment. */
  stoppingSince: Instant | null;
  error: { code: string; message: string } | null;
}

export interface Watcher {
  created(server: Server): void;
  /** A stop arrived for a server that was running. */
  stopped(server: Server): void;
  extended(server: Server, fromMinutes: number, leftAt: Instant): void;
  ended(server: Server): void;
}

export interface Books {
  find(id: string): Server | undefined;
  all(): Iterable<Server>;
  /** In the order of their creation: those Starting or Ready. */
  living(): Server[];
  create(wanted: {
    id: string;
    size: Size;
    leaseMinutes: number;
    startsInMs: number;
    isFull: boolean;
    isForeign?: boolean;
    isOrphan?: boolean;
  }): Server;
  extend(server: Server, leaseMinutes: number, leftAt: Instant): void;
  /** A stop arrives; undefined: nothing comes of it. */
  stop(server: Server, takesMs: number | undefined): void;
  end(server: Server, status: 'Stopped' | 'Expired' | 'Error', error?: Server['error']): void;
  watch(watcher: Partial<Watcher>): void;
}

export const isLiving = ({ status }: Server): boolean => status === 'Starting' || status === 'Ready';

export const leaseEndOf = ({ readyAt, leaseMinutes }: Server): Instant =>
  readyAt === null ? Number.POSITIVE_INFINITY : readyAt + leaseMinutes * MINUTE_MS;

export const createBooks = (world: World): Books => {
  const servers = new Map<string, Server>();
  const watchers: Partial<Watcher>[] = [];
  const note = ({ id }: Server, what: string): void => world.trace.note('upstream', `${id}: ${what}`);

  const end: Books['end'] = (server, status, error = null) => {
    if (!isLiving(server)) return;
    Object.assign(server, { status, error, endedAt: world.now() });
    note(server, status);
    for (const watcher of watchers) watcher.ended?.(server);
  };

  /** The service enforces the lease by itself, to the moment. */
  const expireInTime = (server: Server): void => {
    const endsAt = leaseEndOf(server);
    if (!isLiving(server)) return;
    if (world.now() >= endsAt) end(server, 'Expired');
    else world.quietly(endsAt - world.now(), () => expireInTime(server));
  };

  const becomeReady = (server: Server): void => {
    if (server.status !== 'Starting') return;
    Object.assign(server, { status: 'Ready', readyAt: world.now() });
    note(server, `Ready, for ${server.leaseMinutes} min`);
    expireInTime(server);
  };

  return {
    find: (id) => servers.get(id),
    all: () => servers.values(),
    living: () => [...servers.values()].filter(isLiving),
    create({ id, size, leaseMinutes, startsInMs, isFull, isForeign = false, isOrphan = false }) {
      const server: Server = {
        isForeign,
        isOrphan,
        id,
        size,
        requestedMinutes: leaseMinutes,
        leaseMinutes,
        createdAt: world.now(),
        status: 'Starting',
        readyAt: null,
        endedAt: null,
        seenAt: null,
        refusedAt: null,
        staleAt: null,
        denials: [],
        ignoredStopAt: null,
        stoppingSince: null,
        error: null,
      };
      servers.set(id, server);
      note(server, `created, starts in ${Math.round(startsInMs / 1000)} s`);
      for (const watcher of watchers) watcher.created?.(server);
      if (isFull) end(server, 'Error', { code: 'NoCapacity', message: 'No server of this size is free.' });
      else world.quietly(startsInMs, () => becomeReady(server));
      return server;
    },
    extend(server, leaseMinutes, leftAt) {
      const from = server.leaseMinutes;
      server.leaseMinutes = leaseMinutes;
      note(server, `extended from ${from} to ${leaseMinutes} min`);
      for (const watcher of watchers) watcher.extended?.(server, from, leftAt);
      // The instant that was planned for the old end looks again then.
    },
    stop(server, takesMs) {
      for (const watcher of watchers) watcher.stopped?.(server);
      if (server.stoppingSince !== null) return;
      if (takesMs === undefined) {
        server.ignoredStopAt = world.now();
        return note(server, 'is to be stopped, and runs on');
      }
      server.stoppingSince = world.now();
      note(server, 'is being stopped');
      world.quietly(takesMs, () => end(server, 'Stopped'));
    },
    end,
    watch(watcher) {
      watchers.push(watcher);
    },
  };
};
