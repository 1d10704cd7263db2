import { SessionExistsError } from '../../shared/errors.ts';
import type { Heartbeat, Keeper } from '../../shared/keeper.ts';
import type { SessionView } from '../../shared/view.ts';
import type { NewSession, SessionChange } from '../../shared/wishes.ts';
import { PAUSE_MS } from './crash-points-probe.ts';
import type { Stage } from './crash-points-stage.ts';
import { shownAs } from './service-terms.ts';
import { hasChanged, mayChange, type Story, storyOf } from './story.ts';

/** A client's calls to any instance, and the note of what it was promised: the checks judge by that. */
export interface PointClient {
  readonly id: string;
  readonly story: Story;
  create(keeper: Keeper): Promise<SessionView>;
  change(keeper: Keeper, change: SessionChange): Promise<SessionView>;
  stop(keeper: Keeper): Promise<void>;
  /** A look that is a sign of use. */
  show(keeper: Keeper): Promise<SessionView>;
  look(keeper: Keeper): Promise<SessionView>;
  heartbeat(keeper: Keeper): Promise<Heartbeat>;
}

/** A use without an answer may be noted by an instance that wakes up later. */
const ADRIFT_MS = PAUSE_MS + 10_000;

export const createPointClient = (
  { world, stories }: Stage,
  sessionId: string,
  wishes: Partial<NewSession> = {},
): PointClient => {
  const wanted: NewSession = { sessionId, size: 'Standard', models: [], leaseMinutes: 60, ...wishes };
  const story = storyOf(wanted, world.now());
  stories.set(sessionId, story);

  const note = (view: SessionView): void => {
    const status = shownAs(view);
    if (status === 'Ready') story.readyShownAt ??= world.now();
    if (story.terminal !== null && story.terminal.status !== status) {
      const text = `${sessionId} was shown as ${story.terminal.status}, and now as ${status}`;
      world.fail({ invariant: 'T', at: world.now(), sessionId, text });
    }
    if (status === 'Stopped' || status === 'Expired' || status === 'Error')
      story.terminal ??= { status, at: world.now() };
  };
  const shown = (view: SessionView): SessionView => {
    note(view);
    return view;
  };

  const use = async <T>(call: () => Promise<T>): Promise<T> => {
    const begunAt = world.now();
    const before = story.mayBeUsedUntil;
    story.mayBeUsedUntil = Math.max(before, begunAt + ADRIFT_MS);
    const answer = await call();
    story.mayBeUsedUntil = Math.max(before, world.now());
    story.usedAt = Math.max(story.usedAt, begunAt);
    return answer;
  };

  return {
    id: sessionId,
    story,
    async create(keeper) {
      try {
        const { view } = await keeper.create(wanted);
        story.createdAt = world.now();
        return shown(view);
      } catch (error) {
        if (error instanceof SessionExistsError) story.isRefused = true;
        throw error;
      }
    },
    change: (keeper, change) =>
      use(async () => {
        mayChange(story, change);
        const { view } = await keeper.change(sessionId, change, true);
        hasChanged(story, change, world.now(), false);
        story.leaseMinutes = Math.max(story.leaseMinutes, change.leaseMinutes ?? 0);
        return shown(view);
      }),
    async stop(keeper) {
      story.stopAskedAt ??= world.now();
      await keeper.stop(sessionId);
      story.stopPromisedAt ??= world.now();
    },
    show: (keeper) => use(async () => shown((await keeper.show(sessionId, true)).view)),
    look: async (keeper) => shown((await keeper.show(sessionId, false)).view),
    heartbeat: (keeper) => use(() => keeper.heartbeat(sessionId)),
  };
};
