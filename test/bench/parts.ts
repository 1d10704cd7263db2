import type { Part } from './figures.ts';
import { capacity } from './parts/capacity.ts';
import { calls } from './parts/calls.ts';
import { money } from './parts/money.ts';
import { upstream } from './parts/upstream.ts';

/** All parts, in the order in which they run. A part is one file of `parts/` and one line here. */
export const PARTS: readonly Part[] = [calls, upstream, capacity, money];
