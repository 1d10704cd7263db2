import type { Clock } from '../../shared/clock.ts';
import type { Instant } from '../../shared/lease.ts';
import type { Faults } from './faults.ts';
import type { World } from './world.ts';

/**
 * One process of the keeper. Everything that it learns from outside goes through `io`, so that it can end between any
 * two of its awaits, or sleep and wake up in a world that went on without it.
 */
export interface Process {
  readonly name: string;
  readonly clock: Clock;
  isAlive(): boolean;
  isPaused(): boolean;
  /**
   * A question to the world, and its answer. A process that has ended neither asks nor hears; what it asked before
   * happens all the same.
   */
  io<T>(
    what: string,
    ask: (answered: (value: T) => void, failed: (error: Error) => void) => void,
  ): Promise<T>;
  /** Begins a piece of work: now, or when it wakes up. */
  begin(work: () => void): void;
  /** From here on nothing that it waits for ever comes. */
  end(why: string): void;
  whenEnded(listener: () => void): void;
  pause(): void;
  wake(): void;
}

/** One for all: making one is dear, and there are many thousands in a run. */
const TIMED_OUT = new DOMException('The operation was aborted due to timeout', 'TimeoutError');

const abortInstants = new WeakMap<AbortSignal, Instant>();

/** When the signal aborts, in the world's time. */
export const abortInstantOf = (signal: AbortSignal): Instant =>
  abortInstants.get(signal) ?? Number.POSITIVE_INFINITY;

/** `skew`: the difference of its clock to the world's, in milliseconds. */
export const createProcess = (name: string, world: World, faults: Faults, skew: () => number): Process => {
  let state: 'running' | 'paused' | 'ended' = 'running';
  let waiting: (() => void)[] = [];
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
      else settle();
    });

  const clock: Clock = {
    now: () => world.now() + skew(),
    abortAt(at) {
      const controller = new AbortController();
      abortInstants.set(controller.signal, world.now() + Math.max(0, at - clock.now()));
      world.after(at - clock.now(), () => tell(() => controller.abort(TIMED_OUT)));
      return controller.signal;
    },
  };

  return {
    name,
    clock,
    isAlive: () => state !== 'ended',
    isPaused: () => state === 'paused',
    io: (what, ask) =>
      new Promise((resolve, reject) => {
        if (state === 'ended') return;
        if (faults.strikes('crash')) {
          end(`crash before ${what}`);
          return;
        }
        ask(
          (value) => hear(what, () => resolve(value)),
          (error) => hear(what, () => reject(error)),
        );
      }),
    begin: tell,
    end,
    whenEnded(listener) {
      listeners.push(listener);
    },
    pause() {
      if (state !== 'running') return;
      state = 'paused';
      world.trace.note(name, 'is paused');
    },
    wake() {
      if (state !== 'paused') return;
      state = 'running';
      world.trace.note(name, 'wakes up');
      // Each in a step of its own, as they would have come.
      for (const what of waiting) world.after(0, () => tell(what));
      waiting = [];
    },
  };
};
