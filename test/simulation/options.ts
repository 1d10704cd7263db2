import { parseArgs } from 'node:util';
import { FAULT_KINDS, type FaultName } from './fault-kinds.ts';

/** What `npm run simulate` is told. */
export interface SimulateOptions {
  command: Command;
  seeds: number;
  firstSeed: number;
  hours: number;
  /** The seed that is replayed; with its whole trace where that is asked for. */
  seed: number;
  isWholeTrace: boolean;
  faults: readonly FaultName[] | undefined;
  workers: number;
  /** The name of a planted bug to run with. */
  plant: string | undefined;
}

/** Many seeds; one of them again; or a planted bug looked for, in one way or another. */
export type Command = 'run' | 'replay' | 'plant' | 'list-plants' | 'find-plants';

export const USAGE = `npm run simulate -- [--seeds 100] [--from-seed 1] [--hours 24] [--workers 2] [FAULTS]
npm run simulate -- --seed N [--hours 24] [--trace] [--plant NAME] [FAULTS]
npm run simulate -- --plant NAME [--seeds 200] [--from-seed 1] [--hours 24] [FAULTS]
npm run simulate -- --find-plants [--plant NAME] [--seeds 200] [--from-seed 1] [--hours 24] [--workers 2]
npm run simulate -- --list-plants
FAULTS: --faults crash,table-500 or --faults none; otherwise each seed has its own`;

/** What the command cannot make sense of. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** A planted bug has to be caught within so many. */
export const PLANTED_SEEDS = 200;

const TEXT = { type: 'string' } as const;
const FLAG = { type: 'boolean' } as const;
const OPTIONS = {
  seeds: TEXT,
  hours: TEXT,
  'from-seed': TEXT,
  seed: TEXT,
  faults: TEXT,
  workers: TEXT,
  plant: TEXT,
  trace: FLAG,
  'list-plants': FLAG,
  'find-plants': FLAG,
} as const;

type Option = keyof typeof OPTIONS;

/** What each command heeds; anything else is refused rather than passed over. */
const HEEDED: Record<Command, readonly Option[]> = {
  run: ['seeds', 'from-seed', 'hours', 'workers', 'faults'],
  replay: ['seed', 'hours', 'trace', 'faults', 'plant'],
  plant: ['plant', 'seeds', 'from-seed', 'hours', 'faults'],
  'list-plants': ['list-plants'],
  'find-plants': ['find-plants', 'plant', 'seeds', 'from-seed', 'hours', 'workers'],
};

/** @throws UsageError that names the option at fault */
export const readOptions = (args: readonly string[]): SimulateOptions => {
  const values = parse(args);
  const command = commandOf(values);
  for (const name of Object.keys(values) as Option[]) {
    if (!HEEDED[command].includes(name)) throw new UsageError(`--${name} means nothing here`);
  }
  const whole = (
    name: 'seeds' | 'hours' | 'from-seed' | 'seed' | 'workers',
    fallback: number,
    least: number,
  ) => {
    const number = Number(values[name] ?? fallback);
    if (!Number.isInteger(number) || number < least)
      throw new UsageError(`--${name} must be a whole number, at least ${least}`);
    return number;
  };
  return {
    command,
    plant: values.plant,
    seeds: whole('seeds', command === 'run' ? 100 : PLANTED_SEEDS, 1),
    firstSeed: whole('from-seed', 1, 0),
    hours: whole('hours', 24, 2),
    seed: whole('seed', 0, 0),
    isWholeTrace: values.trace ?? false,
    faults: readFaults(values.faults),
    workers: whole('workers', 2, 1),
  };
};

const parse = (args: readonly string[]) => {
  try {
    return parseArgs({ args: [...args], options: OPTIONS }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
};

const commandOf = (values: ReturnType<typeof parse>): Command => {
  if (values['list-plants']) return 'list-plants';
  if (values['find-plants']) return 'find-plants';
  if (values.seed !== undefined) return 'replay';
  return values.plant === undefined ? 'run' : 'plant';
};

const readFaults = (text: string | undefined): FaultName[] | undefined => {
  if (text === undefined) return undefined;
  if (text === 'none') return [];
  return text.split(',').map((name) => {
    if (!isFault(name))
      throw new UsageError(`--faults: ${name} is none of ${Object.keys(FAULT_KINDS).join(', ')}`);
    return name;
  });
};

const isFault = (name: string): name is FaultName => Object.hasOwn(FAULT_KINDS, name);
