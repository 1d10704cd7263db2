import type { ShownSession } from '../../../shared/protocol/shown-session.ts';
import type { Size } from '../../../shared/protocol/vocabulary.ts';
import { type Entry, isLiving } from './entry.ts';
import { elapsedMs } from './rules.ts';

/** Session processes listen on the loopback interface, as everything of the local stack. */
const HOSTNAME = '127.0.0.1';
/** The API wants a number; nothing is measured here. */
const TERAFLOPS: Readonly<Record<Size, number>> = { Standard: 8, Premium: 16 };
const MINUTE_MS = 60_000;

/** A booked session as both API generations show it. */
export const shownEntry = (entry: Entry, now: number): ShownSession => ({
  sessionId: entry.id,
  size: entry.size,
  createdAt: entry.createdAt,
  status: entry.status,
  isStopping: isLiving(entry) && entry.ending?.status === 'Stopped',
  elapsedMinutes: elapsedMs(entry, now) / MINUTE_MS,
  leaseMinutes: entry.maxLeaseMinutes,
  hostname: entry.readyAt === null ? null : HOSTNAME,
  ports: entry.readyAt === null || entry.ports === null ? NO_PORTS : entry.ports,
  teraflops: TERAFLOPS[entry.size],
  message: entry.error?.message ?? null,
  // That a lease is over is no failure; that the host was shut down is one.
  errorCode: entry.status === 'Expired' ? null : (entry.error?.code ?? null),
});

const NO_PORTS = { handshake: null, inspector: null };
