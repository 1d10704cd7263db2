import { createAudit } from './audit.ts';
import { createCensus } from './census.ts';
import { asksNobody, decide } from './decide.ts';
import { StorageUnavailableError, TooManyConflictsError } from './errors.ts';
import { type Gate, lastCallMs, opensAt, rulesAt, SWEEP_TURN_MS, SWEEPER_MS } from './gate.ts';
import type { Gateway } from './gateway.ts';
import type { Limits } from './intent.ts';
import { type Instant, MINUTE_MS } from './lease.ts';
import type { Act, Outcome } from './outcome.ts';
import { inParallel } from './parallel.ts';
import { createPatience, type Patience } from './patience.ts';
import type { Reconciler, Surroundings } from './reconcile.ts';
import type { LiveSession, Session } from './session.ts';
import type { Found } from './store/commit.ts';
import type { DueRow } from './store/due.ts';
import { faultOf, reportRow } from './telemetry.ts';
import { listedAmong, nextCall, observePage } from './together.ts';
import { byUrgency } from './urgency.ts';

/**
 * Where calls have to wait for each other, a sweep goes on until the next one takes over; and it ends by then where none
 * comes. An Azure function is given five minutes, so nothing is cut off.
 */
const SWEEP_LONGEST_MS = 110_000;
const CALL_TIMEOUT_MS = 10_000;
/** So many due sessions are read and worked on at a time. */
const BATCH = 64;
/** Where calls are few, the most urgent of so many due sessions comes first. */
const WAITING = 1_000;
/** A session that is due again at once is looked at so often in one sweep. */
const MAX_LOOKS = 6;
/** A record that is at fault is looked at again after a minute, then after twice as long, and never later than this. */
const FAULT_LONGEST_MS = 10 * MINUTE_MS;

/** A stop that is not confirmed for so long is told to people. */
const UNCONFIRMED_MS = 10 * MINUTE_MS;
const isStopOverdue = (session: Session, now: Instant): boolean =>
  session.life === 'live' &&
  session.desired.state === 'stopped' &&
  now - session.desired.at >= UNCONFIRMED_MS;

/** What a sweep did; `unfinished` when something was due that it did not come to. */
export interface SweepReport {
  looked: number;
  unfinished: boolean;
}

/** A due session with what is to be asked of the upstream for it. */
interface Wanting {
  row: DueRow;
  found: Found<LiveSession>;
  session: LiveSession;
  act: Act;
}

/**
 * Reconciles everything of an account that is due. One instance sweeps an account at a time, for thrift. Where the
 * upstream may be called without a pause, sessions are worked on side by side; otherwise the most urgent comes first,
 * decided anew before each call. A table that is down ends the sweep, with a report: the next tick is its repetition.
 */
