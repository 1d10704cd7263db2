import type { Instant } from '../../shared/lease.ts';
import { type SessionView, shownStatus } from '../../shared/view.ts';
import type { NewSession } from '../../shared/wishes.ts';
import { RULES } from './bounds.ts';
import type { Chance } from './chance.ts';
import { createClient } from './client.ts';
import type { Faults } from './faults.ts';
import { MASKED } from './findings.ts';
import type { Platform } from './platform.ts';
import { hasPromise, type Story, storyOf } from './story.ts';
import type { Ticks } from './ticks.ts';
import type { Books } from './upstream-books.ts';
import type { World } from './world.ts';

/** All clients of a run: they come and go, and each has a session of its own. */
export interface Fleet {
  stories: ReadonlyMap<string, Story>;
}

/** Between one client and the next. */
const MEAN_GAP_MS = 20 * 60_000;
/** Nobody comes so late that its story could not be told to an end. */
const LAST_ARRIVAL_BEFORE_END_MS = 30 * 60_000;

export const createFleet = (
  world: World,
  faults: Faults,
  books: Books,
  platform: Platform,
  ticks: Ticks,
  hours: number,
): Fleet => {
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
    const isTold = !MASKED.stopsStrangers || faults.chosen.length === 1;
    if (isTold && faults.strikes('id-taken')) takeId(books, wanted, own.hits(0.3));
    const story = storyOf(wanted, world.now());
    stories.set(wanted.sessionId, story);
    const [shown, promised] = [noteShown(world), notePromised(world, books)];
    createClient({ world, faults, platform, ticks, story, chance: own, shown, promised }).live();
  };
  world.after(30_000, arrive);
  if (hours > 0) watchLists(world, platform, stories, chance);
  return { stories };
};

/** Somebody who looks at all sessions now and then, as a monitor does: no use of any of them. */
const watchLists = (
  world: World,
  platform: Platform,
  stories: ReadonlyMap<string, Story>,
  chance: Chance,
): void => {
  const look = async (): Promise<void> => {
    world.after(chance.integer(5, 30) * 60_000, look);
    const begunAt = world.now();
    const answer = await platform.call('list', (keeper) => keeper.list());
    if (answer.type !== 'answered') return;
    for (const view of answer.value) {
      const story = stories.get(view.session.sessionId);
      if (story !== undefined) noteShown(world)(story, view, begunAt);
    }
  };
  world.after(chance.integer(1, 10) * 60_000, look);
};

/** What a client is shown is a promise where it is terminal. A call that began before may say what held then. */
const noteShown =
  (world: World) =>
  (story: Story, view: SessionView, begunAt: Instant): void => {
    const status = shownStatus(view.session);
    const { terminal, id: sessionId } = story;
    if (status === 'Ready') story.readyShownAt ??= world.now();
    if (terminal !== null && terminal.status !== status && begunAt >= terminal.at) {
      const text = `${sessionId} was shown as ${terminal.status}, and now as ${status}`;
      world.fail({ invariant: 'T', at: world.now(), sessionId, text });
    }
    const isTerminal = status === 'Stopped' || status === 'Expired' || status === 'Error';
    if (isTerminal) story.terminal ??= { status, at: world.now() };
  };

/** What a client is answered yes to is had by then, where its server was known to be Ready. */
const notePromised =
  (world: World, books: Books) =>
  (story: Story, leaseMinutes: number, begunAt: Instant): void => {
    hasPromise(story, leaseMinutes, world.now());
    const had = books.find(story.id)?.leaseMinutes ?? 0;
    if (had >= leaseMinutes || story.readyShownAt === null || begunAt < story.readyShownAt) return;
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
    ...{ id: sessionId, size: other, leaseMinutes: 237, startsInMs: 30_000 },
    ...{ isFull: false, isForeign: true },
  });
};

const wantedBy = (chance: Chance, sessionId: string): NewSession => {
  const keepAlive = chance.pick([undefined, false, true, true]);
  const idleTimeoutMinutes = chance.pick([undefined, undefined, null, 2, 5, 10, 30, 30, 120]);
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
