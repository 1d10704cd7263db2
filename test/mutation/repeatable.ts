import fc from 'fast-check';

/**
 * The same draws in each run, so that the score is the same too, and a mutant is not killed by a lucky one. Which
 * value shows the fault best does not matter here.
 */
fc.configureGlobal({ seed: 1, endOnFailure: true });
