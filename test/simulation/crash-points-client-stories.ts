import { LeaseNotLargerError, SessionExistsError } from '../../shared/errors.ts';
import { MINUTE_MS } from '../../shared/lease.ts';
import { readActivity, rowKeys } from '../../shared/store/rows.ts';
import { createPointClient } from './crash-points-client.ts';
import type { PointStory } from './crash-points-run.ts';
import {
  becomeReady,
  beReady,
  hasLease,
  hasStopped,
  isForeignUntouched,
  isRecordedAs,
  nextLookAt,
  runs,
  sweepUntil,
} from './crash-points-scenes.ts';
import { ACCOUNT_ID } from './keeper-parts.ts';

/** What clients ask for. Each call is repeated, with the same words, until it is answered. */

const create: PointStory = {
  name: 'create',
  async prepare(stage) {
    const client = createPointClient(stage, 'created');
    return {
      by: 'client',
      work: ({ keeper }) => client.create(keeper),
      wrong: () => [runs(stage, client), isForeignUntouched(stage)],
      lastsMs: 4 * MINUTE_MS,
    };
  },
};

const createTaken: PointStory = {
  name: 'create of an id that is somebody else’s',
  async prepare(stage) {
    const client = createPointClient(stage, 'taken');
    const theirs = { id: client.id, size: 'Premium', leaseMinutes: 237, startsInMs: 1_000 } as const;
    stage.books.create({ ...theirs, isFull: false, isForeign: true });
    return {
      by: 'client',
      work: ({ keeper }) => client.create(keeper),
      isAnswer: (error) => error instanceof SessionExistsError,
      wrong: () => [isRecordedAs(stage, client, 'Error'), isForeignUntouched(stage, client.id)],
    };
  },
};

const createNamesake: PointStory = {
  name: 'create of what somebody else has made in the same words',
  // Who knows that nothing was sent has not tried. Whoever cannot tell may take it for the work of an earlier try.
  blows: ['unreachable'],
  async prepare(stage) {
    const client = createPointClient(stage, 'namesake');
    const { size, leaseMinutes } = client.story.wanted;
    const theirs = { id: client.id, size, leaseMinutes, startsInMs: 1_000 };
    stage.books.create({ ...theirs, isFull: false, isForeign: true });
    return {
      by: 'client',
      work: ({ keeper }) => client.create(keeper),
      isAnswer: (error) => error instanceof SessionExistsError,
      wrong: () => [isRecordedAs(stage, client, 'Error'), isForeignUntouched(stage, client.id)],
    };
  },
};

const extend: PointStory = {
  name: 'extend by a client',
  async prepare(stage) {
    const client = createPointClient(stage, 'extended', { leaseMinutes: 30 });
    await beReady(stage, client);
    return {
      by: 'client',
      work: ({ keeper }) => client.change(keeper, { leaseMinutes: 90 }),
      // A lease that was granted already, but for the answer, is no larger than itself.
      isAnswer: (error) => error instanceof LeaseNotLargerError && hasLease(stage, client, 90) === false,
      wrong: () => [runs(stage, client), hasLease(stage, client, 90)],
    };
  },
};

const changeWishes: PointStory = {
  name: 'change of wishes by a client',
  async prepare(stage) {
    const client = createPointClient(stage, 'wishing', { leaseMinutes: 5 });
    await beReady(stage, client);
    return {
      by: 'client',
      work: ({ keeper }) => client.change(keeper, { keepAlive: true }),
      // Less is left than the margin: that it is kept shows at once.
      wrong: () => [runs(stage, client), hasLease(stage, client, 60)],
    };
  },
};

const show: PointStory = {
  name: 'show that finds a server Ready',
  async prepare(stage) {
    const client = createPointClient(stage, 'shown');
    await becomeReady(stage, client);
    return {
      by: 'client',
      work: ({ keeper }) => client.show(keeper),
      // That it is Ready may be shown later, where the table fails; by the bound it is recorded.
      wrong: () => [runs(stage, client)],
    };
  },
};

const heartbeat: PointStory = {
  name: 'heartbeat',
  async prepare(stage) {
    const client = createPointClient(stage, 'beating', { idleTimeoutMinutes: 7 });
    await beReady(stage, client);
    // Used until some minutes before its regular look: the heartbeat comes at the same time as that.
    const lookAt = nextLookAt(stage);
    while (stage.world.now() < lookAt - 4 * MINUTE_MS) {
      await stage.done(client.heartbeat(stage.other.keeper));
      await stage.passUntil(stage.world.now() + MINUTE_MS);
    }
    await sweepUntil(stage, lookAt);
    const begunAt = stage.world.now();
    return {
      by: 'client',
      work: ({ keeper }) => client.heartbeat(keeper),
      wrong() {
        const row = stage.rows.get(ACCOUNT_ID, rowKeys.activity(client.id));
        const usedAt = row === undefined ? 0 : readActivity(row).lastActivityAt;
        return [runs(stage, client), usedAt < begunAt - 1_000 && 'the heartbeat is not recorded'];
      },
      // Nobody uses it any more: idle 7 min after what was recorded, and gone within the bound.
      lastsMs: 9 * MINUTE_MS,
      wrongAtEnd: () => [hasStopped(stage, client), isRecordedAs(stage, client, 'Stopped')],
    };
  },
};

const list: PointStory = {
  name: 'list',
  async prepare(stage) {
    const clients = ['listed-1', 'listed-2'].map((id) => createPointClient(stage, id));
    for (const client of clients) await beReady(stage, client);
    return {
      by: 'client',
      work: ({ keeper }) => keeper.list(),
      wrong: () => clients.map((client) => runs(stage, client)),
    };
  },
};

const page: PointStory = {
  name: 'page of a list',
  async prepare(stage) {
    const clients = ['paged-1', 'paged-2'].map((id) => createPointClient(stage, id));
    for (const client of clients) await beReady(stage, client);
    return {
      by: 'client',
      async work({ keeper }) {
        const { next } = await keeper.page(undefined, 1);
        await keeper.page(next, 1);
      },
      wrong: () => clients.map((client) => runs(stage, client)),
    };
  },
};

export const CLIENT_STORIES: readonly PointStory[] = [
  ...[create, createTaken, createNamesake, extend, changeWishes, show, heartbeat, list, page],
];
