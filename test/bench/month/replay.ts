import { type Instant, MINUTE_MS } from '../../../shared/lease.ts';
import { type Books, isLiving, type Server } from '../../simulation/upstream-books.ts';
import type { World } from '../../simulation/world.ts';
import { type Arrangement, AWAY } from '../arrangements/arrangement.ts';
import { TIMES } from '../simulated/upstream.ts';
import { HABITS } from './habits.ts';
import type { Sitting, Stretch } from './month.ts';

/** What a month came to, as its users and the upstream's books tell it. */
export interface Tally {
  /** Of servers, from Ready to the end. */
  billedMs: number;
  servers: number;
  /** Servers that were taken from somebody at work, or from a job. */
  cutOff: number;
  /** Users who came back from a pause and found no session. */
  begunAnew: number;
  /** Those of them who were away for no longer than the promise of half an hour. */
  begunAnewEarly: number;
  /** Work that was not saved, and waiting for another server. */
  lostMs: number;
}

/** Whoever is back by then counts on the session: the keeper's default idle timeout. */
export const PROMISED_MINUTES = 30;

/** Plans a whole month of users in the world; the tally is whole once the world has run over it. */
export const replay = (
  world: World,
  books: Books,
  arrangement: Arrangement,
  sittings: readonly Sitting[],
): (() => Tally) => {
  const tally = { cutOff: 0, begunAnew: 0, begunAnewEarly: 0, lostMs: 0 };
  const users = new Map<string, User>();
  books.watch({
    created({ id }) {
      world.quietly(TIMES.startsInMs, () => users.get(id)?.ready(id));
    },
    ended({ id, readyAt }) {
      users.get(id)?.ended(id, readyAt !== null);
    },
  });
  arrangement.whenOver?.((id) => users.get(id)?.over(id));
  for (const sitting of sittings) {
    const user = createUser(world, books, arrangement, sitting, tally, (id) => users.set(id, user));
    user.plan();
  }
  return () => {
    const servers = [...books.all()];
    const billedMs = servers.reduce((sum, server) => sum + billedOf(server, world.now()), 0);
    return { ...tally, servers: servers.length, billedMs };
  };
};

const billedOf = ({ readyAt, endedAt }: Server, now: Instant): number =>
  readyAt === null ? 0 : (endedAt ?? now) - readyAt;

interface User {
  plan(): void;
  ready(sessionId: string): void;
  ended(sessionId: string, wasReady: boolean): void;
  /** Its client is told that the session is over, whether or not its server still runs. */
  over(sessionId: string): void;
}

/** Whoever is told so soon after coming back has not been at work yet. */
const JUST_BACK_MS = 10_000;

/** One sitting as its user lives through it. The plan of the day does not change for what is lost. */
const createUser = (
  world: World,
  books: Books,
  arrangement: Arrangement,
  sitting: Sitting,
  tally: Pick<Tally, 'cutOff' | 'begunAnew' | 'begunAnewEarly' | 'lostMs'>,
  register: (sessionId: string) => void,
): User => {
  let asked = 0;
  let sessionId: string | undefined;
  /** In the middle of this one. */
  let using: Stretch | undefined;
  let leftAt: Instant = Number.NEGATIVE_INFINITY;
  let waitingSince: Instant | undefined;

  const isHad = (id: string): boolean => {
    const server = books.find(id);
    // One that was asked for and is not there yet is on its way.
    return server === undefined
      ? waitingSince !== undefined
      : isLiving(server) && server.stoppingSince === null;
  };

  const ask = (): void => {
    asked += 1;
    sessionId = `${sitting.id}-${asked}`;
    register(sessionId);
    waitingSince ??= world.now();
    arrangement.create(sessionId);
  };

  const begin = (stretch: Stretch): void => {
    using = stretch;
    const now = world.now();
    if (waitingSince !== undefined) waitingSince = now;
    if (sessionId === undefined || !isHad(sessionId)) {
      if (sessionId !== undefined) noteBegunAnew(now);
      ask();
    }
    attend(true, true);
  };

  const noteBegunAnew = (backAt: Instant): void => {
    tally.begunAnew += 1;
    if (backAt - leftAt <= PROMISED_MINUTES * MINUTE_MS) tally.begunAnewEarly += 1;
  };

  const noteCutOff = ({ from }: Stretch): void => {
    tally.cutOff += 1;
    tally.lostMs += unsavedMs(sitting, world.now() - from);
  };

  const attend = (isOpen: boolean, isUsed: boolean): void => {
    if (sessionId !== undefined) arrangement.attend(sessionId, isOpen ? { isOpen, isUsed } : AWAY);
  };

  const finish = (stretch: Stretch): void => {
    noteWait();
    using = undefined;
    leftAt = world.now();
    if (stretch !== sitting.stretches.at(-1)) attend(stretch.client === 'open', false);
    else leave();
  };

  const leave = (): void => {
    const last = sessionId;
    if (last === undefined) return;
    attend(sitting.ends === 'left-open', false);
    if (sitting.ends === 'stopped') arrangement.stop(last);
    if (sitting.ends === 'left-open') {
      world.quietly(sitting.openUntil - world.now(), () => arrangement.attend(last, AWAY));
    }
  };

  /** Everybody waits for the first server of a sitting to start; whatever comes on top is lost. */
  const noteWait = (): void => {
    if (waitingSince === undefined) return;
    const waitedMs = world.now() - waitingSince;
    tally.lostMs += asked > 1 ? waitedMs : Math.max(0, waitedMs - FIRST_START_MS);
  };

  return {
    plan() {
      for (const stretch of sitting.stretches) {
        world.quietly(stretch.from - world.now(), () => begin(stretch));
        world.quietly(stretch.to - world.now(), () => finish(stretch));
      }
    },
    ready(id) {
      if (id !== sessionId) return;
      if (using !== undefined) noteWait();
      waitingSince = undefined;
    },
    ended(id, wasReady) {
      if (id !== sessionId) return;
      waitingSince = undefined;
      if (using === undefined) return;
      if (wasReady) noteCutOff(using);
      ask();
      attend(true, true);
    },
    over(id) {
      if (id !== sessionId || using === undefined) return;
      waitingSince = undefined;
      if (world.now() - using.from <= JUST_BACK_MS) noteBegunAnew(using.from);
      else noteCutOff(using);
      ask();
      attend(true, true);
    },
  };
};

/** The start itself, and the way of the call. */
const FIRST_START_MS = TIMES.startsInMs + 1_000;

/** A job that is cut off begins again from nothing. */
const unsavedMs = ({ kind }: Sitting, workedMs: number): number =>
  kind === 'job' ? workedMs : workedMs % (HABITS.savedEveryMinutes * MINUTE_MS);
