import { readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { describe, expect, it } from 'vitest';
import { PLANTED_SEEDS } from '../options.ts';
import { readCaught } from './caught.ts';
import { isQuick, wrongInTable } from './caught-by-seed.ts';
import { applyEdit } from './plant.ts';
import { PLANTS } from './plants.ts';

const sourceOf = (file: string): string => readFileSync(new URL(`../../../${file}`, import.meta.url), 'utf8');

describe('planted bugs', () => {
  it('have names of their own, and a seed each', () => {
    const names = PLANTS.map(({ name }) => name);
    expect(new Set(names).size).toBe(PLANTS.length);
    const table = readCaught();
    expect(Object.keys(table).sort()).toEqual(names.sort());
    for (const { seed } of Object.values(table)) expect(seed).toBeLessThanOrEqual(PLANTED_SEEDS);
  });

  it.each(PLANTS)('$name fits the source as it is', ({ edits }) => {
    const patched = new Map<string, string>();
    for (const edit of edits) {
      patched.set(edit.file, applyEdit(patched.get(edit.file) ?? sourceOf(edit.file), edit));
    }
    for (const [file, source] of patched) {
      expect(source).not.toBe(sourceOf(file));
      expect(() => stripTypeScriptTypes(source)).not.toThrow();
    }
  });

  it('are caught, each by its seed (`npm run simulate -- --find-plants` finds the seeds anew)', async () => {
    expect(await wrongInTable(isQuick)).toEqual([]);
  }, 180_000);
});
