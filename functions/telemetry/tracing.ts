/** What is told of a step beside its name and how long it took. Never an address with a query, a header or a body. */
export type Facts = Readonly<Record<string, string | number | boolean>>;

/** `invocation`: the platform's call of one of our functions. The others are asked of somebody else. */
export type StepKind = 'invocation' | 'table' | 'upstream';

export interface Step {
  kind: StepKind;
  name: string;
  facts: Facts;
  /** The trace that this is a part of, as W3C has it; undefined where it is a part of the step around it, or of none. */
  traceParent?: string | undefined;
}

/** Adds facts once they are known, and that the step has failed although its work has an end. */
export type Note = (facts: Facts, hasFailed?: boolean) => void;

/** How work is followed through its steps. */
export interface Tracing {
  /**
   * Does the work as a step of the one around it. What the outermost step names as `MS-CV` is told of every step within
   * it. A step whose work fails has failed.
   */
  step<Result>(step: Step, work: (note: Note) => Promise<Result>): Promise<Result>;
}

/** The work, and nothing else. */
export const noTracing: Tracing = { step: (_step, work) => work(() => undefined) };
