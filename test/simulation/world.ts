import type { Instant } from '../../shared/lease.ts';
import { type Chance, chanceOf } from './chance.ts';
import { createEventQueue } from './event-queue.ts';
import { createTrace, type Trace } from './trace.ts';
import type { Violation } from './violation.ts';

/** Virtual time: nothing in a run waits for a clock, and whatever happens at an instant happens in one order. */
export interface World {
  readonly start: Instant;
  readonly seed: number;
  readonly trace: Trace;
  now(): Instant;
  /** Plans something; it runs with everything settled that came before it. */
  after(milliseconds: number, run: () => void): void;
  /** The same for what settles no promise of anybody: a request that arrives, a server that starts. */
  quietly(milliseconds: number, run: () => void): void;
  sleep(milliseconds: number): Promise<void>;
  /** A stream of chance of its own for each name. */
  chance(name: string): Chance;
  /** Ends the run: an invariant does not hold. */
  fail(violation: Violation): void;
  failure(): Violation | undefined;
  /** Work of the simulation that nobody waits for: where it throws, the run ends, with that as its failure. */
  watch(work: Promise<unknown>): void;
  /** Runs everything that is planned by then, or until an invariant fails. */
  run(until: Instant): Promise<void>;
  steps(): number;
}

const TURNS = 256;

/** A Monday. Every run begins at the same instant, so that a trace depends on the seed alone. */
export const START = Date.UTC(2026, 0, 5);

/** That the simulation itself has thrown: its seed is to be looked at like any other that fails. */
export const thrownBy = (error: unknown, at: Instant): Violation => {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { invariant: 'error', at, sessionId: '', text: `the simulation throws ${text}` };
};

export const createWorld = (seed: number, isWholeTrace = false): World => {
  const queue = createEventQueue();
  let now = START;
  let steps = 0;
  let failed: Violation | undefined;
  const plan = (milliseconds: number, run: () => void, isQuiet: boolean): void =>
    queue.push(now + Math.max(0, Math.round(milliseconds)), run, isQuiet);
  const after = (milliseconds: number, run: () => void): void => plan(milliseconds, run, false);
  return {
    start: START,
    seed,
    trace: createTrace(START, () => now, isWholeTrace),
    now: () => now,
    after,
    quietly: (milliseconds, run) => plan(milliseconds, run, true),
    sleep: (milliseconds) => new Promise((resolve) => after(milliseconds, resolve)),
    chance: (name) => chanceOf(seed, name),
    fail(violation) {
      failed ??= violation;
    },
    failure: () => failed,
    watch(work) {
      work.catch((error: unknown) => {
        failed ??= thrownBy(error, now);
      });
    },
    run: (until) =>
      new Promise((resolve, reject) => {
        let isOver = false;
        const end = (settle: () => void): void => {
          isOver = true;
          settle();
        };
        /** Events up to the first that may settle a promise: what follows from that one comes before the next. */
        const turn = (): void => {
          while (!isOver) {
            if (failed !== undefined) {
              end(resolve);
              return;
            }
            const event = queue.popBy(until);
            if (event === undefined) {
              now = until;
              end(resolve);
              return;
            }
            now = event.at;
            steps += 1;
            try {
              event.run();
            } catch (error) {
              end(() => reject(error));
              return;
            }
            if (!event.isQuiet) return;
          }
        };
        // Every microtask comes before the next immediate; to plan many at once spares the event loop's own rounds.
        const planTurns = (): void => {
          for (let index = 0; index < TURNS; index += 1) setImmediate(turn);
          setImmediate(() => {
            if (!isOver) planTurns();
          });
        };
        planTurns();
      }),
    steps: () => steps,
  };
};
