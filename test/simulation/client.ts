import {
  KeeperError,
  LeaseNotLargerError,
  SessionExistsError,
  SessionNotFoundError,
  SessionOverError,
} from '../../shared/errors.ts';
import type { Keeper } from '../../shared/keeper.ts';
import type { Instant } from '../../shared/lease.ts';
import type { SessionView } from '../../shared/view.ts';
import type { SessionChange } from '../../shared/wishes.ts';
import type { Chance } from './chance.ts';
import type { Faults } from './faults.ts';
import { CHANGING_ONLY, rest, someChange, someTags, workMs } from './habits.ts';
import type { Answer, Platform } from './platform.ts';
import { type ShownAs, shownAs } from './service-terms.ts';
import { hasChanged, hasPromise, mayChange, type Story } from './story.ts';
import type { Ticks } from './ticks.ts';
import type { Invariant } from './violation.ts';
import type { World } from './world.ts';

/** One user of the keeper: creates a session, works with it for a while, and leaves it in one way or another. */
export interface Client {
  live(): Promise<void>;
  /** Creates the session, and never calls again. */
  abandon(): Promise<void>;
  /** Creates the session, looks every two seconds until it is Ready, and works for some minutes, or never calls again. */
  poll(workMs: number): Promise<void>;
  /** Creates the session, and stops it at that time. */
  leaveAt(at: Instant): Promise<void>;
  /** Creates the session, and uses it for so long, at its own pace whatever is answered. */
  attend(forMs: number): Promise<void>;
}

interface Setting {
  world: World;
  faults: Faults;
  platform: Platform;
  ticks: Ticks;
  story: Story;
  /** With `v1` the id comes with the answer: whoever gets none cannot ask again, and does not know what runs. */
  isFirstGeneration: boolean;
  chance: Chance;
  /** What a call that began then has shown. */
  shown: (story: Story, view: SessionView, begunAt: Instant) => void;
  /** A lease that a call that began then was answered yes to. */
  promised: (story: Story, leaseMinutes: number, begunAt: Instant) => void;
  /** Nothing that befalls this session is held against the keeper any more. */
  isExcused: (sessionId: string) => boolean;
}

const MINUTE_MS = 60_000;
const ATTEMPTS = 30;
/** Use so long after Ready arms idleness. */
const ARMING_MS = MINUTE_MS;
/** A call without an answer may sleep with its instance, and take effect when that wakes up. */
const ZOMBIE_MS = 20 * MINUTE_MS;
/** As the stock client libraries look while a session starts. */
const POLL_MS = 2_000;
const POLLS_LONGEST_MS = 20 * MINUTE_MS;

