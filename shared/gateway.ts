import type { Clock } from './clock.ts';
import {
  busyMs,
  type Gate,
  heldBack,
  left,
  maySweep,
  noted,
  opensAt,
  passed,
  rulesAt,
  swept,
} from './gate.ts';
import { START_WINDOW_MS } from './intent.ts';
import type { Instant } from './lease.ts';
import type { AccountRules, Rules } from './session.ts';
import type { GateChange, TrackedGate } from './store/gate.ts';
import type { Store } from './store/store.ts';
import { faultOf, type Telemetry } from './telemetry.ts';
import { waitUntil } from './wait.ts';

/** The way to an account's upstream, through the gate that all instances share. */
export interface Gateway {
  /** The gate as it is now. */
  read(): Promise<TrackedGate>;
  /** The gate as this instance has known it for a minute at most; undefined where it has not asked for so long. */
  lately(): TrackedGate | undefined;
  /** The rules as the account stands; for what only foresees they may be a minute old. */
  rulesLately(): Promise<Rules>;
  /** The gate after a call that leaves now, for the transaction of that call; undefined where nothing limits calls. */
  slotOf(gate: TrackedGate, now: Instant): GateChange | undefined;
  /**
   * Takes the slot of a call that has no transaction, and says by when it has to leave: who sleeps over it has lost it.
   * Undefined where it is not to be had now.
   */
  pass(): Promise<Instant | undefined>;
  /** The same, and waits for it until then. */
  passBy(until: Instant): Promise<Instant | undefined>;
  /** Runs what changes the gate, one after another in this instance, with the gate as it is then. */
  inTurn<Result>(work: (gate: TrackedGate) => Promise<Result>): Promise<Result>;
  /** Changes the gate; tried again where others change it at the same time, and reported where it is all in vain. */
  change(next: (gate: Gate) => Gate): Promise<TrackedGate>;
  /** The upstream told to wait: nobody calls it before. */
  holdBack(retryAfterMs: number): Promise<void>;
  /** Notes that a sweep found nothing to do: nobody is away who looks. */
  noteSweep(): Promise<void>;
  /** Takes over the sweep, or goes on with it; false where another instance is at it. */
  takeSweep(id: string): Promise<boolean>;
  /** Ends the sweep; where work is left behind, the other instances are told for how long. */
  leaveSweep(id: string, isUnfinished: boolean): Promise<void>;
  /** Waits for an instant of the clock. */
  wait(until: Instant): Promise<void>;
}

interface Surroundings {
  store: Pick<Store, 'readGate' | 'changeGate'>;
  clock: Clock;
  rules: AccountRules;
  telemetry: Pick<Telemetry, 'report'>;
}

/** So many writers of one row at the same time are no coincidence: what was wanted is left to the next sweep. */
const MAX_TRIES = 8;
const LATELY_MS = 60_000;

export const createGateway = (
  accountId: string,
  { store, clock, rules, telemetry }: Surroundings,
): Gateway => {
  let turn: Promise<unknown> = Promise.resolve();
  let known: { gate: TrackedGate; at: Instant } | undefined;

  const read = async (): Promise<TrackedGate> => {
    const gate = await store.readGate(accountId);
    known = { gate, at: clock.now() };
    return gate;
  };

  const queued = <Result>(work: () => Promise<Result>): Promise<Result> => {
    const mine = turn.then(work);
    turn = mine.catch(() => undefined);
    return mine;
  };
  const inTurn = <Result>(work: (gate: TrackedGate) => Promise<Result>): Promise<Result> =>
    queued(async () => work(await read()));

  const slotOf = (gate: TrackedGate, now: Instant): GateChange | undefined =>
    rules.callGapMs === 0 ? undefined : { from: gate, next: passed(gate, rules.callGapMs, now) };

  const pass = (): Promise<Instant | undefined> =>
    inTurn(async (gate) => {
      const now = clock.now();
      if (opensAt(gate, now) > now) return undefined;
      const slot = slotOf(gate, now);
      const isTaken = slot === undefined || (await store.changeGate(accountId, slot)) !== undefined;
      return isTaken ? now + START_WINDOW_MS : undefined;
    });

  const change = (next: (gate: Gate) => Gate): Promise<TrackedGate> =>
    queued(async () => {
      // Where that is stale, its etag says so.
      let gate = known?.gate ?? (await read());
      for (let tried = 0; tried < MAX_TRIES; tried += 1) {
        const wanted = next(gate);
        if (wanted === gate) return gate;
        const changed = await store.changeGate(accountId, { from: gate, next: wanted });
        if (changed !== undefined) {
          known = { gate: changed, at: clock.now() };
          return changed;
        }
        gate = await read();
      }
      const what = `${MAX_TRIES} times in a row another one was faster to change it: this change is left out`;
      telemetry.report(faultOf('gate', what, { accountId }));
      return gate;
    });

  const isLately = ({ at }: { at: Instant }): boolean => clock.now() - at < LATELY_MS;

  return {
    read,
    slotOf,
    pass,
    inTurn,
    change,
    wait: (until) => waitUntil(clock, until),

    lately: () => (known !== undefined && isLately(known) ? known.gate : undefined),

    async rulesLately() {
      const lately = known;
      if (lately === undefined || !isLately(lately)) return rulesAt(await read(), rules, clock.now());
      // By the time of its reading: that this instance has not asked since is no absence of those that sweep.
      return rulesAt(lately.gate, rules, lately.at);
    },

    async passBy(until) {
      for (let tried = 0; tried < MAX_TRIES; tried += 1) {
        const opens = opensAt(await read(), clock.now());
        if (opens > until) return undefined;
        if (opens > clock.now()) await waitUntil(clock, opens);
        else if (rules.callGapMs === 0) return clock.now() + START_WINDOW_MS;
        const startBy = await pass();
        if (startBy !== undefined) return startBy;
      }
      return undefined;
    },

    async holdBack(retryAfterMs) {
      await change((gate) => heldBack(gate, retryAfterMs, clock.now()));
    },

    async takeSweep(id) {
      const gate = await change((before) => {
        const now = clock.now();
        return maySweep(before, id, now) ? swept(before, id, rules, now) : before;
      });
      return gate.sweeper?.id === id;
    },

    async noteSweep() {
      const now = clock.now();
      const { sweptAt } = known?.gate ?? (await read());
      const isRecent = sweptAt !== null && sweptAt <= now && now - sweptAt < rules.absentMs / 4;
      if (!isRecent) await change((gate) => noted(gate, rules, clock.now()));
    },

    async leaveSweep(id, isUnfinished) {
      // Without a gap there is nothing to be left to others.
      const isBusy = isUnfinished && rules.callGapMs > 0;
      await change((gate) => left(gate, id, isBusy ? clock.now() + busyMs(rules) : 0));
    },
  };
};
