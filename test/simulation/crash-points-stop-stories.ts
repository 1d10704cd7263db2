import { MINUTE_MS } from '../../shared/lease.ts';
import { createPointClient } from './crash-points-client.ts';
import type { PointStory } from './crash-points-run.ts';
import {
  beginCreate,
  beginLateCreate,
  beReady,
  hasStopped,
  isForeignUntouched,
  isRecordedAs,
  runsNot,
} from './crash-points-scenes.ts';

/** Clients that ask for a stop: of what runs, of what may yet come, and of what may be somebody else's. */

const stop: PointStory = {
  name: 'stop asked for',
  async prepare(stage) {
    const client = createPointClient(stage, 'stopped');
    await beReady(stage, client);
    return {
      by: 'client',
      work: ({ keeper }) => client.stop(keeper),
      wrong: () => [hasStopped(stage, client), isRecordedAs(stage, client, 'Stopped')],
    };
  },
};

const stopLate: PointStory = {
  name: 'stop of a session whose create is on its way',
  async prepare(stage) {
    const client = createPointClient(stage, 'late');
    await beginLateCreate(stage, client);
    return {
      by: 'client',
      work: ({ keeper }) => client.stop(keeper),
      wrong: () => [runsNot(stage, client)],
      // That no server comes any more is certain only after a while.
      lastsMs: 2 * MINUTE_MS,
      wrongAtEnd: () => [runsNot(stage, client), isRecordedAs(stage, client, 'Stopped')],
    };
  },
};

/** A call of a client is broken off by then. */
const CALL_MS = 3_000;

const stopUnheard: PointStory = {
  name: 'stop of a session whose create was never answered',
  async prepare(stage) {
    const client = createPointClient(stage, 'unanswered');
    await beginCreate(stage, client, 'after');
    await stage.passUntil(stage.world.now() + CALL_MS);
    return {
      by: 'client',
      work: ({ keeper }) => client.stop(keeper),
      wrong: () => [hasStopped(stage, client), isRecordedAs(stage, client, 'Stopped')],
    };
  },
};

const stopForeign: PointStory = {
  name: 'stop of a session that is somebody else’s, as nobody has heard',
  async prepare(stage) {
    const client = createPointClient(stage, 'theirs');
    const theirs = { id: client.id, size: 'Premium', leaseMinutes: 237, startsInMs: 1_000 } as const;
    stage.books.create({ ...theirs, isFull: false, isForeign: true });
    await beginCreate(stage, client, 'after');
    await stage.passUntil(stage.world.now() + CALL_MS);
    return {
      by: 'client',
      work: ({ keeper }) => client.stop(keeper),
      wrong: () => [isRecordedAs(stage, client, 'Error'), isForeignUntouched(stage, client.id)],
    };
  },
};

export const STOP_STORIES: readonly PointStory[] = [stop, stopLate, stopUnheard, stopForeign];
