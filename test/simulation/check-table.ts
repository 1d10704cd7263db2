import { isDeepStrictEqual } from 'node:util';
import { missingEvent } from './check-history.ts';
import { part } from './columns.ts';
import type { TableRows, Written } from './table-rows.ts';
import type { Invariant } from './violation.ts';
import type { World } from './world.ts';

/** A record of this name cannot be read, and nothing is promised of it. */
export const DAMAGED = 'damaged';

/**
 * What must hold after every transaction, whoever wrote it: A (a change of state leaves an event), T (an ended record
 * is never written again), L (no extension is decided on a record that says stop), and one due row for each record.
 */
export const checkTable = (world: World, rows: TableRows): void => {
  const dueKeys = new Map<string, Set<string>>();
  /** Sessions of which a row was lost, until they have all of them again; a backup may not. */
  const [damaged, everDamaged] = [new Set<string>(), new Set<string>()];

  rows.watch((written) => {
    const touched = new Set<string>();
    const fail = (invariant: Invariant, sessionId: string, text: string): void =>
      world.fail({ invariant, at: world.now(), sessionId, text: `${sessionId}: ${text}` });

    for (const change of written.changes) {
      const [kind, ...rest] = change.rowKey.split(':');
      const sessionId =
        (kind === 'due' || kind === 'event' ? rest.at(kind === 'due' ? 1 : 0) : rest[0]) ?? '';
      if (sessionId.startsWith(DAMAGED)) continue;
      if (kind === 'due') noteDue(dueKeys, sessionId, change.rowKey, change.type !== 'delete');
      if (written.isDamage) everDamaged.add(sessionId);
      if (written.isRestored || written.isDamage) continue;
      if (kind === 'session') checkRecord(written, change.rowKey, rows, (...said) => fail(...said));
      if (kind === 'ended' && isChanged(written, rows, change.rowKey))
        fail('T', sessionId, 'the ended record was written again');
      if (kind !== 'event') touched.add(sessionId);
    }
    const wrongOf = (sessionId: string): string | undefined =>
      wrongRows(rows, written.partition, sessionId, dueKeys.get(sessionId));
    if (written.isRestored || written.isDamage)
      for (const id of everDamaged) if (wrongOf(id) !== undefined) damaged.add(id);
    for (const sessionId of touched) {
      const wrong = wrongOf(sessionId);
      if (wrong === undefined) damaged.delete(sessionId);
      else if (!damaged.has(sessionId)) fail('rows', sessionId, wrong);
    }
  });
};

/** A row that stays may be touched, so that whoever has read it before fails; what it says may not change. */
const isChanged = ({ partition, before }: Written, rows: TableRows, rowKey: string): boolean => {
  const [old, now] = [before.get(rowKey), rows.get(partition, rowKey)];
  return old !== undefined && now !== undefined && !isDeepStrictEqual(old.columns, now.columns);
};

const noteDue = (known: Map<string, Set<string>>, sessionId: string, key: string, isThere: boolean): void => {
  const keys = known.get(sessionId) ?? new Set();
  if (isThere) keys.add(key);
  else keys.delete(key);
  known.set(sessionId, keys);
};

const wrongRows = (
  rows: TableRows,
  partition: string,
  sessionId: string,
  due: ReadonlySet<string> = new Set(),
): string | undefined => {
  const live = rows.get(partition, `session:${sessionId}`);
  const ended = rows.get(partition, `ended:${sessionId}`);
  const record = live ?? ended;
  if (live !== undefined && ended !== undefined) return 'it has a living and an ended record';
  if (record === undefined) return due.size > 0 ? `${due.size} due rows without a record` : undefined;
  if (due.size !== 1) return `${due.size} due rows`;
  const dueAt = record.columns.dueAt instanceof Date ? record.columns.dueAt.getTime() : Number.NaN;
  const [key = ''] = due;
  if (Number(key.split(':')[1]) !== Math.trunc(dueAt)) return `due ${dueAt}, but in the index ${key}`;
  return rows.get(partition, `activity:${sessionId}`) === undefined ? 'no activity row' : undefined;
};

const checkRecord = (
  { partition, changes, before }: Written,
  rowKey: string,
  rows: TableRows,
  fail: (invariant: Invariant, sessionId: string, text: string) => void,
): void => {
  const sessionId = rowKey.slice('session:'.length);
  const [old, now] = [before.get(rowKey), rows.get(partition, rowKey)];
  const missing = missingEvent({
    sessionId,
    old,
    now,
    ended: rows.get(partition, `ended:${sessionId}`),
    changes,
  });
  if (missing !== undefined) fail('A', sessionId, missing);
  if (old?.columns.pending === now?.columns.pending) return;
  const [was, is] = [part(old, 'pending'), part(now, 'pending')];
  const isNewCall = is !== null && is?.opId !== was?.opId;
  if (isNewCall && is?.op !== 'stop' && part(now, 'desired')?.state === 'stopped') {
    fail('L', sessionId, `${is?.op} was decided on a record that says stop`);
  }
};
