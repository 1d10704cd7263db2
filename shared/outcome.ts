import type { Instant } from './lease.ts';
import type { Size, Status } from './protocol/vocabulary.ts';
import type { Decision, Ports, Session } from './session.ts';

/** What the upstream showed of one session, with the instants of ours between which it did. */
export interface Sighting {
  status: Status;
  leaseMinutes: number;
  /** null where it is not told, or by no name that is known. */
  size: Size | null;
  elapsedMinutes: number;
  hostname: string | null;
  ports: Ports;
  teraflops: number | null;
  errorCode: string | null;
  errorMessage: string | null;
  sentAt: Instant;
  receivedAt: Instant;
}

/**
 * What an upstream call told. `inconclusive` is an answer of its own: it changes nothing but the time of the next try.
 * `unsent`: the call was given up before it left, so it cannot have had an effect.
 */
export type Outcome =
  | { type: 'found'; sighting: Sighting; created: boolean }
  | { type: 'missing'; sentAt: Instant }
  | { type: 'accepted' }
  | { type: 'exists' }
  | { type: 'refused'; status: number; message: string }
  | { type: 'unsent'; because: string }
  | { type: 'inconclusive'; because: string; retryAfterMs: number | null };

/** A decision that asks something of the upstream. */
export type Act = Extract<Decision, { type: 'create' | 'observe' | 'extend' | 'stop' }>;

/** One that changes something there. */
export type Change = Exclude<Act, { type: 'observe' }>;

/** A row of history: what changed, and why. */
export interface HistoryEvent {
  at: Instant;
  kind:
    | 'created'
    | 'adopted'
    | 'status'
    | 'extended'
    | 'refused'
    | 'changed'
    | 'held'
    | 'stop'
    | 'stray'
    | 'ended';
  because: string;
  detail: Readonly<Record<string, string | number | boolean | null>>;
}

export interface Evolved {
  next: Session;
  events: HistoryEvent[];
}
