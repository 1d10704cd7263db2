import { parseArgs } from 'node:util';
import { FAULT_KINDS, type FaultName } from './fault-kinds.ts';

/** What `npm run simulate` is told. */
export interface SimulateOptions {
  seeds: number;
  firstSeed: number;
  hours: number;
  /** One seed is replayed; with its whole trace where that is asked for. */
  replay: number | undefined;
  isWholeTrace: boolean;
  faults: readonly FaultName[] | undefined;
  workers: number;
}

export const USAGE = `npm run simulate -- [--seeds 100] [--hours 24] [--from-seed 1] [--workers 2]
                     [--seed N [--trace] [--faults crash,table-500 | --faults none]]`;

/** @throws Error that names the option at fault */
export const readOptions = (args: readonly string[]): SimulateOptions => {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    args: [...args],
    options: {
      ...{ seeds: text, hours: text, 'from-seed': text, seed: text, faults: text, workers: text },
      trace: { type: 'boolean' },
    },
  });
  const whole = (
    name: 'seeds' | 'hours' | 'from-seed' | 'seed' | 'workers',
    fallback: number,
    least: number,
  ): number => {
    const number = Number(values[name] ?? fallback);
    if (!Number.isInteger(number) || number < least)
      throw new Error(`--${name} must be a whole number, at least ${least}`);
    return number;
  };
  return {
    seeds: whole('seeds', 100, 1),
    firstSeed: whole('from-seed', 1, 0),
    hours: whole('hours', 24, 2),
    replay: values.seed === undefined ? undefined : whole('seed', 0, 0),
    isWholeTrace: values.trace ?? false,
    faults: readFaults(values.faults),
    workers: whole('workers', 2, 1),
  };
};

const readFaults = (text: string | undefined): FaultName[] | undefined => {
  if (text === undefined) return undefined;
  if (text === 'none') return [];
  return text.split(',').map((name) => {
    if (!isFault(name))
      throw new Error(`--faults: ${name} is none of ${Object.keys(FAULT_KINDS).join(', ')}`);
    return name;
  });
};

const isFault = (name: string): name is FaultName => Object.hasOwn(FAULT_KINDS, name);
