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
  /** The name of a planted bug to run with. */
  plant: string | undefined;
  /** What else is done instead of running seeds. */
  command: 'run' | 'list-plants' | 'find-plants';
}

export const USAGE = `npm run simulate -- [--seeds 100] [--hours 24] [--from-seed 1] [--workers 2]
                     [--seed N [--trace] [--faults crash,table-500 | --faults none]]
npm run simulate -- --list-plants | --find-plants [--plant NAME] | --plant NAME [--seeds 200] [--seed N [--trace]]`;

/** A planted bug has to be caught within so many. */
export const PLANTED_SEEDS = 200;

/** @throws Error that names the option at fault */
export const readOptions = (args: readonly string[]): SimulateOptions => {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  const { values } = parseArgs({
    args: [...args],
    options: {
      ...{ seeds: text, hours: text, 'from-seed': text, seed: text, faults: text, workers: text },
      ...{ trace: flag, plant: text, 'list-plants': flag, 'find-plants': flag },
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
  const command = values['list-plants'] ? 'list-plants' : values['find-plants'] ? 'find-plants' : 'run';
  const withPlants = values.plant !== undefined || command === 'find-plants';
  return {
    ...{ command, plant: values.plant },
    seeds: whole('seeds', withPlants ? PLANTED_SEEDS : 100, 1),
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
