import { decide } from './decide.ts';
import { StorageUnavailableError } from './errors.ts';
import type { Limits } from './intent.ts';
import type { Instant } from './lease.ts';
import type { Act, Outcome } from './outcome.ts';
import { inParallel } from './parallel.ts';
import type { Reconciler, Surroundings } from './reconcile.ts';
import type { LiveSession } from './session.ts';
import type { Found } from './store/commit.ts';
import type { DueRow } from './store/store.ts';
import { faultOf } from './telemetry.ts';

/** A sweep ends by then, and the next tick goes on; an Azure function is given minutes, so nothing is cut off. */
const SWEEP_BUDGET_MS = 50_000;
const CALL_TIMEOUT_MS = 10_000;
/** So many due sessions are read and worked on at a time. */
const BATCH = 64;
/** A session that is due again at once is looked at so often in one sweep. */
const MAX_LOOKS = 3;

/** One operation of the table that fails is nothing unusual; so many of them one after another are a table that is down. */
const MAX_TABLE_FAILURES = 5;

/** What a sweep did; `unfinished` when something was due that it did not come to. */
export interface SweepReport {
  looked: number;
  unfinished: boolean;
}

/**
 * Reconciles everything of an account that is due, the longest due first. A table that is down ends it, with a report:
 * the next tick is its repetition.
 */
export const createSweep =
  (accountId: string, surroundings: Surroundings, reconciler: Reconciler) =>
  async (): Promise<SweepReport> => {
    const { store, clock, telemetry } = surroundings;
    const startedAt = clock.now();
    const limits: Limits = { callTimeoutMs: CALL_TIMEOUT_MS, until: startedAt + SWEEP_BUDGET_MS };
    const looks = new Map<string, number>();
    let tableFailures = 0;
    let isAllDone = true;

    const nextBatch = async (): Promise<DueRow[]> => {
      const batch: DueRow[] = [];
      for await (const row of store.due(accountId, clock.now())) {
        const seen = looks.get(row.sessionId) ?? 0;
        if (seen >= MAX_LOOKS || batch.some((other) => other.sessionId === row.sessionId)) continue;
        looks.set(row.sessionId, seen + 1);
        if (batch.push(row) === BATCH) break;
      }
      return batch;
    };

    /** A fault of one row, or of one operation, is reported and stops nobody else; a table that is down stops the sweep. */
    const guarded = async <Result>(
      sessionId: string,
      work: () => Promise<Result>,
    ): Promise<Result | undefined> => {
      try {
        const result = await work();
        tableFailures = 0;
        return result;
      } catch (error) {
        if (error instanceof StorageUnavailableError) {
          isAllDone = false;
          tableFailures += 1;
          if (tableFailures > MAX_TABLE_FAILURES) throw error;
        } else {
          // It would only fail again in this sweep.
          looks.set(sessionId, MAX_LOOKS);
        }
        telemetry.report(faultOf('sweep', error, { accountId, sessionId }));
        return undefined;
      }
    };

    const sweepBatch = async (batch: readonly DueRow[]): Promise<void> => {
      const found = await inParallel(batch, ({ sessionId, at }) =>
        guarded(sessionId, async () => {
          const one = await store.read({ accountId, sessionId }, clock.now());
          if (one === undefined) await store.dropDue({ accountId, sessionId }, at);
          return one;
        }),
      );
      const read = found.filter((one) => one !== undefined);
      const seen = await observeTogether(
        read.filter(isLive),
        surroundings,
        async (one, act, sighting) => {
          await guarded(one.session.sessionId, () => reconciler.record(one, act, sighting));
        },
        limits,
      );
      await inParallel(read, (one) =>
        guarded(one.session.sessionId, () => {
          // What a list has shown is recorded, and read again for what else may be due.
          const first = seen.has(one.session.sessionId) ? undefined : one;
          return reconciler.reconcile(one.session, limits, first);
        }),
      );
    };

    const sweepAll = async (): Promise<boolean> => {
      for (let batch = await nextBatch(); batch.length > 0; batch = await nextBatch()) {
        if (clock.now() >= limits.until) return true;
        await sweepBatch(batch);
      }
      return !isAllDone;
    };

    const unfinished = await sweepAll().catch((error: unknown) => {
      if (!(error instanceof StorageUnavailableError)) throw error;
      telemetry.report(faultOf('sweep', error, { accountId }));
      return true;
    });
    const report = { looked: looks.size, unfinished };
    // A sweep that found nothing due is no news.
    if (looks.size > 0) {
      telemetry.report({ kind: 'sweep', accountId, ...report, milliseconds: clock.now() - startedAt });
    }
    return report;
  };

/**
 * Where several Ready sessions want their regular look, one list of the account serves them all. It says who is
 * there; whoever is not on it is asked for by itself afterwards. Returns the sessions that were seen.
 */
const observeTogether = async (
  found: readonly Found<LiveSession>[],
  { upstream, rules, clock }: Surroundings,
  record: (found: Found<LiveSession>, act: Act, outcome: Outcome) => Promise<void>,
  limits: Limits,
): Promise<ReadonlySet<string>> => {
  const now = clock.now();
  const wanting = found.flatMap((one) => {
    const decision = decide(one.session, one.activity, now, rules);
    const isRegular = decision.type === 'observe' && one.session.observed.status === 'Ready';
    return isRegular && one.session.upstream === upstream.endpoint ? [{ one, act: decision }] : [];
  });
  if (wanting.length < 2) return new Set();
  const until: Instant = Math.min(now + limits.callTimeoutMs, limits.until);
  const listing = await upstream.list({ until });
  if (listing.type === 'inconclusive') return new Set();
  const seen = await inParallel(wanting, async ({ one, act }) => {
    const sighting = listing.sightings.get(one.session.sessionId);
    if (sighting === undefined) return [];
    await record(one, act, { type: 'found', created: false, sighting });
    return [one.session.sessionId];
  });
  return new Set(seen.flat());
};

const isLive = (found: Found): found is Found<LiveSession> => found.session.life === 'live';
