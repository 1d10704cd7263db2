import * as z from 'zod';
import { UnreadableRowError } from '../errors.ts';
import { type Gate, NEW_GATE } from '../gate.ts';
import type { HistoryEvent } from '../outcome.ts';
import { SIZES } from '../protocol/vocabulary.ts';
import type { Activity, EndedSession, IdleFacts, LiveSession } from '../session.ts';
import { storedJson } from '../stored-json.ts';
import { SHOWN_STATUSES, type ShownStatus } from '../view.ts';
import type { Columns, Row } from './table.ts';

/**
 * How records are written down. What is looked at by eye or by range is a column of its own; what belongs together
 * is one column of JSON. Rows are merged, never replaced, so a column that this version does not know survives.
 */

/** What a heartbeat answers with, kept on the activity row by each transaction of the record. */
export interface Shown extends IdleFacts {
  status: ShownStatus;
  leaseEnd: number | null;
}

/** Row keys sort by character: 15 digits of milliseconds hold until the year 33658. */
const INSTANT_DIGITS = 15;
const SEQ_DIGITS = 8;

export const rowKeys = {
  gate: 'gate',
  live: (sessionId: string): string => `session:${sessionId}`,
  ended: (sessionId: string): string => `ended:${sessionId}`,
  activity: (sessionId: string): string => `activity:${sessionId}`,
  due: (at: number, sessionId: string): string => `${dueBound(at)}:${sessionId}`,
  eventsOf: (sessionId: string): string => `event:${sessionId}:`,
  event: (sessionId: string, seq: number): string =>
    `event:${sessionId}:${String(seq).padStart(SEQ_DIGITS, '0')}`,
} as const;

/** The part of a due row's key that comes before the session; also the bounds of a range of instants. */
export const dueBound = (at: number): string =>
  `due:${String(Math.max(0, Math.trunc(at))).padStart(INSTANT_DIGITS, '0')}`;

/** The first key after all keys with this prefix (`;` follows `:`). */
export const afterPrefix = (prefix: string): string => `${prefix.slice(0, -1)};`;

/** A bound between this key and every longer or later one: `!` sorts before all characters of an id. */
export const firstAfter = (rowKey: string): string => `${rowKey}!`;

/** What the key of a due row says. */
export const readDueKey = (rowKey: string): { sessionId: string; at: number } => ({
  at: Number(rowKey.slice('due:'.length, 'due:'.length + INSTANT_DIGITS)),
  sessionId: rowKey.slice('due:'.length + INSTANT_DIGITS + 1),
});

const minutes = z.number().min(0);
const instant = z.number();
const ports = z.looseObject({ handshake: z.number().nullable(), inspector: z.number().nullable() });
const readyAt = z.looseObject({ early: instant, late: instant });
const stopReason = z.enum(['asked', 'idle', 'lifetime', 'launch']);

const facts = {
  size: z.enum(SIZES),
  models: z.array(z.string()),
  tags: z.record(z.string(), z.string()),
  createdAt: instant,
  upstream: z.string(),
  policy: z.looseObject({
    keepAlive: z.boolean(),
    idleTimeoutMinutes: minutes.nullable(),
    idleTimeoutExplicit: z.boolean(),
    maxLifetimeMinutes: minutes.nullable(),
  }),
  leases: z.looseObject({
    requestedMinutes: minutes,
    floorMinutes: minutes,
    grantedMinutes: minutes,
    askedMinutes: minutes.optional(),
  }),
  // Rows of before this column have none, nor those below with a default.
  requestedWishes: z
    .looseObject({
      keepAlive: z.boolean().optional(),
      idleTimeoutMinutes: minutes.nullable().optional(),
      maxLifetimeMinutes: minutes.nullable().optional(),
      tags: z.record(z.string(), z.string()).optional(),
    })
    .default({}),
  seq: z.number().int(),
  opId: z.string(),
  dueAt: instant,
};

