import type { Instant } from '../../shared/lease.ts';
import type { AccountRules } from '../../shared/session.ts';
import type { SessionView } from '../../shared/view.ts';
import type { NewSession } from '../../shared/wishes.ts';
import { RULES } from './bounds.ts';
import type { Chance } from './chance.ts';
import { createClasses } from './classes.ts';
import { type Client, createClient } from './client.ts';
import { planEncounters } from './encounters.ts';
import type { Faults } from './faults.ts';
import type { Platform } from './platform.ts';
import { shownAs } from './service-terms.ts';
import { hasPromise, type Story, storyOf } from './story.ts';
import type { Ticks } from './ticks.ts';
import type { Books } from './upstream-books.ts';
import type { World } from './world.ts';

/** All clients of a run: they come and go, and each has a session of its own. */
export interface Fleet {
  stories: ReadonlyMap<string, Story>;
}

/** Between one client and the next. */
const MEAN_GAP_MS = 40 * 60_000;
/** So many clients speak the first generation of the API. */
const V1_SHARE = 0.3;
/** So many come at once, where they do. */
const WAVE = 14;
/** Nobody comes so late that its story could not be told to an end. */
const LAST_ARRIVAL_BEFORE_END_MS = 30 * 60_000;

interface Surroundings {
  world: World;
  faults: Faults;
  books: Books;
  platform: Platform;
  ticks: Ticks;
  hours: number;
  rules: AccountRules;
  isExcused: (sessionId: string) => boolean;
}

export const createFleet = ({
  world,
  faults,
  books,
  platform,
  ticks,
  hours,
  rules,
  isExcused,
}: Surroundings): Fleet => {
  const stories = new Map<string, Story>();
  const chance = world.chance('fleet');
  const end = world.start + hours * 3_600_000 - LAST_ARRIVAL_BEFORE_END_MS;
  let arrived = 0;

  const arrive = (): void => {
    world.after(-Math.log(1 - chance.next()) * MEAN_GAP_MS, arrive);
    if (world.now() > end) return;
    arrived += 1;
    const own = world.chance(`client ${arrived}`);
    const wanted = wantedBy(own, `session-${arrived}`);
    // Nobody else uses the account of an exclusive upstream.
    if (!rules.isExclusive && faults.strikes('id-taken')) takeId(books, wanted, own.hits(0.3));
    const story = storyOf(wanted, world.now());
    stories.set(wanted.sessionId, story);
    world.watch(begin(story, own).live());
  };
  const begin = (story: Story, own: Chance, isFirstGeneration = own.hits(V1_SHARE)): Client => {
    const [shown, promised] = [noteShown(world, isExcused), notePromised(world, books, isExcused)];
    return createClient({
      ...{ world, faults, platform, ticks, story, isFirstGeneration, chance: own },
      ...{ shown, promised, isExcused },
    });
  };
  const beginWith = (wanted: NewSession, own: Chance, isFirstGeneration?: boolean): Client => {
    const story = storyOf(wanted, world.now());
    stories.set(wanted.sessionId, story);
    return begin(story, own, isFirstGeneration);
  };

  /** A class of students, say: all begin at once, and all leave without a word. */
  const arriveTogether = (): void => {
    waves += 1;
    const wave = waves;
    const idleTimeoutMinutes = chance.pick([2, 5, 10]);
    for (let index = 1; index <= WAVE; index += 1) {
      const id = `wave-${wave}-${index}`;
      const own = world.chance(id);
      const wanted = {
        sessionId: id,
        size: 'Standard',
        models: [],
        leaseMinutes: 120,
        idleTimeoutMinutes,
      } as const;
      const story = storyOf(wanted, world.now());
      world.after(own.integer(0, 30_000), () => {
        stories.set(id, story);
        world.watch(begin(story, own).abandon());
      });
    }
  };
  const classes = createClasses({ world, faults, hours, rules, chance: world.chance('classes') }, beginWith);
  let waves = 0;
  if (chance.hits(0.3))
    world.after(Math.round((0.2 + 0.6 * chance.next()) * hours * 3_600_000), arriveTogether);

  planEncounters(world, faults, beginWith);

  world.after(30_000, arrive);
  if (hours > 0) classes.come();
  if (hours > 0) watchLists(world, platform, stories, chance, isExcused);
  return { stories };
};

