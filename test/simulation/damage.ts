import { type Instant, MINUTE_MS } from '../../shared/lease.ts';
import type { AccountRules } from '../../shared/session.ts';
import { readDueKey, rowKeys } from '../../shared/store/rows.ts';
import { DAMAGED } from './check-table.ts';
import type { FaultName } from './fault-kinds.ts';
import type { Faults } from './faults.ts';
import type { Standing } from './standing.ts';
import type { Story } from './story.ts';
import type { TableRows } from './table-rows.ts';
import type { World } from './world.ts';

/** Damage to the rows of a table, by nobody's wish; the keeper mends some of it by itself, people the rest. */
export interface Damage {
  /** Whether a record cannot be read, or could not a moment ago: its users are told so. */
  isAnyUnreadable(): boolean;
  /** Whether this record could not be read at any time. */
  wasUnreadable(sessionId: string): boolean;
}

interface Surroundings {
  world: World;
  faults: Faults;
  rows: TableRows;
  accountId: string;
  rules: AccountRules;
  boundMs: () => number;
  /** The keepers' time beside the world's. */
  skewMs: () => number;
  standing: Standing;
  stories: ReadonlyMap<string, Story>;
}

/** What is mended by people, for they see it reported. */
interface ForPeople {
  sessionId: string;
  repairAt: Instant;
  /** Where it is as it was damaged; a restored table may bring it back. */
  isThere: () => boolean;
  repair: () => void;
}

/** What the keeper mends: gone from the table since then. */
interface Lost {
  name: FaultName;
  sessionId: string;
  at: Instant;
}

const KINDS: readonly FaultName[] = ['row-damaged', 'record-unreadable', 'activity-lost', 'due-lost'];
/** Each costs every sweep some time. */
const MOST_DAMAGED = 3;
const UNREADABLE = '{';
/** A call that began while a record could not be read is answered by then. */
const CALL_MS = MINUTE_MS;
/** The keeper looks for lost due rows when they have been due for so long, with its list of the whole account. */
const FORGOTTEN_MS = 5 * MINUTE_MS;

