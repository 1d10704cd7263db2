import type { CheckedClock } from '../clock.ts';
import { StorageUnavailableError } from '../errors.ts';
import { left } from '../gate.ts';
import { createKeeper } from '../keeper.ts';
import type { Instant } from '../lease.ts';
import type { Surroundings } from '../reconcile.ts';
import { describeError, type Entry } from '../telemetry.ts';
import { createRehearsalUpstream, type UpstreamEvidence } from './rehearsal-upstream.ts';

/** Something that a sweep would ask for, or forget; the same once more is not told again. */
export interface RehearsedAct {
  sessionId: string;
  /** When its turn comes: calls may have to wait for each other. */
  at: Instant;
  action: (Entry & { kind: 'decision' })['action'];
  because: string;
  maxLeaseMinutes: number | null;
}

/** Something else that a sweep would report. */
export interface RehearsedReport {
  sessionId: string | null;
  what: string;
  text: string;
}

export interface Rehearsal {
  acts: readonly RehearsedAct[];
  reports: readonly RehearsedReport[];
  /** Whether something due would be left to the sweep after it. */
  isUnfinished: boolean;
}

/**
 * The next sweep, rehearsed: the very code of a sweep, on a table that keeps changes to itself and an upstream that was
 * seen before. So it cannot say anything else than what a sweep that begins at that instant would do. What changes
 * is taken for granted: where the upstream refuses, the rest of the sweep goes another way.
 */
export const rehearseSweep = async (
  surroundings: Omit<Surroundings, 'telemetry'>,
  evidence: UpstreamEvidence,
): Promise<Rehearsal> => {
  const { accountId, store } = surroundings;
  const clock = rehearsalClock(surroundings.clock);
  const acts = new Map<string, RehearsedAct>();
  const reports = new Map<string, RehearsedReport>();
  const tell = (what: string, text: string, sessionId: string | null): void => {
    reports.set(`${sessionId} ${what} ${text}`, { sessionId, what, text });
  };
  const report = (entry: Entry): void => {
    if (entry.kind === 'fault') tell(entry.what, entry.error, entry.sessionId ?? null);
    if (entry.kind !== 'decision') return;
    const { sessionId, action, because, maxLeaseMinutes = null } = entry;
    const key = `${sessionId} ${action} ${because} ${maxLeaseMinutes}`;
    if (!acts.has(key)) acts.set(key, { sessionId, at: clock.now(), action, because, maxLeaseMinutes });
  };

  // Whoever sweeps at this moment is done when the next sweep begins.
  const gate = await store.readGate(accountId);
  if (gate.sweeper !== null)
    await store.changeGate(accountId, { from: gate, next: left(gate, gate.sweeper.id, gate.busyUntil) });
  const upstream = createRehearsalUpstream(surroundings.upstream.endpoint, evidence, clock.now);
  const keeper = createKeeper({
    ...surroundings,
    upstream,
    clock,
    telemetry: { report, measure: () => undefined },
  });
  const { unfinished } = await keeper.sweep().catch((error: unknown) => {
    if (error instanceof StorageUnavailableError) throw error;
    tell('the sweep fails', describeError(error), null);
    return { unfinished: true };
  });
  return { acts: [...acts.values()], reports: [...reports.values()], isUnfinished: unfinished };
};

/**
 * It stands still until somebody waits, and then it is there. Where this machine's own clock is wrong it is the table's, and
 * those that sweep are other machines, whose clocks are taken for right.
 */
const rehearsalClock = (clock: CheckedClock): CheckedClock => {
  let now = clock.now();
  return {
    now: () => now,
    abortAt(at) {
      now = Math.max(now, at);
      return AbortSignal.abort();
    },
    isTrusted: () => true,
    aheadMs: clock.aheadMs,
    asks: () => () => undefined,
  };
};
