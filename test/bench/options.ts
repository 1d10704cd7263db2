import { parseArgs } from 'node:util';
import type { Part } from './figures.ts';

/** What `npm run bench` is told. */
export interface BenchOptions {
  parts: readonly Part[];
  isAll: boolean;
  isJson: boolean;
  seed: number;
}

export const usageOf = (parts: readonly Part[]): string =>
  `npm run bench -- [NAME ...] [--json] [--seed 1]\nNAME is one of: ${parts.map(({ name }) => name).join(', ')}; without any, all of them.`;

/** @throws Error that names the option, or the part, at fault */
export const readOptions = (args: readonly string[], parts: readonly Part[]): BenchOptions => {
  const { values, positionals } = parseArgs({
    args: [...args],
    options: { json: { type: 'boolean' }, seed: { type: 'string', default: '1' } },
    allowPositionals: true,
  });
  const unknown = positionals.find((wanted) => parts.every(({ name }) => name !== wanted));
  if (unknown !== undefined) throw new Error(`There is no part ${unknown}.`);
  const seed = Number(values.seed);
  if (!Number.isSafeInteger(seed) || seed < 0) throw new Error('--seed must be a whole number, 0 or more.');
  const isAll = positionals.length === 0;
  return {
    parts: isAll ? parts : parts.filter(({ name }) => positionals.includes(name)),
    isAll,
    isJson: values.json === true,
    seed,
  };
};
