import { UnreadableRowError } from '../errors.ts';
import type { Gate } from '../gate.ts';
import { NEW_GATE } from '../gate.ts';
import { readGate, rowKeys, writeGate } from './rows.ts';
import type { RowChange, Table } from './table.ts';

/** The gate row of an account. */

/** The gate as it was read; without an etag there is no row yet. */
export interface TrackedGate extends Gate {
  etag: string | undefined;
}

/** A change of exactly the gate that was read. It goes into the transaction of what it is for. */
export interface GateChange {
  from: TrackedGate;
  next: Gate;
}

/**
 * The gate as it is now. A row that is missing or cannot be read counts as a new one, which holds nobody for idle: what
 * it counted is lost, and no session with it.
 */
export const readGateRow = async (table: Table, accountId: string): Promise<TrackedGate> => {
  const row = await table.get(accountId, rowKeys.gate);
  if (row === undefined) return { ...NEW_GATE, etag: undefined };
  try {
    return { ...readGate(row), etag: row.etag };
  } catch (error) {
    if (!(error instanceof UnreadableRowError)) throw error;
    return { ...NEW_GATE, etag: row.etag };
  }
};

const gateRow = ({ from: { etag }, next }: GateChange): RowChange => {
  // A change of the gate as it was read brings the etag along, which is no column.
  const { etag: _, ...gate }: Gate & Partial<TrackedGate> = next;
  const columns = writeGate(gate);
  return etag === undefined
    ? { type: 'create', rowKey: rowKeys.gate, columns }
    : { type: 'update', rowKey: rowKeys.gate, columns, etag };
};

/** The row of a change that there may be. */
export const gateRows = (change: GateChange | undefined): RowChange[] =>
  change === undefined ? [] : [gateRow(change)];

/** Changes the gate by itself; undefined where it has changed meanwhile. */
export const submitGate = async (
  table: Table,
  accountId: string,
  change: GateChange,
): Promise<TrackedGate | undefined> => {
  const submitted = await table.submit(accountId, [gateRow(change)]);
  return submitted.type === 'written'
    ? { ...change.next, etag: submitted.etags.get(rowKeys.gate) }
    : undefined;
};
