import { isDeepStrictEqual } from 'node:util';
import type { Row, RowChange } from '../../shared/store/table.ts';
import { type Part, part } from './columns.ts';

/** A: what the history of a session has to say of one transaction. */

interface Transaction {
  sessionId: string;
  /** The living record before and after it. */
  old: Row | undefined;
  now: Row | undefined;
  /** The ended record after it. */
  ended: Row | undefined;
  changes: readonly RowChange[];
}

/** What changed, and the event that tells of it. */
interface Told {
  what: string;
  isIn: (event: Event) => boolean;
}

interface Event {
  kind: unknown;
  because: unknown;
  detail: Part;
}

/**
 * Why the events of this session that were written are not those that belong to the change: each change of state has an
 * event of its kind that names the new state, and their numbers follow each other. Undefined where nothing is wrong.
 */
export const missingEvent = ({ sessionId, old, now, ended, changes }: Transaction): string | undefined => {
  const written = changes.filter(
    (change) => change.type === 'create' && change.rowKey.startsWith(`event:${sessionId}:`),
  );
  const after = now ?? ended;
  const [from, to] = [Number(old?.columns.seq ?? 0), Number(after?.columns.seq ?? 0)];
  const wanted = Array.from({ length: Math.max(0, to - from) }, (_, index) =>
    eventKey(sessionId, from + index + 1),
  );
  const keys = written.map(({ rowKey }) => rowKey);
  if (after !== undefined && keys.join() !== wanted.join())
    return `the record counts events ${from + 1} to ${to}, and written are ${keys.join(', ') || 'none'}`;
  const events = written.map(eventOf);
  const untold = toldOf(old, now, ended).filter(({ isIn }) => !events.some(isIn));
  if (untold.length === 0) return undefined;
  const kinds = events.map(({ kind, because }) => `${kind} (${because})`).join(', ');
  return `${untold.map(({ what }) => what).join(', ')} changed without an event of it: ${kinds || 'none'}`;
};

/** DESIGN §4.1: `event:{sessionId}:{seq}`. */
const eventKey = (sessionId: string, seq: number): string =>
  `event:${sessionId}:${String(seq).padStart(8, '0')}`;

const eventOf = (change: RowChange): Event => {
  const columns = 'columns' in change ? change.columns : {};
  return { kind: columns.kind, because: columns.because, detail: part({ columns }, 'detail') ?? {} };
};

const toldOf = (old: Row | undefined, now: Row | undefined, ended: Row | undefined): Told[] => {
  if (now === undefined) return old === undefined || ended === undefined ? [] : [ofEnd(ended)];
  if (old === undefined)
    return [{ what: 'its life', isIn: ({ kind }) => kind === 'created' || kind === 'adopted' }];
  return [
    ...ofDesired(old, now),
    ...ofObserved(old, now),
    ...ofLease(old, now),
    ...ofWishes(old, now),
    ...ofHold(old, now),
    ...ofRefusal(old, now),
  ];
};

const ofEnd = ({ columns }: Row): Told => ({
  what: 'its life',
  isIn: ({ kind, because, detail }) =>
    kind === 'ended' && because === columns.because && detail.status === columns.status,
});

const ofDesired = (old: Row, now: Row): Told[] => {
  const [was, is] = [part(old, 'desired'), part(now, 'desired')];
  if (was?.state === is?.state) return [];
  return [
    { what: 'what is wanted', isIn: ({ kind, because }) => kind === 'stop' && because === is?.because },
  ];
};

const ofObserved = (old: Row, now: Row): Told[] => {
  const [was, is] = [part(old, 'observed'), part(now, 'observed')];
  if (was?.status === is?.status) return [];
  return [
    { what: 'what is seen', isIn: ({ kind, detail }) => kind === 'status' && detail.status === is?.status },
  ];
};

const ofLease = (old: Row, now: Row): Told[] => {
  const [was, is] = [part(old, 'leases')?.grantedMinutes, part(now, 'leases')?.grantedMinutes];
  if (was === is) return [];
  return [
    { what: 'the lease', isIn: ({ kind, detail }) => kind === 'extended' && detail.grantedMinutes === is },
  ];
};

/** A client's words; and those of its lease may turn out to be more than can be had. */
const ofWishes = (old: Row, now: Row): Told[] => {
  const told: Told[] = [];
  const [before, policy] = [part(old, 'policy') ?? {}, part(now, 'policy') ?? {}];
  // A newer version may write more of it.
  if (POLICY.some((name) => before[name] !== policy[name]))
    told.push({
      what: 'the policy',
      isIn: ({ kind, because, detail }) =>
        kind === 'changed' && because === 'client' && POLICY.every((name) => detail[name] === policy[name]),
    });
  const [was, is] = [part(old, 'leases')?.floorMinutes, part(now, 'leases')?.floorMinutes];
  if (was !== is)
    told.push({
      what: 'the floor',
      isIn: ({ kind, detail }) => kind === 'changed' && detail.floorMinutes === is,
    });
  return told;
};

const POLICY = ['keepAlive', 'idleTimeoutMinutes', 'maxLifetimeMinutes'];

const ofHold = (old: Row, now: Row): Told[] => {
  const [was, is] = [instantOf(old, 'heldUntil'), instantOf(now, 'heldUntil')];
  if (is === undefined || was === is) return [];
  return [
    {
      what: 'its hold',
      isIn: ({ kind, detail }) => kind === 'held' && Date.parse(String(detail.until)) === is,
    },
  ];
};

const ofRefusal = (old: Row, now: Row): Told[] => {
  const [was, is] = [part(old, 'refused'), part(now, 'refused')];
  if (is === undefined || is === null || isDeepStrictEqual(was, is)) return [];
  return [
    {
      what: 'what is refused',
      isIn: ({ kind, detail }) => kind === 'refused' && detail.maxLeaseMinutes === is.maxLeaseMinutes,
    },
  ];
};

const instantOf = ({ columns }: Row, name: string): number | undefined => {
  const value = columns[name];
  const instant = value instanceof Date ? value.getTime() : Number(value ?? Number.NaN);
  return Number.isFinite(instant) ? instant : undefined;
};