const liveSchema = z.object({
  ...facts,
  desired: z.discriminatedUnion('state', [
    z.looseObject({ state: z.literal('running') }),
    z.looseObject({
      state: z.literal('stopped'),
      because: stopReason,
      at: instant,
      acceptedAt: instant.nullable(),
      repeatedAt: instant.nullable().default(null),
      message: z.string().nullable(),
    }),
  ]),
  observed: z.discriminatedUnion('status', [
    z.looseObject({ status: z.literal('Requested') }),
    z.looseObject({ status: z.literal('Starting'), since: instant, lastSeenAt: instant }),
    z.looseObject({
      status: z.literal('Ready'),
      seenAt: instant,
      readyAt,
      hostname: z.string(),
      ports,
      teraflops: z.number().nullable().default(null),
    }),
  ]),
  observedAt: instant.nullable(),
  acknowledgedMinutes: minutes,
  creation: z.looseObject({
    maxLeaseMinutes: minutes,
    attempts: z.number().int(),
    firstAttemptAt: instant.nullable(),
    lastUntil: instant.nullable(),
  }),
  pending: z
    .looseObject({ op: z.enum(['create', 'extend', 'stop']), opId: z.string(), until: instant })
    .nullable(),
  missingSince: instant.nullable(),
  heldUntil: instant.nullable().default(null),
  refused: z.looseObject({ maxLeaseMinutes: minutes, at: instant }).nullable(),
  retry: z.looseObject({ failures: z.number().int(), at: instant }).nullable(),
  unansweredSince: instant.nullable().default(null),
});

const endedSchema = z.object({
  ...facts,
  status: z.enum(['Stopped', 'Expired', 'Error']),
  because: z.enum([
    'asked',
    'idle',
    'lifetime',
    'launch',
    'expired',
    'failed',
    'stopped-elsewhere',
    'gone',
    'refused',
    'foreign',
  ]),
  message: z.string().nullable(),
  errorCode: z.string().nullable().default(null),
  endedAt: instant,
  elapsedMinutes: minutes,
  hostname: z.string().nullable(),
  ports,
  owned: z.boolean(),
  unconfirmedMinutes: minutes.nullable().default(null),
});

const shownSchema = z.looseObject({
  status: z.enum(SHOWN_STATUSES),
  leaseEnd: instant.nullable(),
  idleTimeoutMinutes: minutes.nullable(),
  idleArmed: z.boolean(),
  readySeenAt: instant.nullable(),
});

const activitySchema = z.object({
  lastActivityAt: instant,
  coveredUntil: instant,
  closed: z.boolean(),
  shown: shownSchema,
});

/** @throws UnreadableRowError that names the row and the column */
export const readLive = (accountId: string, { rowKey, columns }: Row): LiveSession => {
  const sessionId = rowKey.slice('session:'.length);
  return { life: 'live', accountId, sessionId, ...decode(liveSchema, rowKey, columns) };
};

/** @throws UnreadableRowError that names the row and the column */
export const readEnded = (accountId: string, { rowKey, columns }: Row): EndedSession => {
  const sessionId = rowKey.slice('ended:'.length);
  return { life: 'ended', accountId, sessionId, ...decode(endedSchema, rowKey, columns) };
};

/** Not a record of zod's: that leaves out an id that JavaScript has a meaning for, and a client may choose it. */
const instantsById = z.custom<Record<string, number>>(
  (value) =>
    typeof value === 'object' &&
    value !== null &&
    Object.values(value).every((at) => instant.safeParse(at).success),
);

/** Each column that a newer version may have added has a default here, for the rows of older ones. */
const gateSchema = z.object({
  nextCallAt: instant.default(NEW_GATE.nextCallAt),
  sweeper: z
    .looseObject({ id: z.string(), until: instant, since: instant.optional() })
    .nullable()
    .default(NEW_GATE.sweeper),
  sweptAt: instant.nullable().default(NEW_GATE.sweptAt),
  graceFrom: instant.default(NEW_GATE.graceFrom),
  busyUntil: instant.default(NEW_GATE.busyUntil),
  absences: z.array(z.looseObject({ until: instant, lengthMs: z.number() })).default([]),
  listedAt: instant.nullable().default(NEW_GATE.listedAt),
  listAgainAt: instant.nullable().default(NEW_GATE.listAgainAt),
  listPages: z.number().default(NEW_GATE.listPages),
  listedCount: z.number().default(NEW_GATE.listedCount),
  countedAt: instant.nullable().default(NEW_GATE.countedAt),
  keptCount: z.number().default(NEW_GATE.keptCount),
  liveCount: z.number().default(NEW_GATE.liveCount),
  unaskedStops: z.array(instant).default([]),
  unaskedBefore: z.array(z.looseObject({ from: instant, count: z.number() })).default([]),
  strangers: instantsById.default({}),
});

