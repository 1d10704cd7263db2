/** What a part of the benchmark measures, and what it should be. */
export interface Figure {
  name: string;
  value: number;
  /** As it is printed behind the value; empty for a plain count or a ratio. */
  unit: string;
  /** Where it is the median of rounds: the middle half of them. */
  spread?: readonly [number, number];
  /** Where it is to be at most, or at least, so much. A figure without a goal is there to be compared with. */
  goal?: Goal;
}

export type Goal = { most: number } | { least: number };

/** One part: its name on the command line, what it is about, and the work itself. */
export interface Part {
  name: string;
  /** For `docs/benchmarks.md`, in Markdown: what is measured, against what, and how far to trust it. */
  about: string;
  run(context: Context): Promise<Measured>;
}

export interface Context {
  /** For parts that draw from chance. */
  seed: number;
  /** Tells whoever waits what is being done. */
  progress(text: string): void;
}

export interface Measured {
  figures: readonly Figure[];
  /** For the document, in Markdown: more of the same run than its figures tell, honest words included. */
  remarks?: string;
  /** Files beside the document, by their names. */
  pictures?: Readonly<Record<string, string>>;
}

/** Whether the rounds say both that the goal is reached and that it is missed. */
export const isNear = ({ goal, spread }: Figure): boolean => {
  if (goal === undefined || spread === undefined) return false;
  const [low, high] = spread;
  const at = 'most' in goal ? goal.most : goal.least;
  return low <= at && at <= high;
};

/** Undefined where there is no goal. */
export const holds = ({ value, goal }: Figure): boolean | undefined => {
  if (goal === undefined) return undefined;
  return 'most' in goal ? value <= goal.most : value >= goal.least;
};
