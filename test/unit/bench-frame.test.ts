import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { REPOSITORY } from '../../infra/local/stack.ts';
import { runBench } from '../bench/bench.ts';
import { type Figure, holds, isNear, type Part } from '../bench/figures.ts';
import { contend, headlineOf } from '../bench/inside/rounds.ts';
import { PARTS } from '../bench/parts.ts';
import { formatNumber } from '../bench/table.ts';

const figures: Figure[] = [
  { name: 'calls', value: 7.25, unit: 'calls/h', goal: { most: 8 } },
  { name: 'held', value: 0.5, unit: '', goal: { least: 0.95 } },
  { name: 'sessions', value: 1234, unit: '' },
  { name: 'ratio', value: 1.2, unit: '', spread: [1.125, 1.375], goal: { most: 1.25 } },
];
const one: Part = {
  name: 'one',
  about: 'What one is about.',
  run: async ({ seed, progress }) => {
    progress(`with ${seed}`);
    return { figures, remarks: 'And more of it.', pictures: { 'one.svg': '<svg/>' } };
  },
};
const two: Part = {
  name: 'two',
  about: 'The other one.',
  run: async () => ({ figures: [{ name: 'nothing', value: 0, unit: '', goal: { most: 0 } }] }),
};
const failing: Part = {
  name: 'failing',
  about: '',
  run: () => Promise.reject(new RangeError('out of order')),
};

let folder: string;
let said: string[];
let printed: string[];
const bench = (args: string[], parts: readonly Part[] = [one, two]): Promise<void> =>
  runBench(args, parts, {
    say: (line) => said.push(line),
    print: (text) => printed.push(text),
    folder,
    now: () => new Date('2026-01-05T12:00:00Z'),
  });

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bench-'));
  said = [];
  printed = [];
});

afterEach(() => rmSync(folder, { recursive: true }));

describe('the benchmark', () => {
  it('prints one table of all figures, with a missed goal as missed', async () => {
    await bench([]);
    expect(printed.join('\n').split('\n')).toEqual([
      'part  figure           value     spread         goal  holds',
      'one   calls     7.25 calls/h             ≤ 8 calls/h  yes',
      'one   held              0.50                  ≥ 0.95  NO',
      'one   sessions         1,234',
      'one   ratio             1.20  1.13–1.38       ≤ 1.25  yes, near',
      'two   nothing              0                     ≤ 0  yes',
    ]);
  });

  it('writes the document and its pictures where all parts were run', async () => {
    await bench([]);
    expect(readdirSync(folder).sort()).toEqual(['benchmarks.md', 'one.svg']);
    const document = readFileSync(join(folder, 'benchmarks.md'), 'utf8');
    expect(document).toContain('| one | held | 0.50 |  | ≥ 0.95 | NO |');
    expect(document).toContain('What one is about.\n\nAnd more of it.');
    expect(document).toMatch(/Measured on 2026-01-05 with \d+ cores .*Node v\d+/);
    expect(document).toContain(
      `got ${JSON.parse(readFileSync(join(REPOSITORY, 'node_modules/got/package.json'), 'utf8')).version}`,
    );
  });

  it('runs a part that is named, with the seed that is named, and writes nothing', async () => {
    await bench(['one', '--seed', '5']);
    expect(said).toContain('one: with 5');
    expect(printed.join('\n')).not.toContain('two');
    expect(readdirSync(folder)).toEqual([]);
  });

  it('prints the figures for machines', async () => {
    await bench(['one', '--json']);
    expect(JSON.parse(printed.join('\n'))).toMatchObject({ seed: 1, parts: [{ name: 'one', figures }] });
  });

  it.each([
    [['three'], 'There is no part three.'],
    [['--seed', 'x'], '--seed must be'],
    [['--quick'], '--quick'],
  ])('refuses %j', async (args, message) => {
    await expect(bench(args)).rejects.toThrow(message);
    expect(said).toEqual([]);
  });

  it('fails with the part that cannot be run, and writes nothing', async () => {
    await expect(bench([], [one, failing])).rejects.toThrow('out of order');
    expect(readdirSync(folder)).toEqual([]);
  });

  it('has parts with names of their own', () => {
    expect(new Set(PARTS.map(({ name }) => name)).size).toBe(PARTS.length);
  });

  it('ends with 1 and the usage where it cannot be run', async () => {
    const run = promisify(execFile)(process.execPath, ['test/bench/main.ts', 'nonsense'], {
      cwd: REPOSITORY,
    });
    await expect(run).rejects.toMatchObject({ code: 1, stderr: expect.stringContaining('NAME is one of: ') });
  });
});

describe('a goal', () => {
  it('holds at its very value', () => {
    expect(holds({ name: '', value: 8, unit: '', goal: { most: 8 } })).toBe(true);
    expect(holds({ name: '', value: 8, unit: '', goal: { least: 8 } })).toBe(true);
    expect(holds({ name: '', value: 8.1, unit: '', goal: { most: 8 } })).toBe(false);
    expect(holds({ name: '', value: 7.9, unit: '', goal: { least: 8 } })).toBe(false);
    expect(holds({ name: '', value: 1, unit: '' })).toBeUndefined();
  });

  it.each<[Figure['goal'], boolean]>([
    [{ most: 0.99 }, false],
    [{ most: 1 }, true],
    [{ least: 1.5 }, true],
    [{ least: 1.51 }, false],
    [undefined, false],
  ])('is near where rounds are on both sides of it: %j', (goal, expected) => {
    const counted: Figure = { name: '', value: 1.2, unit: '', ...(goal && { goal }) };
    expect(isNear({ ...counted, spread: [1, 1.5] })).toBe(expected);
    expect(isNear(counted)).toBe(false);
  });
});

describe('what is timed in rounds', () => {
  it('has their median as its value, and the middle half of them as its spread', () => {
    expect(headlineOf([9, 1, 1.5, 2, 1.25])).toEqual({ value: 1.5, spread: [1.25, 2] });
  });

  it('takes turns, and who comes first changes from round to round', async () => {
    const done: string[] = [];
    const work = (side: string) => () => async () => void done.push(side);
    const pace = { inFlight: 1, each: 2, rounds: 2, warming: 1 };
    await contend({ ours: work('ours'), floor: work('floor') }, pace);
    const rounds = [
      ['floor', 'floor', 'ours', 'ours'],
      ['ours', 'ours', 'floor', 'floor'],
      ['floor', 'floor', 'ours', 'ours'],
    ];
    expect(done).toEqual(rounds.flat());
  });
});

describe('a number', () => {
  it.each([
    [0, '0'],
    [1.1186, '1.12'],
    [12.777, '12.8'],
    [123.4, '123'],
    [7_384_915, '7,384,915'],
  ])('%d is written %s', (value, text) => expect(formatNumber(value)).toBe(text));
});
