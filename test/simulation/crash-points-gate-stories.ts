import { MINUTE_MS } from '../../shared/lease.ts';
import { CLOCKS_DIFFER_MS, START_WINDOW_MS } from './bounds.ts';
import { createPointClient, type PointClient } from './crash-points-client.ts';
import type { PointStory } from './crash-points-run.ts';
import { beReady, hasLease, hasStopped, isRecordedAs, runs } from './crash-points-scenes.ts';
import type { Stage } from './crash-points-stage.ts';

/** An account whose calls have to wait for each other. */

const CALL_GAP_MS = 5_000;
const rules = { callGapMs: CALL_GAP_MS } as const;
const past = (stage: Stage, gaps: number): Promise<void> =>
  stage.passUntil(stage.world.now() + gaps * CALL_GAP_MS + 1_000);

/** R: a call may leave a moment after its slot was taken, and the next one has a slot a gap later. */
const keepsGap = ({ upstream }: Stage): string[] => {
  const calls = upstream.calls().filter(({ path }) => !path.endsWith('/token'));
  return calls.flatMap(({ at, method, path }, index) => {
    const waited = at - (calls[index - 1]?.at ?? 0);
    const isEarly = waited < CALL_GAP_MS - START_WINDOW_MS - CLOCKS_DIFFER_MS;
    return isEarly ? [`${method} ${path} leaves ${waited} ms after the call before it`] : [];
  });
};

const sweeps: PointStory = {
  name: 'sweep of two sessions whose calls wait for each other',
  rules,
  async prepare(stage) {
    const kept = createPointClient(stage, 'kept', { keepAlive: true, leaseMinutes: 14 });
    const idle = createPointClient(stage, 'idle', { idleTimeoutMinutes: 3 });
    const nexts = [];
    for (const client of [kept, idle]) {
      nexts.push((await beReady(stage, client)).next.at);
      await past(stage, 1);
    }
    await stage.passUntil(Math.max(...nexts) + 2_000);
    return {
      by: 'timer',
      work: ({ keeper }) => keeper.sweep(),
      wrong: () => [
        ...[runs(stage, kept), hasLease(stage, kept, 60)],
        ...[hasStopped(stage, idle), isRecordedAs(stage, idle, 'Stopped')],
        ...keepsGap(stage),
      ],
    };
  },
};

const creates: PointStory = {
  name: 'create when the gate is closed',
  rules,
  async prepare(stage) {
    const clients: PointClient[] = ['first', 'second'].map((id) => createPointClient(stage, id));
    const [first, second] = clients;
    if (first === undefined || second === undefined) throw new Error('nobody asks');
    await stage.done(first.create(stage.other.keeper));
    return {
      by: 'client',
      work: ({ keeper }) => second.create(keeper),
      wrong: () => [...clients.map((client) => runs(stage, client)), ...keepsGap(stage)],
      lastsMs: 4 * MINUTE_MS,
    };
  },
};

export const GATE_STORIES = { client: [creates], timer: [sweeps] } as const satisfies Record<
  string,
  readonly PointStory[]
>;
