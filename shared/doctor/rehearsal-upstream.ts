import type { Instant } from '../lease.ts';
import type { Outcome, Sighting } from '../outcome.ts';
import { SIZES } from '../protocol/vocabulary.ts';
import type { Upstream } from '../upstream/upstream.ts';
import type { Listing } from '../upstream/walk.ts';

/** What the upstream has told: its list, and what it said of those that are not on it. */
export interface UpstreamEvidence {
  listing: Listing;
  singly: ReadonlyMap<string, Outcome>;
}

/**
 * The upstream as it was seen, for a rehearsal: it answers by what it has told, as if it told it now, and takes every
 * change for done without being asked for it.
 */
export const createRehearsalUpstream = (
  endpoint: string,
  { listing, singly }: UpstreamEvidence,
  now: () => Instant,
): Upstream => {
  const servers = new Map(listing.type === 'listed' ? listing.sightings : []);
  for (const [sessionId, outcome] of singly)
    if (outcome.type === 'found') servers.set(sessionId, outcome.sighting);

  const found = (sighting: Sighting, created = false): Outcome => ({
    type: 'found',
    created,
    sighting: { ...sighting, sentAt: now(), receivedAt: now() },
  });
  /** What is known of a session that is not there. */
  const absent = (sessionId: string): Outcome => {
    const told = singly.get(sessionId);
    return told?.type === 'missing' ? { type: 'missing', sentAt: now() } : (told ?? notAsked);
  };
  const isThere = ({ status }: Sighting): boolean => status === 'Starting' || status === 'Ready';
  const put = (sessionId: string, server: Sighting): Sighting => {
    servers.set(sessionId, server);
    return server;
  };

  return {
    endpoint,

    async create(sessionId, { maxLeaseTimeMinutes, size }) {
      const server = servers.get(sessionId);
      if (server !== undefined) return found(server);
      if (listing.type === 'inconclusive') return listing;
      const sizeName = SIZES.find((name) => name === size) ?? null;
      const made = { ...NEW_SERVER, leaseMinutes: maxLeaseTimeMinutes, size: sizeName };
      return found(put(sessionId, made), true);
    },

    async observe(sessionId) {
      const server = servers.get(sessionId);
      return server === undefined ? absent(sessionId) : found(server);
    },

    async extend(sessionId, maxLeaseMinutes) {
      const server = servers.get(sessionId);
      if (server === undefined) return absent(sessionId);
      if (!isThere(server)) return { type: 'refused', status: 422, message: 'the session is over' };
      const leaseMinutes = Math.max(server.leaseMinutes, maxLeaseMinutes);
      return found(put(sessionId, { ...server, leaseMinutes }));
    },

    async stop(sessionId) {
      const server = servers.get(sessionId);
      if (server === undefined) return absent(sessionId);
      put(sessionId, isThere(server) ? { ...server, status: 'Stopped' } : server);
      return { type: 'accepted' };
    },

    async list(_window, from) {
      if (listing.type === 'inconclusive') return listing;
      const page = from === undefined ? 0 : Number(from);
      const there = [...servers].filter(([, server]) => isThere(server));
      const onOne = Math.ceil(there.length / listing.pages);
      const stamped = there
        .slice(page * onOne, (page + 1) * onOne)
        .map(([id, server]) => [id, { ...server, sentAt: now(), receivedAt: now() }] as const);
      const isLast = page + 1 >= listing.pages;
      return {
        ...{ type: 'listed', sightings: new Map(stamped), next: isLast ? undefined : String(page + 1) },
        // What could not be read of the list is told with its end.
        ...{ unreadable: isLast ? listing.unreadable : new Set(), isWhole: listing.isWhole || !isLast },
      };
    },

    ping: async () => listing.type === 'listed',
  };
};

const notAsked: Outcome = { type: 'inconclusive', because: 'it was not asked', retryAfterMs: null };

const NEW_SERVER: Sighting = {
  status: 'Starting',
  leaseMinutes: 0,
  size: null,
  elapsedMinutes: 0,
  hostname: null,
  ports: { handshake: null, inspector: null },
  teraflops: null,
  errorCode: null,
  errorMessage: null,
  sentAt: 0,
  receivedAt: 0,
};