export const createSweep = (
  surroundings: Surroundings,
  gateway: Gateway,
  reconciler: Reconciler,
): (() => Promise<SweepReport>) => {
  const { accountId, store, clock, rules, newId, telemetry } = surroundings;
  const audit = createAudit(surroundings, gateway);
  const census = createCensus(surroundings, gateway);
  const isUnhurried = rules.callGapMs > 0;
  const atATime = isUnhurried ? WAITING : BATCH;

  const reportFailure = (error: unknown): void => telemetry.report(faultOf('sweep', error, { accountId }));

  /** A table that is down is no reason to fail: the next tick comes anyway. */
  const orDown = async <Result>(work: Promise<Result>, otherwise: Result): Promise<Result> => {
    try {
      return await work;
    } catch (error) {
      if (!(error instanceof StorageUnavailableError)) throw error;
      reportFailure(error);
      return otherwise;
    }
  };

  const sweepAs = async (sweeper: string, firstGate: Gate, patience: Patience): Promise<SweepReport> => {
    const startedAt = clock.now();
    const budgetMs = isUnhurried ? SWEEP_LONGEST_MS : SWEEP_TURN_MS;
    const limits: Limits = { callTimeoutMs: CALL_TIMEOUT_MS, until: startedAt + budgetMs };
    const looks = new Map<string, number>();
    const known = new Map<string, Found>();
    /** Those whose stop is not confirmed for long. */
    const unconfirmed = new Set<string>();
    let isBacklogTold = false;
    let isAllDone = true;
    let takenAt = startedAt;
    /** Calls for sessions since the last page of the list. */
    let callsSincePage = 0;
    /** Once in a sweep is enough, even where it comes to nothing. */
    let isListExamined = false;
    let isListForced = false;

    /** A fault of one row, or of one operation, is reported and stops nobody else; a table that is down stops the sweep. */
    const guarded = async <Result>(row: DueRow, work: () => Promise<Result>): Promise<Result | undefined> => {
      const { sessionId } = row;
      try {
        const done = await patience.orElse(async () => ({ result: await work() }), undefined);
        if (done !== undefined) return done.result;
        isAllDone = false;
        looked(row);
      } catch (error) {
        if (error instanceof StorageUnavailableError) throw error;
        // It would only fail again in this sweep.
        looks.set(sessionId, MAX_LOOKS);
        if (error instanceof TooManyConflictsError) {
          telemetry.report(faultOf('sweep', error, { accountId, sessionId }));
        } else {
          reportRow(telemetry, 'sweep', error, { accountId, sessionId });
          await patience.orElse(() => postpone(row), undefined);
        }
      }
      return undefined;
    };

    const looked = ({ sessionId }: DueRow): void => {
      looks.set(sessionId, (looks.get(sessionId) ?? 0) + 1);
    };

    const postpone = (row: DueRow): Promise<void> => {
      const waitMs = Math.min(MINUTE_MS * 2 ** Math.min(row.faults, 10), FAULT_LONGEST_MS);
      return store.postpone({ accountId, sessionId: row.sessionId }, row, clock.now() + waitMs);
    };

    const dueRows = async (): Promise<DueRow[]> => {
      const rows = new Map<string, DueRow>();
      for await (const row of store.due(accountId, clock.now(), atATime)) {
        if ((looks.get(row.sessionId) ?? 0) >= MAX_LOOKS || rows.has(row.sessionId)) continue;
        rows.set(row.sessionId, row);
        if (rows.size === atATime) break;
      }
      return [...rows.values()];
    };

    /** The record of a due row; one that it is not the row of loses it. */
    const readDue = (row: DueRow): Promise<Found | undefined> =>
      guarded(row, async () => {
        const { sessionId, at } = row;
        const key = `${sessionId} ${at}`;
        const found = known.get(key) ?? (await store.read({ accountId, sessionId }, clock.now()));
        if (found === undefined || found.session.dueAt !== at) {
          looked(row);
          await store.dropDue({ accountId, sessionId }, at);
        }
        if (found !== undefined && isUnhurried) known.set(key, found);
        return found;
      });

    const work = async (row: DueRow, run: () => Promise<void>): Promise<void> => {
      looked(row);
      await run();
    };

    const reconcile = (row: DueRow, found: Found | undefined): Promise<void> =>
      work(row, async () => {
        known.delete(`${row.sessionId} ${row.at}`);
        const key = { accountId, sessionId: row.sessionId };
        await guarded(row, () => reconciler.reconcile(key, { ...limits, isOneCall: isUnhurried }, found));
      });

    /** Nobody stays awake for long because the upstream told to wait; but a slot is waited for until another takes over. */
    const isSoon = (opens: Instant): boolean =>
      opens < limits.until && (opens < startedAt + SWEEP_TURN_MS || opens <= clock.now() + rules.callGapMs);

    /** False where the gate has to be waited for, after which all is decided anew, or opens too late for this sweep. */
    const mayAsk = async (opens: Instant, wanting: readonly Wanting[]): Promise<boolean> => {
      if (wanting.length === 0 || opens <= clock.now()) return true;
      if (isSoon(opens)) {
        await gateway.wait(opens);
      } else {
        isAllDone = false;
        for (const { row } of wanting) looks.set(row.sessionId, MAX_LOOKS);
      }
      return false;
    };

    const sweepRows = async (rows: readonly DueRow[]): Promise<void> => {
      const gate = await patience.insist(gateway.read);
      const rulesNow = rulesAt(gate, rules, clock.now());
      const now = clock.now();
      const found = await inParallel(rows, readDue);
      const wanting: Wanting[] = [];
      const free: [DueRow, Found][] = [];
      for (const [index, row] of rows.entries()) {
        const one = found[index];
        if (one === undefined) continue;
        const { session } = one;
        if (isStopOverdue(session, now)) unconfirmed.add(session.sessionId);
        const act = decide(session, one.activity, now, rulesNow);
        if (
          session.life === 'ended' ||
          act.type === 'none' ||
          act.type === 'forget' ||
          asksNobody(session, act)
        )
          free.push([row, one]);
        else wanting.push({ row, found: { ...one, session }, session, act });
      }
      await inParallel(free, ([row, one]) => reconcile(row, one));
      if (!(await mayAsk(opensAt(gate, now), wanting))) return;
      const renewals = wanting.filter(({ act }) => act.type === 'extend').length;
      wanting.sort(byUrgency(now, lastCallMs(gate, rules, renewals)));
      const looking = listedAmong(wanting, surroundings.upstream.endpoint);
      if (isUnhurried) return oneCall(wanting, looking, gate);
      // Where there is always something due, the list does not wait for that: it is tried once, and serves the looks.
      const isForced = !isListForced && isListWanted(gate, rules.observeIntervalMs);
      isListForced ||= isForced;
      const seen = isForced || isWorthList(looking, gate) ? await readPages(looking) : new Set<string>();
      // What a list has shown is recorded, and read again for what else may be due.
      await inParallel(wanting, ({ row, found: one }) =>
        reconcile(row, seen.has(row.sessionId) ? undefined : one),
      );
    };

    /** One call, after which all is decided anew. */
    const oneCall = async (
      [first, ...others]: readonly Wanting[],
      looking: readonly Wanting[],
      gate: Gate,
    ): Promise<void> => {
      if (first === undefined) return;
      const isWorth = isWorthList(looking, gate);
      const isOverdue = isListWanted(gate, rules.observeIntervalMs);
      const next = nextCall([first, ...others], { isWorth, isOverdue }, callsSincePage);
      if (next === 'page') {
        await readPage(looking);
      } else {
        callsSincePage += 1;
        await reconcile(next.row, next.found);
      }
    };

    const isListWanted = (gate: Gate, overdueMs: number): boolean =>
      !isListExamined && audit.isListDue(gate, overdueMs) && census.mayRead(limits);

    const isWorthList = (looking: readonly Wanting[], gate: Gate): boolean =>
      census.mayRead(limits) &&
      census.isWorth(
        looking.map(({ session }) => session),
        gate,
        isListWanted(gate, 0),
      );

    const record = (one: Wanting, told: Outcome): Promise<void> =>
      work(one.row, async () => {
        known.delete(`${one.row.sessionId} ${one.row.at}`);
        await guarded(one.row, () => reconciler.record(one.found, one.act, told));
      });

    /** One page of the list, and whatever comes of the whole of it where that is its last. */
    const readPage = async (looking: readonly Wanting[]): Promise<ReadonlySet<string> | undefined> => {
      callsSincePage = 0;
      const seen = await patience.orElse(() => observePage(looking, census, limits, record), undefined);
      const walk = census.taken();
      // One that is read for looks between the regular ones saves none of those.
      if (walk === undefined || !audit.isListDue(firstGate)) return seen;
      isListExamined = true;
      await audited(() => audit.examine(walk, limits));
      return seen;
    };

    /** The same up to its end, where calls need not wait for each other. */
    const readPages = async (looking: readonly Wanting[]): Promise<ReadonlySet<string>> => {
      const seen = new Set<string>();
      do {
        const more = await readPage(looking.filter(({ row }) => !seen.has(row.sessionId)));
        if (more === undefined) break;
        for (const sessionId of more) seen.add(sessionId);
      } while (census.isUnderWay() && census.mayRead(limits));
      return seen;
    };

    /** Its faults are those of others than the sessions that are due: it is told of them, and they wait for nobody. */
    const audited = async (work: () => Promise<void>): Promise<void> => {
      try {
        await patience.orElse(work, undefined);
      } catch (error) {
        if (error instanceof StorageUnavailableError) throw error;
        telemetry.report(faultOf('audit', error, { accountId }));
      }
    };

    /** Reads on in the list where it is due; false where there is nothing to be done for it now. */
    const listIfDue = async (): Promise<boolean> => {
      const gate = await patience.insist(gateway.read);
      if (!isListWanted(gate, 0)) return false;
      const opens = opensAt(gate, clock.now());
      if (opens <= clock.now()) await (isUnhurried ? readPage([]) : readPages([]));
      else if (isSoon(opens)) await gateway.wait(opens);
      else return false;
      return true;
    };

    const sweepAll = async (): Promise<boolean> => {
      await audited(() => audit.countIfDue(firstGate));
      for (;;) {
        const rows = await patience.insist(dueRows);
        const now = clock.now();
        if (!isBacklogTold) tellBacklog(rows, startedAt);
        isBacklogTold = true;
        if (rows.length > 0 && now >= limits.until) return true;
        if (now - takenAt > SWEEPER_MS / 3) {
          takenAt = now;
          if (!(await patience.insist(() => gateway.takeSweep(sweeper)))) return true;
        }
        if (rows.length > 0) {
          await sweepRows(rows);
        } else if (!(await listIfDue())) return !isAllDone;
      }
    };

    const unfinished = await orDown(sweepAll(), true);
    telemetry.measure('leasekeeper.stops.unconfirmed', unconfirmed.size, { account: accountId });
    const report = { looked: looks.size, unfinished };
    // A sweep that found nothing due is no news.
    if (looks.size > 0) {
      telemetry.report({ kind: 'sweep', accountId, ...report, milliseconds: clock.now() - startedAt });
    }
    return report;
  };

  const isAnythingDue = async (): Promise<boolean> => {
    for await (const _row of store.due(accountId, clock.now(), 1)) return true;
    return false;
  };

  /** What was due, and since when, as a sweep came to it. */
  const tellBacklog = (rows: readonly DueRow[], at: Instant): void => {
    const [first] = rows;
    telemetry.measure('leasekeeper.sweep.due', rows.length, { account: accountId });
    telemetry.measure('leasekeeper.sweep.lag', first === undefined ? 0 : Math.max(0, at - first.at), {});
  };

  const sweep = async (): Promise<SweepReport> => {
    const startedAt = clock.now();
    const patience = createPatience(reportFailure);
    const gate = await patience.insist(gateway.read);
    if (!audit.isDue(gate) && !(await patience.insist(isAnythingDue))) {
      await patience.insist(gateway.noteSweep);
      tellBacklog([], startedAt);
      telemetry.measure('leasekeeper.stops.unconfirmed', 0, { account: accountId });
      telemetry.measure('leasekeeper.sweep.duration', clock.now() - startedAt, {});
      return { looked: 0, unfinished: false };
    }
    const sweeper = newId();
    if (!(await patience.insist(() => gateway.takeSweep(sweeper)))) return { looked: 0, unfinished: true };
    const report = await sweepAs(sweeper, gate, patience);
    await orDown(gateway.leaveSweep(sweeper, report.unfinished), undefined);
    telemetry.measure('leasekeeper.sweep.duration', clock.now() - startedAt, {});
    return report;
  };

  return () => orDown(sweep(), { looked: 0, unfinished: true });
};
