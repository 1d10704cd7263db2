import { MINUTE_MS } from '../../shared/lease.ts';

/** What can go wrong. A kind is on for spans of time, and while it is on it strikes each operation with a probability. */
export interface FaultKind {
  readonly probability: number;
  /** How long one spell lasts. */
  readonly leastMs: number;
  readonly mostMs: number;
  /** While it is on nothing of its kind gets through: nobody can be expected to act. */
  readonly obstructs: boolean;
  /** So many times as many spells as others have. */
  readonly frequency?: number;
}

const light = (probability: number, minutes = 60, frequency = 1): FaultKind => ({
  probability,
  leastMs: 5 * MINUTE_MS,
  mostMs: minutes * MINUTE_MS,
  obstructs: false,
  frequency,
});
const heavy = (minutes: number, probability = 1): FaultKind => ({
  probability,
  leastMs: MINUTE_MS / 4,
  mostMs: minutes * MINUTE_MS,
  obstructs: true,
});

export const FAULT_KINDS = {
  /** The table does not answer at all: at once, or after its time-out. */
  'table-outage': heavy(25),
  /** 503 ServerBusy, to the SDK's repetition as well. */
  'table-throttled': light(0.1),
  /** One 500, before or after the effect; the SDK repeats. */
  'table-500': light(0.1),
  /** The reply is lost after the commit; the SDK repeats, and reports a conflict with its own write. */
  'table-reply-lost': light(0.15),
  /** No answer in time: no effect, or one that was made, or one that comes later. */
  'table-timeout': light(0.05),
  'table-slow': light(0.3),
  /** Pages that are short or empty, with a continuation. */
  'table-pages': light(0.5),

  /** A record that nobody can read, in the middle of the others, as a damaged or restored table may have it. */
  'row-damaged': light(0.1),
  /** The record of a session cannot be read for a while. */
  'record-unreadable': light(0.05),
  /** The row with the signs of use is lost. */
  'activity-lost': light(0.1),
  /** A session is in the due index no more. */
  'due-lost': light(0.05),

  /** It is as it was some time ago, and nobody is told. */
  'table-restored': light(0.02, 60, 0.5),

  'upstream-unreachable': heavy(25),
  /** It answers 503 to everything. */
  'upstream-outage': heavy(25),
  /** It is started again: nothing answers meanwhile. Few calls fall into so short a time. */
  'upstream-restart': { ...heavy(1), leastMs: 2_000, frequency: 2 },
  'upstream-5xx': light(0.15),
  'upstream-broken': light(0.15),
  /** The request arrives when its sender has long given it up. */
  'upstream-late': light(0.1),
  'upstream-slow': light(0.3),
  'upstream-429': heavy(10, 0.6),
  'upstream-malformed': light(0.1),
  'upstream-unknown-state': light(0.1),
  'upstream-partial-list': light(0.5),
  'upstream-404': light(0.3),
  /** It answers 404 to everything that there is, for minutes. */
  'upstream-amnesia': { ...heavy(15), leastMs: 2 * MINUTE_MS, frequency: 0.5 },
  /** An answer of before: fewer minutes gone, a smaller lease. */
  'upstream-stale': light(0.1),
  /** A server appears that nobody asked the keeper for. */
  'upstream-orphan': light(0.1, 60, 0.5),
  'upstream-server-dies': light(0.1),
  'upstream-stopped-elsewhere': light(0.1),
  'upstream-full': light(1),
  /** The id that a client chose belongs to somebody else's session. */
  'id-taken': light(0.4, 180),
  'upstream-slow-start': light(0.5, 120),
  'upstream-slow-stop': light(0.5, 60, 2),
  /** It accepts a stop, and carries it out ten minutes later. */
  'upstream-hung-stop': light(1),
  /** A stop is answered like any other, and nothing comes of it. */
  'upstream-stop-ignored': light(0.4, 60, 2),
  'upstream-refuses-lease': light(0.25, 180, 2),
  'token-unavailable': heavy(10, 0.7),
  /** Tokens that hold for minutes, and say so. */
  'token-short': light(1, 180),
  /** Tokens that hold for seconds or minutes, and say that they hold for longer: keys were changed. */
  'token-ends-early': light(1, 120),
  'token-refused': light(0.1),

  /** Before or after any await. */
  crash: light(0.004),
  /** The same, and it stands still there for some seconds. */
  freeze: light(0.01),
  pause: light(0.15),
  redeploy: light(0.1),
  /** A sweep is out of time: its instance ends in the middle of it. */
  'function-timeout': light(0.3),
  /** The keepers' clocks beside the upstream's: up to ten minutes, either way. */
  'clock-skew': light(1, 240),

  /** One instance's clock is seconds or minutes off, and comes back. */
  'clock-jump': light(0.15),
  /** Instances of a newer version, which keeps more columns and fields, come and go beside the others. */
  'version-mixed': light(0.1, 240),

  'tick-missed': heavy(12),
  'tick-late': light(0.5),
  'tick-duplicate': light(0.5),
  'queue-repeated': light(0.3),
  /** A message that nobody can make sense of. */
  'queue-poison': light(0.3),

  /** A client's call, or the answer to it, gets lost on its way. */
  'client-lost': light(0.15),
} as const satisfies Record<string, FaultKind>;

export type FaultName = keyof typeof FAULT_KINDS;