export const createDamage = ({
  world,
  faults,
  rows,
  accountId,
  rules,
  boundMs,
  skewMs,
  standing,
  stories,
}: Surroundings): Damage => {
  const chance = world.chance('damage');
  let forPeople: ForPeople[] = [];
  const everLost = new Map<string, Lost>();
  const lost = new Map<string, Lost>();
  const unreadable = new Set<string>();
  let damaged = 0;
  let unreadableUntil = Number.NEGATIVE_INFINITY;

  const note = (text: string): void => world.trace.note('table', text);
  const keysOf = (prefix: string): string[] => rows.keys(accountId).filter((key) => key.startsWith(prefix));
  const dueAtOf = (sessionId: string): Instant | undefined => {
    const dueAt = rows.get(accountId, rowKeys.live(sessionId))?.columns.dueAt;
    return dueAt instanceof Date ? dueAt.getTime() : undefined;
  };
  const sessions = (): string[] =>
    keysOf(rowKeys.live(''))
      .map((key) => key.slice(rowKeys.live('').length))
      .filter((id) => !id.startsWith(DAMAGED));
  /** The key of the row that the session may lose; undefined where it has no living record. */
  const keyOf = ({ name, sessionId }: Pick<Lost, 'name' | 'sessionId'>): string | undefined => {
    const dueAt = dueAtOf(sessionId);
    if (dueAt === undefined) return undefined;
    return name === 'due-lost' ? rowKeys.due(dueAt, sessionId) : rowKeys.activity(sessionId);
  };
  const isLost = (one: Lost): boolean => {
    const key = keyOf(one);
    return key !== undefined && rows.get(accountId, key) === undefined;
  };

  const isUnreadable = (sessionId: string): boolean =>
    rows.get(accountId, rowKeys.live(sessionId))?.columns.creation === UNREADABLE;

  const addUnreadable = (): void => {
    if (forPeople.filter(({ isThere }) => isThere()).length >= MOST_DAMAGED) return;
    if (!faults.strikes('row-damaged')) return;
    damaged += 1;
    const id = `${DAMAGED}-${damaged}`;
    const live = rowKeys.live(id);
    rows.damage(accountId, [
      { type: 'create', rowKey: live, columns: { seq: 'x' } },
      { type: 'create', rowKey: rowKeys.due(world.now() + skewMs() - 1_000, id), columns: {} },
    ]);
    note(`${id}: a record that nobody can read`);
    forPeople.push({
      sessionId: id,
      repairAt: world.now() + chance.integer(5, 60) * MINUTE_MS,
      isThere: () => rows.get(accountId, live) !== undefined,
      repair() {
        const due = keysOf('due:').filter((key) => readDueKey(key).sessionId === id);
        rows.damage(
          accountId,
          [live, ...due].map((rowKey) => ({ type: 'delete', rowKey })),
        );
        note(`${id}: removed`);
      },
    });
  };

  const makeUnreadable = (sessionId: string): void => {
    const rowKey = rowKeys.live(sessionId);
    const creation = rows.get(accountId, rowKey)?.columns.creation;
    if (typeof creation !== 'string' || creation === UNREADABLE) return;
    if (!faults.draws('record-unreadable')) return;
    const write = (text: string): void =>
      rows.damage(accountId, [{ type: 'update', etag: '*', rowKey, columns: { creation: text } }]);
    const repairAt = world.now() + chance.integer(1, 20) * MINUTE_MS;
    faults.hit('record-unreadable');
    standing.excuse(sessionId);
    unreadable.add(sessionId);
    write(UNREADABLE);
    note(`${sessionId}: its record cannot be read`);
    // An earlier repair would bring back what it said then.
    forPeople = forPeople.filter((one) => one.sessionId !== sessionId);
    forPeople.push({
      sessionId,
      repairAt,
      isThere: () => isUnreadable(sessionId),
      repair() {
        unreadableUntil = world.now() + CALL_MS;
        write(creation);
        beginAnew(sessionId);
        note(`${sessionId}: its record can be read again`);
      },
    });
  };

  const lose = (name: 'activity-lost' | 'due-lost', sessionId: string): void => {
    const key = keyOf({ name, sessionId });
    if (key === undefined || rows.get(accountId, key) === undefined || !faults.strikes(name)) return;
    const one = { name, sessionId, at: world.now() };
    everLost.set(`${name} ${sessionId}`, { ...one });
    lost.set(`${name} ${sessionId}`, one);
    // It is not looked at when it should be, until the list of the whole account shows that.
    if (name === 'due-lost') standing.excuse(sessionId);
    rows.damage(accountId, [{ type: 'delete', rowKey: key }]);
    note(`${sessionId}: ${key} is lost`);
  };

  rows.watch(({ isRestored }) => {
    if (isRestored) for (const [key, one] of everLost) lost.set(key, { ...one, at: world.now() });
    for (const [key, one] of lost) {
      if (isLost(one)) continue;
      lost.delete(key);
      beginAnew(one.sessionId);
      const story = stories.get(one.sessionId);
      // Nobody knows whether it was used, and when: it may be until now, and that arms nothing.
      if (one.name === 'activity-lost' && story !== undefined)
        Object.assign(story, { foundUsedAt: world.now(), isArmed: false });
    }
  });

  /** What else the session has lost can be mended from now on. */
  const beginAnew = (sessionId: string): void => {
    for (const one of lost.values()) if (one.sessionId === sessionId) one.at = world.now();
  };

  /** V: what the keeper mends by itself is mended in time, one thing after another. */
  const checkMended = (): void => {
    const unindexed = new Set(
      [...lost.values()].flatMap(({ name, sessionId }) => (name === 'due-lost' ? [sessionId] : [])),
    );
    for (const { name, sessionId, at } of lost.values()) {
      if (name === 'activity-lost' && (unindexed.has(sessionId) || isUnreadable(sessionId))) continue;
      const dueAt = (dueAtOf(sessionId) ?? Number.POSITIVE_INFINITY) - skewMs();
      const withinMs =
        name === 'due-lost' ? FORGOTTEN_MS + rules.observeIntervalMs + 2 * boundMs() : 2 * boundMs();
      if (faults.longestQuiet(Math.max(at, dueAt), world.now()) <= withinMs) continue;
      const text = `${sessionId}: ${name}, and nobody has mended it`;
      world.fail({ invariant: 'V', at: world.now(), sessionId, text });
    }
  };

  const befall = (): void => {
    world.after(chance.integer(10_000, 60_000), befall);
    for (const { repairAt, isThere, repair } of forPeople) if (repairAt <= world.now() && isThere()) repair();
    checkMended();
    addUnreadable();
    const living = sessions();
    if (living.length === 0) return;
    makeUnreadable(chance.pick(living));
    lose('activity-lost', chance.pick(living));
    lose('due-lost', chance.pick(living));
  };
  if (KINDS.some((name) => faults.chosen.includes(name))) world.after(60_000, befall);

  return {
    wasUnreadable: (sessionId) => unreadable.has(sessionId),
    isAnyUnreadable: () => world.now() < unreadableUntil || sessions().some(isUnreadable),
  };
};
