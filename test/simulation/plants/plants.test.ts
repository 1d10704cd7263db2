import { readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { describe, expect, it } from 'vitest';
import { PLANTED_SEEDS } from '../options.ts';
import { askAbout } from './ask.ts';
import { type Caught, readCaught } from './caught.ts';
import { applyEdit } from './plant.ts';
import { PLANTS } from './plants.ts';

/** The hours of the runs by which `--find-plants` found the seeds: another length is another story. */
const HOURS = 24;
const sourceOf = (file: string): string => readFileSync(new URL(`../../../${file}`, import.meta.url), 'utf8');

describe('planted bugs', () => {
  it('have names of their own, and there are more than twenty', () => {
    expect(new Set(PLANTS.map(({ name }) => name)).size).toBe(PLANTS.length);
    expect(PLANTS.length).toBeGreaterThan(20);
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

  it('are caught, each by its seed: `npm run simulate -- --find-plants` finds them anew', async () => {
    const table = readCaught();
    const questions = PLANTS.map(({ name }) => ({ name, firstSeed: table[name]?.seed ?? 1, seeds: 1 }));
    const caught: Record<string, Caught | undefined> = {};
    await askAbout(questions, { workers: 2, hours: HOURS }, (name, by) => {
      caught[name] = by;
    });
    expect(caught).toEqual(table);
    for (const { name, breaks } of PLANTS) {
      expect(breaks, name).toContain(caught[name]?.invariant);
      expect(caught[name]?.seed, name).toBeLessThanOrEqual(PLANTED_SEEDS);
    }
  });
});
