import { part } from './columns.ts';
import { NEWER_COLUMN, NEWER_FIELD } from './newer-version.ts';
import type { TableRows } from './table-rows.ts';
import type { World } from './world.ts';

/** DESIGN's additive schema: an older version beside a newer one destroys nothing of what that has written. */
export const checkVersions = (world: World, rows: TableRows): void => {
  const enriched = new Set<string>();
  rows.watch(({ partition, changes, isRestored }) => {
    if (isRestored) enriched.clear();
    for (const { type, rowKey } of changes) {
      const [kind, id = ''] = rowKey.split(':');
      if (type === 'delete' || (kind !== 'session' && kind !== 'ended')) continue;
      const columns = rows.get(partition, rowKey)?.columns ?? {};
      const isWhole =
        columns[NEWER_COLUMN] === 'kept' && part({ columns }, 'policy')?.[NEWER_FIELD] === 'kept';
      if (isWhole) enriched.add(id);
      else if (enriched.has(id))
        world.fail({
          invariant: 'rows',
          at: world.now(),
          sessionId: id,
          text: `${rowKey} has lost what a newer version had written`,
        });
    }
  });
};