/** @throws UnreadableRowError that names the row and the column */
export const readGate = ({ rowKey, columns }: Row): Gate => decode(gateSchema, rowKey, columns);

export const writeGate = (gate: Gate): Columns => encode({ ...gate });

/** The columns of a record that this version does not know: a newer one has written them, and wants them back. */
export const unknownColumns = ({ columns }: Row): Columns =>
  Object.fromEntries(
    Object.entries(columns).filter(([name]) => !(name in liveSchema.shape) && !(name in endedSchema.shape)),
  );

/** @throws UnreadableRowError that names the row and the column */
export const readActivity = ({ rowKey, columns }: Row): Activity & { shown: Shown } =>
  decode(activitySchema, rowKey, columns);

/** The columns of a record; which session it is, and whether it lives, is in the row's key. */
export const writeSession = (session: LiveSession | EndedSession): Columns => {
  const { life, accountId, sessionId, ...rest } = session;
  return encode(rest);
};

export const writeActivity = (activity: Activity): Columns => encode({ ...activity });

export const writeShown = (shown: Shown): Columns => encode({ shown });

export const writeEvent = ({ at, kind, because, detail }: HistoryEvent): Columns =>
  encode({ at, kind, because, detail });

const INSTANTS: ReadonlySet<string> = new Set([
  'createdAt',
  'dueAt',
  'endedAt',
  'lastActivityAt',
  'coveredUntil',
  'at',
  'nextCallAt',
  'sweptAt',
  'graceFrom',
  'busyUntil',
  'listedAt',
  'listAgainAt',
  'countedAt',
]);
const SCALARS: ReadonlySet<string> = new Set([
  'size',
  'upstream',
  'seq',
  'opId',
  'status',
  'kind',
  'because',
  'keptCount',
  'liveCount',
  'listPages',
  'listedCount',
]);

/** The table has no null and no nesting: those are JSON text. Instants are dates, so that a person can read them. */
const encode = (record: Record<string, unknown>): Columns => {
  const columns: Columns = {};
  for (const [name, value] of Object.entries(record)) columns[name] = writeColumn(name, value);
  return columns;
};

const writeColumn = (name: string, value: unknown): Columns[string] => {
  if (INSTANTS.has(name) && typeof value === 'number') return new Date(value);
  if (typeof value === 'boolean' || SCALARS.has(name)) return value as string | boolean | number;
  return value === null ? NULL : storedJson(value);
};

const decode = <Schema extends z.ZodObject>(
  schema: Schema,
  rowKey: string,
  columns: Columns,
): z.output<Schema> => {
  const raw: Record<string, unknown> = {};
  for (const name in schema.shape) {
    const value = columns[name];
    if (value !== undefined) raw[name] = readColumn(rowKey, name, value);
  }
  const result = schema.safeParse(raw);
  if (result.success) return result.data;
  throw unreadable(rowKey, result.error.issues[0]?.path.map(String).join('.') ?? '');
};

const readColumn = (rowKey: string, name: string, value: Columns[string]): unknown => {
  if (value instanceof Date) return value.getTime();
  return SCALARS.has(name) || typeof value !== 'string' ? value : parseColumn(rowKey, name, value);
};

/** Most of the columns of JSON are null most of the time: those are neither written nor read as such. */
const NULL = 'null';

const parseColumn = (rowKey: string, name: string, text: string): unknown => {
  if (text === NULL) return null;
  try {
    return JSON.parse(text);
  } catch {
    // Without its cause: the parser's message quotes the text, and what is in a row may be nobody's to read.
    throw unreadable(rowKey, name);
  }
};

const unreadable = (rowKey: string, column: string): UnreadableRowError =>
  new UnreadableRowError(`The row ${rowKey} cannot be read: column ${column}.`);
