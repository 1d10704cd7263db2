import type { Part } from './figures.ts';
import { calls } from './parts/calls.ts';
import { capacity } from './parts/capacity.ts';
import { coldStart } from './parts/cold-start.ts';
import { money } from './parts/money.ts';
import { sweep } from './parts/sweep.ts';
import { upstream } from './parts/upstream.ts';

/** All parts, in the order in which they run. A part is one file of `parts/` and one line here. */
export const PARTS: readonly Part[] = [calls, sweep, upstream, capacity, money, coldStart];
