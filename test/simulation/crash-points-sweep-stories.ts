import { MINUTE_MS } from '../../shared/lease.ts';
import { readLive, rowKeys } from '../../shared/store/rows.ts';
import { RULES } from './bounds.ts';
import { createPointClient, type PointClient } from './crash-points-client.ts';
import type { Point } from './crash-points-probe.ts';
import type { PointStory } from './crash-points-run.ts';
import {
  beginCreate,
  beReady,
  hasLease,
  hasStopped,
  isForeignUntouched,
  isRecordedAs,
  nextLookAt,
  restUntil,
  runs,
  sweepUntil,
} from './crash-points-scenes.ts';
import type { Stage } from './crash-points-stage.ts';
import { ACCOUNT_ID } from './keeper-parts.ts';

/** What a sweep does by itself. The sweep that does it is the tested process's; the next ones are another's. */

const sweeping = { by: 'timer', work: ({ keeper }) => keeper.sweep() } as const satisfies Pick<
  Awaited<ReturnType<PointStory['prepare']>>,
  'by' | 'work'
>;

const creates: PointStory = {
  name: 'sweep that finishes a create',
  async prepare(stage) {
    const client = createPointClient(stage, 'begun');
    await beginCreate(stage, client, 'before');
    await stage.passUntil(stage.world.now() + 15_000);
    return { ...sweeping, wrong: () => [runs(stage, client)] };
  },
};

const extends_: PointStory = {
  name: 'sweep that extends a kept session',
  async prepare(stage) {
    const client = createPointClient(stage, 'kept', { keepAlive: true, leaseMinutes: 14 });
    const { next } = await beReady(stage, client);
    await restUntil(stage, next.at);
    return { ...sweeping, wrong: () => [runs(stage, client), hasLease(stage, client, 60)] };
  },
};

const reaps: PointStory = {
  name: 'sweep that reaps an idle session',
  async prepare(stage) {
    const client = createPointClient(stage, 'idle', { idleTimeoutMinutes: 2 });
    const { next } = await beReady(stage, client);
    await restUntil(stage, next.at);
    return {
      ...sweeping,
      wrong: () => [hasStopped(stage, client), isRecordedAs(stage, client, 'Stopped')],
    };
  },
};

const reapsUnlessUsed: PointStory = {
  name: 'sweep that reaps, and a heartbeat comes meanwhile',
  async prepare(stage) {
    const { world } = stage;
    const client = createPointClient(stage, 'used-late', { idleTimeoutMinutes: 6 });
    const { next } = await beReady(stage, client);
    await restUntil(stage, next.at);
    let isUsed = false;
    world.after(20_000, () => {
      client.heartbeat(stage.other.keeper).then(() => {
        isUsed = true;
      }, stage.expect);
    });
    return {
      ...sweeping,
      // Nothing but the heartbeat has been noted by then.
      napMs: 25_000,
      wrong: () =>
        isUsed ? [runs(stage, client)] : [hasStopped(stage, client), isRecordedAs(stage, client, 'Stopped')],
    };
  },
};

const observes: PointStory = {
  name: 'sweep that looks at several by one list',
  async prepare(stage) {
    const { world, books } = stage;
    const clients = [1, 2].map((number) => createPointClient(stage, `seen-${number}`));
    await Promise.all(clients.map((client) => stage.done(client.create(stage.other.keeper))));
    stage.tick(world.now());
    await stage.passWhile(() => clients.some(({ id }) => books.find(id)?.status !== 'Ready'));
    await stage.passUntil(world.now() + 70_000);
    const lookAt = nextLookAt(stage);
    await restUntil(stage, lookAt);
    const [gone, ...others] = clients;
    const server = books.find(gone?.id ?? '');
    if (gone === undefined || server === undefined) throw new Error('there is no server');
    books.end(server, 'Stopped');
    return {
      ...sweeping,
      wrong: () => [
        isRecordedAs(stage, gone, 'Stopped'),
        ...others.flatMap((client) => [runs(stage, client), isSeenSince(stage, client, lookAt)]),
        isForeignUntouched(stage),
      ],
    };
  },
};

const isSeenSince = ({ rows }: Stage, { id }: PointClient, at: number): string | false => {
  const row = rows.get(ACCOUNT_ID, rowKeys.live(id));
  const seenAt = row === undefined ? 0 : (readLive(ACCOUNT_ID, row).observedAt ?? 0);
  return seenAt < at && `${id} was last looked at ${at - seenAt} ms too early`;
};

const confirms: PointStory = {
  name: 'sweep that confirms a stop',
  async prepare(stage) {
    const client = createPointClient(stage, 'stopping');
    await beReady(stage, client);
    await stage.done(client.stop(stage.other.keeper));
    await stage.passUntil(stage.world.now() + 15_000);
    return {
      ...sweeping,
      wrong: () => [hasStopped(stage, client), isRecordedAs(stage, client, 'Stopped')],
    };
  },
};

/** Enough for some creates in vain, with a wait that grows. */
const AGAIN_AND_AGAIN_MS = 1.5 * MINUTE_MS;

/** Nobody can tell whether there is a server, until the time for launching is over. */
const launchInDoubt = async (stage: Stage, client: PointClient, when: Point['when']): Promise<void> => {
  await beginCreate(stage, client, when);
  stage.faults.turn('upstream-outage', true);
  stage.faults.hit('upstream-outage', RULES.launchTimeoutMs);
  const until = client.story.askedAt + RULES.launchTimeoutMs;
  await stage.passUntil(until - AGAIN_AND_AGAIN_MS);
  await sweepUntil(stage, until);
  stage.faults.turn('upstream-outage', false);
};

const givesUp: PointStory = {
  name: 'sweep that gives up a launch',
  async prepare(stage) {
    const client = createPointClient(stage, 'unheard');
    await launchInDoubt(stage, client, 'after');
    return {
      ...sweeping,
      wrong: () => [hasStopped(stage, client), isRecordedAs(stage, client, 'Error')],
    };
  },
};

const givesUpNothing: PointStory = {
  name: 'sweep that gives up a launch without a server',
  async prepare(stage) {
    const client = createPointClient(stage, 'unmade');
    await launchInDoubt(stage, client, 'before');
    return {
      ...sweeping,
      wrong: () => [stage.books.find(client.id) !== undefined && 'there is a server'],
      // A create may be on its way for some time.
      lastsMs: 2 * MINUTE_MS,
      wrongAtEnd: () => [
        isRecordedAs(stage, client, 'Error'),
        stage.books.find(client.id) !== undefined && 'there is a server',
      ],
    };
  },
};

export const SWEEP_STORIES: readonly PointStory[] = [
  ...[creates, extends_, reaps, reapsUnlessUsed, observes, confirms, givesUp, givesUpNothing],
];
