import { serve } from '../workers.ts';
import { monthOf } from './month.ts';
import { ACCOUNTS, type MonthReport, type MonthTask, runMonth } from './run.ts';

/** One of several that live through the same month side by side: one account's users, under one arrangement. */
serve<MonthTask, MonthReport>(({ name, seed, account }) =>
  runMonth(
    name,
    monthOf(seed).filter(({ user }) => user % ACCOUNTS === account),
    seed,
  ),
);
