import { afterEach, describe, expect, it, vi } from 'vitest';
import { simulate } from './run.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

describe('a simulation', () => {
  it('is the same again, to the byte, for the same seed', async () => {
    const once = await simulate({ seed: 7, hours: 6, isWholeTrace: true });
    // Beside another one, so that they take turns.
    const [again] = await Promise.all([
      simulate({ seed: 7, hours: 6, isWholeTrace: true }),
      simulate({ seed: 8, hours: 3 }),
    ]);
    expect(again.trace.length).toBeGreaterThan(100);
    expect(again.trace.join('\n')).toBe(once.trace.join('\n'));
    expect(again.steps).toBe(once.steps);
  });

  it('is another one for another seed', async () => {
    const [one, other] = [await simulate({ seed: 1, hours: 3 }), await simulate({ seed: 2, hours: 3 })];
    expect(one.trace.join('\n')).not.toBe(other.trace.join('\n'));
  });

  it('asks no clock and no chance of this machine', async () => {
    const real = (): never => {
      throw new Error('this is real');
    };
    vi.spyOn(Date, 'now').mockImplementation(real);
    vi.spyOn(Math, 'random').mockImplementation(real);
    vi.spyOn(globalThis, 'setTimeout').mockImplementation(real);
    const { violation, steps } = await simulate({ seed: 7, hours: 6 });
    expect(violation).toBeUndefined();
    expect(steps).toBeGreaterThan(1_000);
  });
});
