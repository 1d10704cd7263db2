import type { Invariant } from '../violation.ts';

/**
 * A planted bug: what somebody might write by mistake. It is a change to the product's source that is made while that
 * is loaded (see `loader.ts`), so that the product has no switch for it.
 */
export interface Plant {
  readonly name: string;
  /** What is wrong, in a sentence for people. */
  readonly what: string;
  /** The invariants that may tell of it; which one does depends on the seed. */
  readonly breaks: readonly Invariant[];
  readonly edits: readonly Edit[];
}

export interface Edit {
  /** From the repository's folder. */
  readonly file: `shared/${string}.ts`;
  /** Stands exactly once in the file. */
  readonly find: string;
  readonly replace: string;
}

/** @throws Error where the text to be replaced does not stand in the source exactly once */
export const applyEdit = (source: string, { file, find, replace }: Edit): string => {
  const [before, after, ...more] = source.split(find);
  if (before === undefined || after === undefined || more.length > 0) {
    const times = after === undefined ? 'nowhere' : `${more.length + 1} times`;
    throw new Error(`${file} has changed: the text of a planted bug stands there ${times}:\n${find}`);
  }
  return before + replace + after;
};
