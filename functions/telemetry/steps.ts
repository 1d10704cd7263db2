import { AsyncLocalStorage } from 'node:async_hooks';
import type { BegunStep, Exporter } from './exporter.ts';
import type { Facts, Note, Tracing } from './tracing.ts';

/** Follows work through its steps, without the library: it need not be there yet, and may come in the midst of them. */
export interface Steps {
  tracing: Tracing;
  /** The step that is under way here; undefined where none is. */
  current(): OpenStep | undefined;
}

export interface OpenStep {
  /** What the outermost step around it names as `MS-CV`. */
  readonly vector: Facts[string] | undefined;
  /** Set once it has been told of. */
  begun: BegunStep | undefined;
}

export interface StepTimes {
  /** Unix ms. */
  now(): number;
  /** Ms from any instant on: how long something takes, however the clock is put. */
  elapsedMs(): number;
}

/**
 * `tell` keeps the order: that a step has begun is told before all that happens in it, and that it has ended after. It never
 * throws.
 */
export const createSteps = (
  tell: (telling: (exporter: Exporter) => void) => void,
  { now, elapsedMs }: StepTimes,
): Steps => {
  const underWay = new AsyncLocalStorage<OpenStep>();

  const follow: Tracing['step'] = async (step, work) => {
    const around = underWay.getStore();
    const vector = around?.vector ?? step.facts['MS-CV'];
    const open: OpenStep = { vector, begun: undefined };
    const facts = vector === undefined ? step.facts : { ...step.facts, 'MS-CV': vector };
    const [beganAt, began] = [now(), elapsedMs()];
    tell((exporter) => {
      open.begun = exporter.begin({ ...step, facts }, around?.begun, beganAt);
    });

    let learned: Facts = {};
    let failure: string | undefined;
    const note: Note = (more, hasFailed = false) => {
      learned = { ...learned, ...more };
      if (hasFailed) failure ??= '';
    };
    try {
      return await underWay.run(open, () => work(note));
    } catch (error) {
      // Its message may quote anything, and is told as a fault where it matters.
      failure = error instanceof Error ? error.name : '';
      throw error;
    } finally {
      const endedAt = beganAt + elapsedMs() - began;
      tell(() => open.begun?.end({ facts: learned, failure, at: endedAt }));
    }
  };

  return { tracing: { step: follow }, current: () => underWay.getStore() };
};
