import type { Instant } from '../../shared/lease.ts';
import type { RowChange } from '../../shared/store/table.ts';
import { CLOCKS_DIFFER_MS, START_WINDOW_MS } from './bounds.ts';
import { part } from './columns.ts';
import { MOST_EXTENDED_MINUTES } from './service-terms.ts';
import type { TableRows } from './table-rows.ts';
import type { World } from './world.ts';

/**
 * DESIGN §4.2: a change leaves soon after the record has said so, and while it is under way at the upstream, nobody
 * else asks for another one of that session. §4.3: nothing is asked for in vain.
 */
export interface CallCheck {
  /** A change leaves, and is broken off at `until`. Says how to tell that it was answered. */
  leaves(change: Leaving): () => void;
}

export interface Leaving {
  sessionId: string;
  what: string;
  op: 'create' | 'extend' | 'stop';
  body: string;
  until: Instant;
  /** The process that calls. */
  by: string;
}

/** What the record says of calls, as it was last written. */
interface Said {
  opId: unknown;
  op: unknown;
  /** When it was first written that this call is made. */
  at: Instant;
  grantedMinutes: number;
  refusedMinutes: number | undefined;
}

const LONGEST_CALL_MS = 10_000;

export const createCallCheck = (world: World, rows: TableRows): CallCheck => {
  const underWay = new Map<string, Pick<Leaving, 'what' | 'until' | 'by'> & { opId: unknown }>();
  const saidOf = new Map<string, Said>();

  /** A backup does not know who is calling: whoever is goes on for the longest call. */
  let restoredAt = Number.NEGATIVE_INFINITY;

  rows.watch(({ changes, isRestored, by }) => {
    if (isRestored) restoredAt = world.now();
    for (const change of changes) {
      noteStray(change);
      if (!change.rowKey.startsWith('session:') || change.type === 'delete') continue;
      // A touch, or a change of the index alone, says nothing of calls.
      if (change.columns.pending === undefined) continue;
      const sessionId = change.rowKey.slice('session:'.length);
      const [pending, refused, leases] = ['pending', 'refused', 'leases'].map((name) => part(change, name));
      const before = saidOf.get(sessionId);
      const other = underWay.get(sessionId);
      // Another one's clock may say earlier that its time is over.
      const isUnderWay =
        other !== undefined && world.now() < other.until - (by === other.by ? 0 : CLOCKS_DIFFER_MS);
      if (isUnderWay && pending?.opId !== other.opId) {
        const text = `the record does not say any more that ${other.what} is under way`;
        world.fail({ invariant: 'call', at: world.now(), sessionId, text });
      }
      // Whoever calls may be late to hear that it is written; another one's word in between does not count for it.
      const isNew = pending?.opId !== undefined && pending.opId !== before?.opId;
      saidOf.set(sessionId, {
        ...{ opId: pending?.opId, op: pending?.op, at: isNew ? world.now() : (before?.at ?? 0) },
        grantedMinutes: Number(leases?.grantedMinutes ?? 0),
        refusedMinutes: refused?.maxLeaseMinutes === undefined ? undefined : Number(refused.maxLeaseMinutes),
      });
    }
  });

  /** The server of a session that is over is stopped on the word of an event: its record is never written again. */
  const noteStray = (change: RowChange): void => {
    if (change.type !== 'create' || !change.rowKey.startsWith('event:') || change.columns.kind !== 'stray')
      return;
    const [, sessionId = ''] = change.rowKey.split(':');
    const said = { opId: change.rowKey, op: 'stop', at: world.now() };
    saidOf.set(sessionId, { ...said, grantedMinutes: 0, refusedMinutes: undefined });
  };

  /** Why the change should not leave now; undefined where nothing is wrong. */
  const wrongWith = ({ sessionId, op, body }: Leaving): string | undefined => {
    const said = saidOf.get(sessionId);
    if (said === undefined || said.op !== op) return 'leaves, and no record says so';
    // A clock that is corrected backwards stands still meanwhile, with the time that the record names.
    if (world.now() > said.at + START_WINDOW_MS + CLOCKS_DIFFER_MS)
      return `leaves ${world.now() - said.at} ms after the record said so`;
    if (op !== 'extend') return undefined;
    const asked = Number(JSON.parse(body).maxLeaseTimeMinutes);
    if (asked <= said.grantedMinutes) return `asks for ${asked} min, and ${said.grantedMinutes} are granted`;
    if (asked > MOST_EXTENDED_MINUTES) return `asks for ${asked} min, which nobody is ever given`;
    return asked === said.refusedMinutes ? `asks for ${asked} min, which were just refused` : undefined;
  };

  return {
    leaves(change) {
      const { sessionId, what, until, by } = change;
      const fail = (text: string): void =>
        world.fail({ invariant: 'call', at: world.now(), sessionId, text: `${what} ${text}` });
      if (world.now() < restoredAt + LONGEST_CALL_MS) return () => undefined;
      const other = underWay.get(sessionId);
      // A process that has ended, or sleeps, keeps its time all the same: nobody can know that it does.
      if (other !== undefined && world.now() < other.until - CLOCKS_DIFFER_MS)
        fail(`leaves while ${other.what} is under way`);
      const wrong = wrongWith(change);
      if (wrong !== undefined) fail(wrong);
      const own = { what, opId: saidOf.get(sessionId)?.opId, until, by };
      underWay.set(sessionId, own);
      return () => {
        if (underWay.get(sessionId) === own) underWay.delete(sessionId);
      };
    },
  };
};
