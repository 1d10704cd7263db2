import { MINUTE_MS } from '../../shared/lease.ts';
import type { HistoryEvent } from '../../shared/outcome.ts';
import { createPointClient, type PointClient } from './crash-points-client.ts';
import type { PointStory, PointWork } from './crash-points-run.ts';
import { beReady, endedRecord, restUntil } from './crash-points-scenes.ts';
import type { Stage } from './crash-points-stage.ts';
import { ACCOUNT_ID } from './keeper-parts.ts';

/** What is kept for thirty days, and then forgotten, with a short history and with one of several transactions. */

const DAY_MS = 24 * 60 * MINUTE_MS;
/** As many events as one transaction of a record takes. */
const MANY = 96;

/** Stopped, and thirty days later. */
const growOld = async (stage: Stage, client: PointClient): Promise<PointWork> => {
  const { world, other } = stage;
  await stage.done(client.stop(other.keeper));
  stage.tick(world.now() + 15_000);
  await stage.passWhile(() => endedRecord(stage, client) === undefined);
  const forgetAt = endedRecord(stage, client)?.dueAt ?? 0;
  if (forgetAt < world.now() + 30 * DAY_MS - MINUTE_MS) throw new Error('it is to be forgotten too soon');
  await restUntil(stage, forgetAt);
  return {
    by: 'timer',
    work: ({ keeper }) => keeper.sweep(),
    wrong: () =>
      stage.rows
        .keys(ACCOUNT_ID)
        .filter((key) => key.includes(client.id))
        .map((key) => `${key} is still there`),
  };
};

const forgets: PointStory = {
  name: 'sweep that forgets an ended session',
  async prepare(stage) {
    const client = createPointClient(stage, 'old');
    await beReady(stage, client);
    return growOld(stage, client);
  },
};

const forgetsMuch: PointStory = {
  name: 'sweep that forgets a long history',
  async prepare(stage) {
    const client = createPointClient(stage, 'eventful');
    await beReady(stage, client);
    await stage.done(liveThrough(stage, client));
    return growOld(stage, client);
  },
};

const liveThrough = async ({ other, world }: Stage, { id: sessionId }: PointClient): Promise<void> => {
  const found = await other.store.read({ accountId: ACCOUNT_ID, sessionId }, world.now());
  if (found?.session.life !== 'live') throw new Error('it does not live');
  const event: HistoryEvent = { at: world.now(), kind: 'changed', because: 'client', detail: {} };
  const events = Array.from({ length: MANY }, () => event);
  const { session } = found;
  await other.store.commit({ ...found, session }, session, events, world.now());
};

export const FORGET_STORIES: readonly PointStory[] = [forgets, forgetsMuch];
