import { expect, it } from 'vitest';
import { inParallel } from '../../shared/parallel.ts';

it('gives the results in the order of the items, however long each takes', async () => {
  const items = Array.from({ length: 40 }, (_, index) => index);
  const results = await inParallel(items, async (item) => {
    for (let turn = item % 5; turn > 0; turn -= 1) await Promise.resolve();
    return item * 2;
  });
  expect(results).toEqual(items.map((item) => item * 2));
});

it('begins nothing after a failure, and throws it once nothing is at work any more', async () => {
  let begun = 0;
  let atWork = 0;
  const failing = inParallel(Array.from({ length: 100 }), async (_, index) => {
    begun += 1;
    atWork += 1;
    await Promise.resolve();
    if (index !== 0) await new Promise((resolve) => setImmediate(resolve));
    atWork -= 1;
    if (index === 0) throw new RangeError('the first');
  });
  await expect(failing).rejects.toThrow('the first');
  expect({ atWork, begun }).toEqual({ atWork: 0, begun: 8 });
});

it('has no more workers than there are items', async () => {
  const items = ['one', 'two'];
  const left = items.entries();
  let workers = 0;
  Object.assign(items, {
    entries: () => ({
      next: () => left.next(),
      [Symbol.iterator]() {
        workers += 1;
        return this;
      },
    }),
  });
  await inParallel(items, async () => undefined);
  expect(workers).toBe(2);
});
