import { type CheckedClock, type Clock, createCheckedClock } from '../../shared/clock.ts';
import type { Instant } from '../../shared/lease.ts';
import type { Faults } from './faults.ts';
import type { World } from './world.ts';

/**
 * One process of the keeper. Everything that it learns from outside goes through `io`, so that it can end between any
 * two of its awaits, or sleep and wake up in a world that went on without it.
 */
export interface Process {
  readonly name: string;
  readonly clock: CheckedClock;
  /** What the table says the time is: whole seconds. */
  tableTime(): Instant;
  isAlive(): boolean;
  isPaused(): boolean;
  /**
   * A question to the world, and its answer. A process that has ended neither asks nor hears; what it asked before
   * happens all the same.
   */
  io<T>(
    what: string,
    ask: (answered: (value: T, heard?: () => void) => void, failed: (error: Error) => void) => void,
  ): Promise<T>;
  /** Calls back before its question number `count` from now on; what it gives back calls that off. */
  beforeQuestion(count: number, back: () => void): () => void;
  /** Begins a piece of work: now, or when it wakes up. */
  begin(work: () => void): void;
  /** From here on nothing that it waits for ever comes. */
  end(why: string): void;
  whenEnded(listener: () => void): void;
  pause(): void;
  wake(): void;
}

/** A machine that swaps, a virtual one that is moved, a long collection of garbage. */
const FREEZES_MS = [500, 3_000, 8_000, 20_000, 60_000];

/** One for all: making one is dear, and there are many thousands in a run. */
const TIMED_OUT = new DOMException('The operation was aborted due to timeout', 'TimeoutError');

const abortInstants = new WeakMap<AbortSignal, Instant>();

/** When the signal aborts, in the world's time. */
export const abortInstantOf = (signal: AbortSignal): Instant =>
  abortInstants.get(signal) ?? Number.POSITIVE_INFINITY;

/** Differences to the world's time, in milliseconds: of the platform, with its table, and of the process beside those. */
export interface Skew {
  platform: number;
  own: () => number;
}

export const createProcess = (name: string, world: World, faults: Faults, skew: Skew): Process => {
  const chance = world.chance(name);
  let state: 'running' | 'paused' | 'ended' = 'running';
  let waiting: (() => void)[] = [];
  const countdowns = new Set<{ left: number; back: () => void }>();
  const listeners: (() => void)[] = [];

  const end = (why: string): void => {
    if (state === 'ended') return;
    state = 'ended';
    waiting = [];
    world.trace.note(name, `ENDS: ${why}`);
    for (const listener of listeners) listener();
  };

  const tell = (what: () => void): void => {
    if (state === 'running') what();
    else if (state === 'paused') waiting.push(what);
  };

  /** An answer that arrives, unless the process ends between it and what would follow. */
  const hear = (what: string, settle: () => void): void =>
    tell(() => {
      if (faults.strikes('crash')) end(`crash after ${what}`);
      else if (faults.draws('freeze')) freeze(settle);
      else settle();
    });

  /** It stands still between two awaits, with the answer in its hands, and goes on as if nothing had been. */
  const freeze = (settle: () => void): void => {
    const forMs = chance.pick(FREEZES_MS);
    faults.hit('freeze', forMs);
    pause();
    waiting.push(settle);
    world.after(forMs, wake);
  };

  const pause = (): void => {
    if (state !== 'running') return;
    state = 'paused';
    world.trace.note(name, 'is paused');
  };

  const wake = (): void => {
    if (state !== 'paused') return;
    state = 'running';
    world.trace.note(name, 'wakes up');
    // Each in a step of its own, as they would have come.
    for (const what of waiting) world.after(0, () => tell(what));
    waiting = [];
  };

  const countQuestion = (): void => {
    for (const countdown of countdowns) {
      countdown.left -= 1;
      if (countdown.left > 0) continue;
      countdowns.delete(countdown);
      countdown.back();
    }
  };

  const own: Clock = {
    now: () => world.now() + skew.platform + skew.own(),
    abortAt(at) {
      const controller = new AbortController();
      abortInstants.set(controller.signal, world.now() + Math.max(0, at - own.now()));
      world.after(at - own.now(), () => tell(() => controller.abort(TIMED_OUT)));
      return controller.signal;
    },
  };

  const clock = createCheckedClock(own, (aheadMs) =>
    world.trace.note(name, `its clock is ${aheadMs} ms ahead`),
  );

  return {
    name,
    clock,
    tableTime: () => Math.floor((world.now() + skew.platform) / 1000) * 1000,
    isAlive: () => state !== 'ended',
    isPaused: () => state === 'paused',
    io: (what, ask) =>
      new Promise((resolve, reject) => {
        countQuestion();
        if (state === 'ended') return;
        if (faults.strikes('crash')) {
          end(`crash before ${what}`);
          return;
        }
        ask(
          (value, heard) =>
            hear(what, () => {
              heard?.();
              resolve(value);
            }),
          (error) => hear(what, () => reject(error)),
        );
      }),
    beforeQuestion(count, back) {
      const countdown = { left: count, back };
      countdowns.add(countdown);
      return () => void countdowns.delete(countdown);
    },
    begin: tell,
    end,
    whenEnded(listener) {
      listeners.push(listener);
    },
    pause,
    wake,
  };
};