/** Somebody who looks at all sessions now and then, as a monitor does: no use of any of them. */
const watchLists = (
  world: World,
  platform: Platform,
  stories: ReadonlyMap<string, Story>,
  chance: Chance,
  isExcused: (id: string) => boolean,
): void => {
  const look = async (): Promise<void> => {
    lookAfter(chance.integer(5, 30));
    const begunAt = world.now();
    const answer = await platform.call('list', (keeper) => keeper.list());
    if (answer.type !== 'answered') return;
    for (const view of answer.value) {
      const story = stories.get(view.session.sessionId);
      if (story !== undefined) noteShown(world, isExcused)(story, view, begunAt);
    }
  };
  const lookAfter = (minutes: number): void => world.after(minutes * 60_000, () => world.watch(look()));
  lookAfter(chance.integer(1, 10));
};

/** What a client is shown is a promise where it is terminal. A call that began before may say what held then. */
const noteShown =
  (world: World, isExcused: (id: string) => boolean) =>
  (story: Story, view: SessionView, begunAt: Instant): void => {
    const status = shownAs(view);
    const { terminal, id: sessionId } = story;
    if (status === 'Ready') story.readyShownAt ??= world.now();
    if (isExcused(sessionId)) return;
    if (terminal !== null && terminal.status !== status && begunAt >= terminal.at) {
      const text = `${sessionId} was shown as ${terminal.status}, and now as ${status}`;
      world.fail({ invariant: 'T', at: world.now(), sessionId, text });
    }
    const isTerminal = status === 'Stopped' || status === 'Expired' || status === 'Error';
    if (isTerminal) story.terminal ??= { status, at: world.now() };
  };

/** What a client is answered yes to is had by then, where its server was known to be Ready. */
const notePromised =
  (world: World, books: Books, isExcused: (id: string) => boolean) =>
  (story: Story, leaseMinutes: number, begunAt: Instant): void => {
    hasPromise(story, leaseMinutes, world.now());
    const had = books.find(story.id)?.leaseMinutes ?? 0;
    if (
      isExcused(story.id) ||
      had >= leaseMinutes ||
      story.readyShownAt === null ||
      begunAt < story.readyShownAt
    )
      return;
    const text = `${story.id}: a lease of ${leaseMinutes} min was answered yes, and ${had} are had`;
    world.fail({ invariant: 'K', at: world.now(), sessionId: story.id, text });
  };

/** Somebody who goes to the service directly has a session of this very id already, mostly with other settings. */
const takeId = (
  books: Books,
  { sessionId, size, leaseMinutes, keepAlive }: NewSession,
  isAlike: boolean,
): void => {
  if (isAlike) {
    const minutes = Math.max(Math.ceil(leaseMinutes), keepAlive === true ? RULES.renewMarginMinutes : 0);
    books.create({
      id: sessionId,
      size,
      leaseMinutes: minutes,
      startsInMs: 30_000,
      isFull: false,
      isForeign: true,
    });
    return;
  }
  const other = size === 'Premium' ? 'Standard' : 'Premium';
  books.create({
    id: sessionId,
    size: other,
    leaseMinutes: 237,
    startsInMs: 30_000,
    isFull: false,
    isForeign: true,
  });
};

const wantedBy = (chance: Chance, sessionId: string): NewSession => {
  const keepAlive = chance.pick([undefined, false, true, true]);
  const idleTimeoutMinutes = chance.pick([undefined, undefined, null, 2, 3, 4.5, 5, 10, 30, 30, 120]);
  const maxLifetimeMinutes = chance.pick([undefined, undefined, undefined, null, 0.5, 30, 95, 240]);
  return {
    sessionId,
    size: chance.pick(['Standard', 'Premium']),
    models: [],
    leaseMinutes: chance.pick([0, 1, 5, 10, 10.5, 15, 30, 30, 60, 60, 120, 240, 1440]),
    ...(keepAlive === undefined ? {} : { keepAlive }),
    ...(idleTimeoutMinutes === undefined ? {} : { idleTimeoutMinutes }),
    ...(maxLifetimeMinutes === undefined ? {} : { maxLifetimeMinutes }),
  };
};
