import { expect, it } from 'vitest';
import { isQuick, wrongInTable } from '../simulation/plants/caught-by-seed.ts';

it('the planted bugs that show late in a run are caught, each by its seed', async () => {
  expect(await wrongInTable((caught) => !isQuick(caught))).toEqual([]);
});