export const createClient = ({
  world,
  faults,
  platform,
  ticks,
  story,
  isFirstGeneration,
  chance,
  shown,
  promised,
  isExcused,
}: Setting): Client => {
  const { id } = story;
  let [lost, attempts] = [0, 0];
  /** Until then a change that got no answer may come after a later one. */
  let adriftUntil = 0;
  const minutes = (least: number, most: number): number =>
    chance.integer(least * MINUTE_MS, most * MINUTE_MS);

  const fail = (text: string, invariant: Invariant = 'error'): void => {
    if (!isExcused(id)) world.fail({ invariant, at: world.now(), sessionId: id, text: `${id}: ${text}` });
  };

  /** One call over a network that loses some; an HTTP answer of unfinished work adds a message to the queue. */
  const call = async <T>(what: string, ask: (keeper: Keeper) => Promise<T>): Promise<Answer<T>> => {
    attempts += 1;
    const isKnown = story.createdAt !== null;
    if (chance.hits(0.5) && faults.strikes('client-lost')) return { type: 'lost', sent: false };
    const answer = await platform.call(`${what} ${id}`, (keeper) =>
      ask(keeper).then((value) => {
        if (isUnfinished(value)) ticks.enqueue();
        return value;
      }),
    );
    note(what, answer);
    const isUnknown = answer.type === 'failed' && answer.error instanceof SessionNotFoundError;
    if (isUnknown && isKnown) fail(`${what}: the session is unknown, and was not before`, 'T');
    if (answer.type === 'lost') lost += 1;
    return answer.type !== 'lost' && faults.strikes('client-lost') ? { type: 'lost', sent: true } : answer;
  };

  const note = <T>(what: string, answer: Answer<T>): void => {
    const by = answer.by === undefined ? '' : ` (${answer.by.name})`;
    const text = answer.type === 'failed' && answer.error instanceof Error ? answer.error.name : answer.type;
    world.trace.note('client', `${what} ${id}: ${text}${by}`);
  };

  /** Repeats what got no answer, as a real client does; undefined where it gives up. */
  const insist = async <T>(
    what: string,
    ask: (keeper: Keeper) => Promise<T>,
  ): Promise<Exclude<Answer<T>, { type: 'lost' }> | undefined> => {
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const answer = await call(what, ask);
      if (answer.type === 'answered') return answer;
      if (answer.type === 'failed' && !isPassing(answer.error)) return answer;
      await world.sleep(chance.integer(500, 10_000));
    }
    return undefined;
  };

  const create = async (): Promise<boolean> => {
    const begunAt = world.now();
    const ask = (keeper: Keeper) => keeper.create(story.wanted, isFirstGeneration);
    // Two at once: a client whose own retry is faster than the answer.
    const isTwin = !isFirstGeneration && chance.hits(0.1);
    if (isTwin) world.watch(call('create again', ask));
    const answer = isFirstGeneration ? await call('create', ask) : await insist('create', ask);
    if (answer?.type === 'failed' && answer.error instanceof SessionExistsError) story.isRefused = true;
    if (answer?.type !== 'answered') return false;
    story.createdAt = world.now();
    hasPromise(story, story.wanted.leaseMinutes, world.now());
    if (!answer.value.isNew && !isTwin && attempts === 1)
      fail('its only create was answered as a repetition');
    shown(story, answer.value.view, begunAt);
    return true;
  };

  /** A sign of use: it holds from its beginning where it was answered by a session that runs. */
  const use = async (isBeat = chance.hits(0.5)): Promise<State> => {
    const begunAt = world.now();
    const isLate = story.readyShownAt !== null && begunAt > story.readyShownAt + ARMING_MS;
    const before = story.mayBeUsedUntil;
    story.mayBeUsedUntil = Number.POSITIVE_INFINITY;
    const answer = await call<Use>(isBeat ? 'heartbeat' : 'show', (keeper) =>
      isBeat
        ? keeper.heartbeat(id).then(({ status }) => ({ status }))
        : keeper.show(id, true).then((answer) => ({ status: shownAs(answer.view), ...answer })),
    );
    const isAdrift = answer.type === 'lost' && answer.sent;
    story.mayBeUsedUntil = Math.max(before, world.now() + (isAdrift ? ZOMBIE_MS : 0));
    if (answer.type === 'lost') return 'unknown';
    if (answer.type === 'failed') return isPassing(answer.error) ? 'unknown' : 'over';
    const { status, view } = answer.value;
    if (view !== undefined) shown(story, view, begunAt);
    if (status === 'Ready') story.readyShownAt ??= world.now();
    const runs = status === 'Starting' || status === 'Ready';
    if (isBeat && !runs) fail(`a heartbeat was acknowledged, and the session is ${status}`, 'W');
    if (!runs) return 'over';
    story.usedAt = Math.max(story.usedAt, begunAt);
    story.isArmed ||= isLate;
    return 'runs';
  };

  const look = async (): Promise<void> => {
    const begunAt = world.now();
    const answer = await call('look', (keeper) => keeper.show(id, false));
    if (answer.type === 'answered') shown(story, answer.value.view, begunAt);
  };

  const change = async (wanted: SessionChange): Promise<State> => {
    const begunAt = world.now();
    const isLate = story.readyShownAt !== null && begunAt > story.readyShownAt + ARMING_MS;
    const [lostBefore, attemptsBefore] = [lost, attempts];
    story.mayBeUsedUntil = Number.POSITIVE_INFINITY;
    mayChange(story, wanted);
    const answer = await insist('change', (keeper) => keeper.change(id, wanted, true));
    story.mayBeUsedUntil = world.now() + ZOMBIE_MS;
    if (answer?.type === 'answered') hasChanged(story, wanted, world.now(), adriftUntil > world.now());
    if (answer?.type === 'failed' && answer.error instanceof LeaseNotLargerError) {
      // Repeating an answer that got lost may be told so; a wish that is said once may not, unless it is no larger.
      const isOwn = attempts === attemptsBefore + 1 && (wanted.leaseMinutes ?? 0) > story.leaseMinutes;
      if (isOwn) fail(`a lease of ${wanted.leaseMinutes} min was refused for being no larger than itself`);
    }
    story.leaseMinutes = Math.max(story.leaseMinutes, wanted.leaseMinutes ?? 0);
    if (lost > lostBefore) adriftUntil = world.now() + ZOMBIE_MS;
    if (answer?.type !== 'answered')
      return answer === undefined || isPassing(answer.error) ? 'unknown' : 'over';
    if (wanted.leaseMinutes !== undefined) promised(story, wanted.leaseMinutes, begunAt);
    shown(story, answer.value.view, begunAt);
    story.usedAt = Math.max(story.usedAt, begunAt);
    story.isArmed ||= isLate;
    return 'runs';
  };

  const stop = async (): Promise<void> => {
    story.stopAskedAt ??= world.now();
    const answer = await insist('stop', (keeper) => keeper.stop(id));
    if (answer?.type === 'answered') story.stopPromisedAt ??= world.now();
  };

  /** Some call again soon where they got no answer; others when they would have called anyway. */
  const work = async (until: number, isHasty = chance.hits(0.5)): Promise<void> => {
    const habit = world.chance(`habit ${id}`);
    const isChangingOnly = habit.hits(CHANGING_ONLY);
    while (world.now() < until) {
      const state = isChangingOnly ? await change(someTags(habit)) : await use();
      if (state === 'over') return;
      if (chance.hits(0.02)) await change(someChange(story, chance));
      if (chance.hits(0.02)) await look();
      if (state === 'unknown' && isHasty) await world.sleep(chance.integer(1_000, 10_000));
      else await rest(story, chance, world, ticks);
    }
  };

  return {
    async abandon() {
      await create();
    },
    async poll(workMs) {
      if (!(await create())) return;
      const until = world.now() + POLLS_LONGEST_MS;
      while (story.readyShownAt === null && world.now() < until) {
        await world.sleep(POLL_MS);
        if ((await use(false)) === 'over') return;
      }
      await work(world.now() + workMs);
    },
    async leaveAt(at) {
      if (!(await create())) return;
      await work(at);
      await stop();
    },
    async attend(forMs) {
      if (await create()) await work(world.now() + forMs, false);
    },
    async live() {
      if (!(await create())) return;
      if (chance.hits(0.1)) return;
      if (chance.hits(0.08)) await stop();
      await work(world.now() + workMs(chance));
      if (chance.hits(0.5)) await stop();
      // Some look again, long after.
      for (let again = chance.integer(0, 3); again > 0; again -= 1) {
        await world.sleep(minutes(1, 60));
        await look();
      }
      if (chance.hits(0.2)) await stop();
    },
  };
};

type State = 'runs' | 'over' | 'unknown';

interface Use {
  status: ShownAs;
  view?: SessionView;
  unfinished?: boolean;
}

const isUnfinished = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && 'unfinished' in value && value.unfinished === true;

/** A fault that may be over at the next try; the others are answers. */
const isPassing = (error: unknown): boolean =>
  !(error instanceof KeeperError) ||
  (!(error instanceof LeaseNotLargerError) &&
    !(error instanceof SessionExistsError) &&
    !(error instanceof SessionNotFoundError) &&
    !(error instanceof SessionOverError) &&
    error.status >= 500);
