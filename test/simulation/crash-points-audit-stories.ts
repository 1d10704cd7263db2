import { BRAKE_LEAST, withUnaskedStop } from '../../shared/gate.ts';
import { MINUTE_MS } from '../../shared/lease.ts';
import { readLive, rowKeys } from '../../shared/store/rows.ts';
import { RULES } from './bounds.ts';
import { createPointClient, type PointClient } from './crash-points-client.ts';
import type { PointStory } from './crash-points-run.ts';
import {
  beOver,
  beReady,
  endedRecord,
  hasStopped,
  isForeignUntouched,
  isRecordedAs,
  restUntil,
  runs,
} from './crash-points-scenes.ts';
import { FOREIGN_ID, type Stage } from './crash-points-stage.ts';
import { ACCOUNT_ID } from './keeper-parts.ts';

/** What concerns the account as a whole: its list is held against the table, and its brake is on. */

const sweeping = { by: 'timer', work: ({ keeper }) => keeper.sweep() } as const satisfies Pick<
  Awaited<ReturnType<PointStory['prepare']>>,
  'by' | 'work'
>;

const audits: PointStory = {
  name: 'sweep whose list shows nothing new',
  async prepare(stage) {
    const client = createPointClient(stage, 'known');
    await beReady(stage, client);
    return {
      ...sweeping,
      isAuditDue: true,
      wrong: () => [runs(stage, client), isForeignUntouched(stage)],
    };
  },
};

const stopsStray: PointStory = {
  name: 'sweep that finds a server whose session is over',
  async prepare(stage) {
    const client = createPointClient(stage, 'stray');
    await beOver(stage, client);
    await stage.passUntil(stage.world.now() + 5_000);
    const server = stage.books.find(client.id);
    if (server === undefined) throw new Error('there is no server');
    // The service was wrong: it has not stopped at all.
    Object.assign(server, { status: 'Ready', endedAt: null, stoppingSince: null });
    return {
      ...sweeping,
      isAuditDue: true,
      wrong: () => [hasStopped(stage, client), isRecordedAs(stage, client, 'Stopped')],
    };
  },
};

const adopts: PointStory = {
  name: 'sweep that adopts a server of nobody',
  rules: { isExclusive: true },
  async prepare(stage) {
    const { world } = stage;
    await stage.passUntil(world.now() + 5_000);
    stage.writeGate({ strangers: { [FOREIGN_ID]: world.now() - RULES.orphanGraceMs } });
    return {
      ...sweeping,
      isAuditDue: true,
      wrong: () => [
        isForeignUntouched(stage),
        stage.rows.get(ACCOUNT_ID, rowKeys.live(FOREIGN_ID)) === undefined && 'it has no record',
      ],
    };
  },
};

const HOLD_MINUTES = 5;

/** So many strays were stopped just now that no further stop is an ordinary one. */
const brake = async ({ other: { store }, world }: Stage, stray: ReturnType<typeof endedRecord>) => {
  if (stray === undefined) throw new Error('it is not over');
  for (let count = 0; count < BRAKE_LEAST; count += 1) {
    const [from, at] = [await store.readGate(ACCOUNT_ID), world.now()];
    const event = { at, kind: 'stray', because: 'over', detail: {} } as const;
    await store.addEvent(stray, event, { from, next: withUnaskedStop(from, at) });
  }
};

const holds: PointStory = {
  name: 'sweep whose brake holds an idle session',
  async prepare(stage) {
    const over = createPointClient(stage, 'over');
    await beOver(stage, over);
    const client = createPointClient(stage, 'held', { idleTimeoutMinutes: HOLD_MINUTES });
    const { next } = await beReady(stage, client);
    await restUntil(stage, next.at);
    await stage.done(brake(stage, endedRecord(stage, over)));
    return {
      ...sweeping,
      wrong: () => [runs(stage, client), isHeld(stage, client)],
      // Held once, and then reaped all the same.
      lastsMs: (HOLD_MINUTES + 2) * MINUTE_MS,
      wrongAtEnd: () => [hasStopped(stage, client), isRecordedAs(stage, client, 'Stopped')],
    };
  },
};

const isHeld = ({ rows }: Stage, { id }: PointClient): string | false => {
  const row = rows.get(ACCOUNT_ID, rowKeys.live(id));
  const isSo = row !== undefined && readLive(ACCOUNT_ID, row).heldUntil !== null;
  return !isSo && `${id} is not held`;
};

export const AUDIT_STORIES: readonly PointStory[] = [audits, stopsStray, adopts, holds];
