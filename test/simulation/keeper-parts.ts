import type { Surroundings } from '../../shared/reconcile.ts';
import type { AccountRules } from '../../shared/session.ts';
import { createStore } from '../../shared/store/store.ts';
import { createUpstream } from '../../shared/upstream/upstream.ts';
import { isExpectedFault } from './expected-faults.ts';
import { newerVersion } from './newer-version.ts';
import type { Process } from './process.ts';
import { DEFAULTS } from './story.ts';
import type { TableService } from './table-double.ts';
import type { UpstreamService } from './upstream-double.ts';
import { UPSTREAM, UPSTREAM_ACCOUNT } from './upstream-wire.ts';
import type { World } from './world.ts';

/** What a keeper of this process is made of: the product's own parts, on the doubles of table and upstream. */
export type PartsOf = (process: Process, seenBy?: SeenBy, isNewer?: boolean) => Surroundings;

/** The process as each of the two meets it: whoever wants to stand in between does it here. */
export interface SeenBy {
  table: Process;
  upstream: Process;
}

export const ACCOUNT_ID = '11111111-1111-1111-1111-111111111111';

export const createParts = (
  world: World,
  table: TableService,
  upstream: UpstreamService,
  rules: AccountRules,
  isDamaged: (sessionId: string) => boolean = () => false,
): PartsOf => {
  let ids = 0;
  const newId = (): string => {
    ids += 1;
    return `id-${ids}`;
  };
  const source = {
    endpoint: UPSTREAM,
    tokenEndpoint: UPSTREAM,
    accountId: UPSTREAM_ACCOUNT,
    accountKey: 'key',
  };
  return (process, seenBy = { table: process, upstream: process }, isNewer = false) => ({
    store: createStore(
      isNewer ? newerVersion(table.connect(seenBy.table)) : table.connect(seenBy.table),
      newId,
    ),
    upstream: createUpstream(source, process.clock, upstream.connect(seenBy.upstream)),
    accountId: ACCOUNT_ID,
    defaults: DEFAULTS,
    rules,
    clock: process.clock,
    newId,
    telemetry: {
      report(entry) {
        // What has changed is in the table, which is held against the trace as it is.
        if (entry.kind === 'sweep' || entry.kind === 'change') return;
        const { kind, accountId, ...rest } = entry;
        world.trace.note(process.name, `${kind} ${JSON.stringify(rest)}`);
        if (entry.kind === 'fault' && !isExpectedFault(entry, isDamaged))
          world.fail({
            ...{ invariant: 'error', at: world.now(), sessionId: entry.sessionId ?? '' },
            text: `${process.name} reports a fault of its own: ${entry.what}: ${entry.error}`,
          });
      },
      measure: () => undefined,
    },
  });
};
