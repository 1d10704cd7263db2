import { serve } from '../workers.ts';
import { monthOf } from './month.ts';
import { type ArrangementName, type MonthReport, runMonth } from './run.ts';

/** One of several that live through the same month side by side, each under another arrangement. */
export interface MonthTask {
  name: ArrangementName;
  seed: number;
}

serve<MonthTask, MonthReport>(({ name, seed }) => runMonth(name, monthOf(seed), seed));
