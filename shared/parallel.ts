/** So many at a time: enough to hide the way to the table, and few enough to leave it to others as well. */
const AT_A_TIME = 8;

/**
 * Works on all items, a few at a time, and gives the results in the order of the items. The first failure is thrown,
 * once nothing is at work any more; what was not begun by then is left.
 */
export const inParallel = async <Item, Result>(
  items: readonly Item[],
  work: (item: Item, index: number) => Promise<Result>,
): Promise<Result[]> => {
  const results: Result[] = [];
  const queue = items.entries();
  const failures: unknown[] = [];
  const worker = async (): Promise<void> => {
    for (const [index, item] of queue) {
      if (failures.length > 0) return;
      await work(item, index).then(
        (result) => {
          results[index] = result;
        },
        (error: unknown) => failures.push(error),
      );
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_A_TIME, items.length) }, worker));
  if (failures.length > 0) throw failures[0];
  return results;
};
