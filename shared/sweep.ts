import { decide } from './decide.ts';
import { StorageUnavailableError } from './errors.ts';
import type { Limits } from './intent.ts';
import type { Instant } from './lease.ts';
import type { Act } from './outcome.ts';
import { inParallel } from './parallel.ts';
import type { Reconciler, Surroundings } from './reconcile.ts';
import type { LiveSession } from './session.ts';
import type { Found } from './store/commit.ts';
import { describeError } from './telemetry.ts';

/** A sweep ends by then, and the next tick goes on; an Azure function is given minutes, so nothing is cut off. */
const SWEEP_BUDGET_MS = 50_000;
const CALL_TIMEOUT_MS = 10_000;
/** So many due sessions are read and worked on at a time. */
const BATCH = 64;
/** A session that is due again at once is looked at so often in one sweep. */
const MAX_LOOKS = 3;

/** What a sweep did; `unfinished` when its time was over before its work was. */
export interface SweepReport {
  looked: number;
  unfinished: boolean;
}

/** Reconciles everything of an account that is due, the longest due first. */
export const createSweep =
  (accountId: string, surroundings: Surroundings, reconciler: Reconciler) =>
  async (): Promise<SweepReport> => {
    const { store, clock, telemetry } = surroundings;
    const startedAt = clock.now();
    const limits: Limits = { callTimeoutMs: CALL_TIMEOUT_MS, until: startedAt + SWEEP_BUDGET_MS };
    const looks = new Map<string, number>();

    const nextBatch = async (): Promise<string[]> => {
      const batch: string[] = [];
      for await (const sessionId of store.due(accountId, clock.now())) {
        const seen = looks.get(sessionId) ?? 0;
        if (seen >= MAX_LOOKS || batch.includes(sessionId)) continue;
        looks.set(sessionId, seen + 1);
        if (batch.push(sessionId) === BATCH) break;
      }
      return batch;
    };

    /** A fault of one row is reported and stops nobody else; a table that is down stops the sweep. */
    const guarded = async <Result>(
      sessionId: string,
      work: () => Promise<Result>,
    ): Promise<Result | undefined> => {
      try {
        return await work();
      } catch (error) {
        if (error instanceof StorageUnavailableError) throw error;
        const at = new Date(clock.now()).toISOString();
        telemetry.report({
          kind: 'fault',
          at,
          accountId,
          sessionId,
          what: 'sweep',
          error: describeError(error),
        });
        return undefined;
      }
    };

    const sweepBatch = async (batch: readonly string[]): Promise<void> => {
      const found = await inParallel(batch, (sessionId) =>
        guarded(sessionId, () => store.read({ accountId, sessionId }, clock.now())),
      );
      const seen = await observeTogether(found.filter(isLive), surroundings, reconciler, limits);
      await inParallel(batch, (sessionId, index) =>
        guarded(sessionId, () => {
          const first = seen.has(sessionId) ? undefined : found[index];
          return reconciler.reconcile({ accountId, sessionId }, limits, first);
        }),
      );
    };

    for (;;) {
      const batch = await nextBatch();
      const unfinished = batch.length > 0 && clock.now() >= limits.until;
      if (batch.length === 0 || unfinished) {
        const milliseconds = clock.now() - startedAt;
        const report = { looked: looks.size, unfinished };
        const at = new Date(startedAt).toISOString();
        // A sweep that found nothing due is no news.
        if (looks.size > 0) telemetry.report({ kind: 'sweep', at, accountId, ...report, milliseconds });
        return report;
      }
      await sweepBatch(batch);
    }
  };

/**
 * Where several Ready sessions want their regular look, one list of the account serves them all. It says who is
 * there; whoever is not on it is asked for by itself afterwards. Returns the sessions that were seen.
 */
const observeTogether = async (
  found: readonly Found<LiveSession>[],
  { upstream, rules, clock }: Surroundings,
  reconciler: Reconciler,
  limits: Limits,
): Promise<ReadonlySet<string>> => {
  const now = clock.now();
  const wanting = found.flatMap((one) => {
    const decision = decide(one.session, one.activity, now, rules);
    const isRegular = decision.type === 'observe' && one.session.observed.status === 'Ready';
    return isRegular && one.session.upstream === upstream.endpoint
      ? [{ one, act: decision satisfies Act }]
      : [];
  });
  if (wanting.length < 2) return new Set();
  const until: Instant = Math.min(now + limits.callTimeoutMs, limits.until);
  const listing = await upstream.list({ until });
  if (listing.type === 'inconclusive') return new Set();
  const seen = await inParallel(wanting, async ({ one, act }) => {
    const sighting = listing.sightings.get(one.session.sessionId);
    if (sighting === undefined) return [];
    await reconciler.recordSighting(one, act, { type: 'found', created: false, sighting });
    return [one.session.sessionId];
  });
  return new Set(seen.flat());
};

const isLive = (found: Found | undefined): found is Found<LiveSession> => found?.session.life === 'live';
