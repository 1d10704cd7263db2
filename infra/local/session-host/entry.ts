import * as z from 'zod';
import { ACCOUNT_ID, SESSION_ID, SIZES } from '../../../shared/protocol/vocabulary.ts';

/**
 * A session as the books have it. Instants are ISO texts in the file and Unix ms in memory. Every entry has every
 * field, `null` where it does not apply, so that whoever judges the books needs no knowledge of this code.
 */

const instant = z.codec(z.iso.datetime(), z.number(), {
  decode: (text) => Date.parse(text),
  encode: (at) => new Date(at).toISOString(),
});
const count = z.number().int().min(0);
const port = z.number().int().min(1).max(65_535);

const sessionErrorSchema = z.strictObject({ code: z.string(), message: z.string() });
/** What the API shows as the `error` of a session. */
export type SessionError = z.output<typeof sessionErrorSchema>;

const processSchema = z.strictObject({ pid: z.number().int().min(1), start: z.string() });
/** A process beyond doubt: ids are used again, an id together with the instant of its start is not. */
export type ProcessIdentity = z.output<typeof processSchema>;

const endedStatusSchema = z.enum(['Stopped', 'Expired', 'Error']);

const endingSchema = z.strictObject({
  status: endedStatusSchema,
  error: sessionErrorSchema.nullable(),
  since: instant,
});
/** The decision to end a session, booked before its process is told. */
export type Ending = z.output<typeof endingSchema>;

/** The operations that name a session. */
export const SESSION_OPERATIONS = ['create', 'get', 'update', 'stop'] as const;
export type SessionOperation = (typeof SESSION_OPERATIONS)[number];

const common = {
  id: z.string().regex(SESSION_ID),
  accountId: z.string().regex(ACCOUNT_ID),
  size: z.enum(SIZES),
  models: z.array(z.string()),
  createdAt: instant,
  /** What the create asked for; a repeated create is compared with this, not with what it was extended to. */
  requestedLeaseMinutes: count,
  /** The total granted, counted from `readyAt`. */
  maxLeaseMinutes: count,
  extensions: z.array(z.strictObject({ at: instant, fromMinutes: count, toMinutes: count })),
  ports: z.strictObject({ handshake: port, inspector: port }).nullable(),
  process: processSchema.nullable(),
  /** How many processes were ever started for this session: 0 or 1, or something is wrong. */
  spawned: count,
  calls: z.record(z.enum(SESSION_OPERATIONS), count),
};

const startingSchema = z.strictObject({
  ...common,
  status: z.literal('Starting'),
  readyAt: z.null(),
  endedAt: z.null(),
  error: z.null(),
  ending: endingSchema.nullable(),
});
export type StartingEntry = z.output<typeof startingSchema>;

const readySchema = z.strictObject({
  ...common,
  status: z.literal('Ready'),
  readyAt: instant,
  endedAt: z.null(),
  error: z.null(),
  ending: endingSchema.nullable(),
});
export type ReadyEntry = z.output<typeof readySchema>;

const endedSchema = z.strictObject({
  ...common,
  status: endedStatusSchema,
  readyAt: instant.nullable(),
  endedAt: instant,
  error: sessionErrorSchema.nullable(),
  ending: z.null(),
});
export type EndedEntry = z.output<typeof endedSchema>;

export const entrySchema = z.discriminatedUnion('status', [startingSchema, readySchema, endedSchema]);
/** A session that has, or may have, a process. */
export type LivingEntry = StartingEntry | ReadyEntry;
export type Entry = LivingEntry | EndedEntry;

/** Sessions are known by account and id; account ids are kept in lower case, session ids as they are. */
export const keyOf = (entry: { accountId: string; id: string }): string => `${entry.accountId}/${entry.id}`;

export const isLiving = (entry: Entry | undefined): entry is LivingEntry =>
  entry?.status === 'Starting' || entry?.status === 'Ready';
