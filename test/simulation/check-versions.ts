import { part } from './columns.ts';
import { LASTING, NEWER_COLUMN, NEWER_FIELD } from './newer-version.ts';
import type { TableRows } from './table-rows.ts';
import type { World } from './world.ts';

/** DESIGN's additive schema: an older version beside a newer one destroys nothing of what that has written. */
export const checkVersions = (world: World, rows: TableRows): void => {
  /** What a newer version has added, by the row; a record is the same one when it is over. */
  const added = new Map<string, Set<string>>();
  rows.watch(({ partition, changes, isRestored, isDamage }) => {
    if (isRestored) added.clear();
    for (const change of changes) {
      const { rowKey } = change;
      const [kind, sessionId = ''] = rowKey.split(':');
      const subject = kind === 'ended' ? `session:${sessionId}` : rowKey;
      const row = rows.get(partition, rowKey);
      if (row === undefined) {
        // A record that ends is looked at under its new key, in the same transaction.
        if (rows.get(partition, `ended:${sessionId}`) === undefined) added.delete(subject);
        continue;
      }
      // What cannot be read now can be read again as it was; what a backup has is met when it is written to.
      if (isDamage || isRestored || change.type === 'delete') continue;
      const known = added.get(subject) ?? new Set();
      added.set(subject, known);
      const note = (name: string, isThere: boolean): void => {
        if (isThere) known.add(name);
        else if (known.has(name))
          world.fail({
            invariant: 'rows',
            at: world.now(),
            sessionId,
            text: `${rowKey} has lost what a newer version had written: ${name}`,
          });
      };
      note(NEWER_COLUMN, row.columns[NEWER_COLUMN] !== undefined);
      for (const name of LASTING)
        if (change.columns[name] !== undefined) note(name, part(change, name)?.[NEWER_FIELD] !== undefined);
    }
  });
};
