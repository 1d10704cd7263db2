import {
  LeaseNotLargerError,
  LeaseTooLongError,
  SessionExistsError,
  SessionOverError,
} from '../../../shared/errors.ts';
import { MAX_EXTENDED_LEASE_MINUTES, SIZES, type Size } from '../../../shared/protocol/vocabulary.ts';
import {
  type EndedEntry,
  type Ending,
  type Entry,
  isLiving,
  type LivingEntry,
  type ReadyEntry,
  type SessionError,
  type StartingEntry,
} from './entry.ts';

/** Basic facts of a session can be asked for this long after its end. */
export const RETENTION_MS = 30 * 24 * 60 * 60 * 1000;

const MINUTE_MS = 60_000;

/** What a create asks for. */
export interface Wanted {
  accountId: string;
  id: string;
  size: Size;
  models: string[];
  maxLeaseTimeMinutes: number;
}

type Ports = NonNullable<Entry['ports']>;

/** The entry of a new session, to be booked before its process is started. */
export const startingEntry = (wanted: Wanted, ports: Ports, now: number): StartingEntry => ({
  ...factsOf(wanted, now),
  ports,
  status: 'Starting',
  readyAt: null,
  endedAt: null,
  error: null,
  ending: null,
});

/** The entry of a session that never gets a process. */
export const refusedEntry = (wanted: Wanted, error: SessionError, now: number): EndedEntry => ({
  ...factsOf(wanted, now),
  ports: null,
  status: 'Error',
  readyAt: null,
  endedAt: now,
  error,
  ending: null,
});

const factsOf = (wanted: Wanted, now: number) => ({
  id: wanted.id,
  accountId: wanted.accountId,
  size: wanted.size,
  models: wanted.models,
  createdAt: now,
  requestedLeaseMinutes: wanted.maxLeaseTimeMinutes,
  maxLeaseMinutes: wanted.maxLeaseTimeMinutes,
  extensions: [],
  process: null,
  spawned: 0,
  calls: { create: 0, get: 0, update: 0, stop: 0 },
});

/** What is told to a session for which there is no place. */
export const noCapacity = (size: Size, places: number): SessionError => ({
  code: 'NoCapacity',
  message:
    `No server of size ${size} is free: all ${places} places are taken. ` +
    `A session of size ${SIZES.find((other) => other !== size)} may still find one.`,
});

/** The same where no server of any size is free. */
export const NO_CAPACITY_AT_ALL: SessionError = {
  code: 'NoCapacity',
  message: 'No server of any size is free.',
};

/**
 * Lets a repeated create pass: the same id with the same settings is the same session, living or ended.
 *
 * @throws SessionExistsError where the settings differ
 */
export const checkRepeatedCreate = (entry: Entry, wanted: Wanted): void => {
  const isSame =
    entry.size === wanted.size &&
    entry.requestedLeaseMinutes === wanted.maxLeaseTimeMinutes &&
    JSON.stringify(entry.models) === JSON.stringify(wanted.models);
  if (!isSame) throw new SessionExistsError('A session of this id was created with other settings.');
};

/**
 * The entry with a longer lease.
 *
 * @throws SessionOverError where the session has ended or is being ended
 * @throws LeaseTooLongError, LeaseNotLargerError unless the new total is larger than the current one and below a day
 */
export const extendedEntry = (entry: Entry, minutes: number, now: number): LivingEntry => {
  if (!isLiving(entry) || entry.ending !== null) {
    throw new SessionOverError('The session has ended; its lease cannot be extended.');
  }
  const { maxLeaseMinutes } = entry;
  if (minutes > MAX_EXTENDED_LEASE_MINUTES) {
    throw new LeaseTooLongError(maxLeaseMinutes, MAX_EXTENDED_LEASE_MINUTES);
  }
  if (minutes <= maxLeaseMinutes) throw new LeaseNotLargerError(maxLeaseMinutes);
  const extension = { at: now, fromMinutes: maxLeaseMinutes, toMinutes: minutes };
  return { ...entry, maxLeaseMinutes: minutes, extensions: [...entry.extensions, extension] };
};

/** The lease and the bill run from the instant at which the session is declared Ready, not from an earlier one. */
const readyEntry = (entry: StartingEntry, now: number): ReadyEntry => ({
  ...entry,
  status: 'Ready',
  readyAt: now,
});

/** The entry once its process is gone. */
export const endedEntry = (entry: LivingEntry, ending: Ending, now: number): EndedEntry => ({
  ...entry,
  status: ending.status,
  endedAt: now,
  error: ending.error,
  ending: null,
});

/** What time asks for: something now, or nothing before `until`. */
export type Step =
  | { type: 'ready'; entry: ReadyEntry }
  | { type: 'end'; ending: Ending }
  | { type: 'wait'; until: number };

/** What a living session needs at `now`. One that is being ended, or has no process yet, waits for that. */
export const nextStep = (entry: LivingEntry, now: number, startupMs: number): Step => {
  if (entry.ending !== null || entry.process === null)
    return { type: 'wait', until: Number.POSITIVE_INFINITY };
  switch (entry.status) {
    case 'Starting': {
      const until = entry.createdAt + startupMs;
      return now >= until ? { type: 'ready', entry: readyEntry(entry, now) } : { type: 'wait', until };
    }
    case 'Ready': {
      const until = entry.readyAt + entry.maxLeaseMinutes * MINUTE_MS;
      return now >= until ? { type: 'end', ending: expiry(entry, now) } : { type: 'wait', until };
    }
    default:
      return entry satisfies never;
  }
};

const expiry = (entry: ReadyEntry, now: number): Ending => ({
  status: 'Expired',
  error: { code: 'LeaseExpired', message: `The lease of ${entry.maxLeaseMinutes} minutes is over.` },
  since: now,
});

/** The time since Ready; it stands still at the end of the session. */
export const elapsedMs = (entry: Entry, now: number): number =>
  entry.readyAt === null ? 0 : Math.max(0, (entry.endedAt ?? now) - entry.readyAt);

/** Whether an ended session is old enough to be forgotten. */
export const isForgotten = (entry: Entry, now: number): boolean =>
  entry.endedAt !== null && now - entry.endedAt >= RETENTION_MS;
