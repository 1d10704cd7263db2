import { StorageUnavailableError } from '../../shared/errors.ts';
import type { Instant } from '../../shared/lease.ts';
import { BrokenExchangeError, UnreachableError } from '../../shared/upstream/send.ts';
import type { Faults } from './faults.ts';
import type { Process } from './process.ts';
import type { World } from './world.ts';

/** A point at which a process can be struck: before a question leaves, or when its answer has come and is not used yet. */
export interface Point {
  readonly when: 'before' | 'after';
  readonly party: 'table' | 'upstream';
  readonly what: string;
  /** It comes in the same instant as the answer before it: nothing has happened in between. */
  readonly isNext: boolean;
}

/**
 * `crash`: the process ends. `lost`: before, the question is lost, and after, the answer; its asker is told that it
 * cannot be had. `unreachable`: the upstream cannot be connected to, and its asker knows that nothing was sent.
 * `repeated`: the table's reply is lost and the SDK asks again, so that a writer meets its own write. `pause`: the
 * process sleeps, and wakes up beside its successor; from a `nap` in the midst of its successor's sweep.
 */
export const BLOWS = ['crash', 'lost', 'unreachable', 'repeated', 'pause', 'nap'] as const;
export type Blow = (typeof BLOWS)[number];

/** So long a process sleeps: longer than any call's window, and than a create takes to be settled. */
export const PAUSE_MS = 130_000;
/** An asker is told so much later that no answer came. */
const TOLD_AFTER_MS = 120;

export interface Strike {
  blow: Blow;
  /** Says at which point it falls; it falls once. */
  falls: (point: Point, index: number) => boolean;
  /** When a nap is over. */
  napsUntil?: Instant;
}

/** Counts the points that a process comes to, and strikes it at one of them. */
export interface Probe {
  /** The process as the party meets it. */
  between(process: Process, party: Point['party']): Process;
  points(): readonly Point[];
  /** The point, and from when until when it has its effect. */
  struck(): { point: Point; at: Instant; until: Instant } | undefined;
}

/**
 * Whether the blow is one of its own there, and not the same as at another point. A question that changes nothing may as
 * well be lost as its answer, and nobody but the SDK of the table repeats one for the keeper. Whoever is struck when an
 * answer has come, and when that has just led to the next question, is in the same place. And what ends forgets all that
 * it read: the world that it leaves is another one only where it changed something, or did nothing at all.
 */
export const canFall = (blow: Blow, { when, party, what, isNext }: Point, index: number): boolean => {
  const isChange = /^(submit|PUT|PATCH|POST) /.test(what);
  switch (blow) {
    case 'unreachable':
      return party === 'upstream' && when === 'before';
    case 'repeated':
      return party === 'table' && when === 'after' && isChange;
    case 'lost':
      return when === 'after' || isChange || party === 'upstream';
    case 'crash':
      return index === 0 || (isChange && !isNext);
    case 'pause':
    case 'nap':
      return !isNext;
    default:
      return blow satisfies never;
  }
};

export const createProbe = (world: World, faults: Faults, strike?: Strike): Probe => {
  const points: Point[] = [];
  let struck: ReturnType<Probe['struck']>;
  let heardAt: Instant | undefined;

  /** The process comes to a point: the blow that falls there. */
  const come = (process: Process, here: Omit<Point, 'isNext'>): Blow | undefined => {
    const point = { ...here, isNext: here.when === 'before' && heardAt === world.now() };
    if (here.when === 'after') heardAt = world.now();
    points.push(point);
    if (strike === undefined || struck !== undefined || !strike.falls(point, points.length - 1)) return;
    const { blow } = strike;
    const at = world.now();
    const until = sleepsUntil(strike, at);
    struck = { point, at, until };
    const text = `${blow} ${point.when} ${point.what}`;
    world.trace.note(process.name, `STRUCK: ${text}`);
    faults.hit(until > at ? 'pause' : 'crash', until - at);
    if (blow === 'crash') process.end(text);
    if (until > at) {
      process.pause();
      world.after(until - at, () => process.wake());
    }
    return blow;
  };

  /** Once it runs: at once, or when it is awake again. What it had set itself to break off comes first then. */
  const onceAwake = <T>(process: Process, work: () => Promise<T>): Promise<T> =>
    process.isPaused()
      ? new Promise((resolve, reject) => {
          process.begin(() => world.after(1, () => process.begin(() => work().then(resolve, reject))));
        })
      : work();

  const between: Probe['between'] = (process, party) => {
    const noAnswer = (blow: Blow): Error => {
      if (party === 'table') return new StorageUnavailableError('The table does not answer.');
      const cause = new Error(blow);
      return blow === 'unreachable' ? new UnreachableError(cause) : new BrokenExchangeError(cause);
    };

    const io: Process['io'] = (what, ask) => {
      const telling =
        (blow: Blow): typeof ask =>
        (_, failed) =>
          world.after(TOLD_AFTER_MS, () => failed(noAnswer(blow)));
      const asked: typeof ask = (answered, failed) => {
        const heard = (tell: () => void): void => {
          const blow = come(process, { when: 'after', party, what });
          if (blow === 'lost') telling(blow)(answered, failed);
          else if (blow === 'repeated') ask(answered, failed);
          else tell();
        };
        ask(
          (value) => heard(() => answered(value)),
          (error) => heard(() => failed(error)),
        );
      };
      // Code that runs on in this very step would not, were it asleep.
      const blow = process.isPaused() ? undefined : come(process, { when: 'before', party, what });
      const isInVain = blow === 'lost' || blow === 'unreachable';
      return onceAwake(process, () => process.io(what, isInVain ? telling(blow) : asked));
    };
    return { ...process, io };
  };

  return { between, points: () => points, struck: () => struck };
};

const sleepsUntil = ({ blow, napsUntil = 0 }: Strike, now: Instant): Instant => {
  if (blow === 'pause') return now + PAUSE_MS;
  return blow === 'nap' ? Math.max(napsUntil, now + 1) : now;
};
