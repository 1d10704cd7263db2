import type { Instant } from '../lease.ts';
import type { Ports } from '../session.ts';
import type { Size, Status } from './vocabulary.ts';

/** A session as either side shows it: the keeper and the session host write both generations of the API from this. */
export interface ShownSession {
  sessionId: string;
  size: Size;
  createdAt: Instant;
  status: Status;
  /** A stop is under way: a status of its own in the first generation, and none in the second. */
  isStopping: boolean;
  /** Since Ready, with a fraction; 0 before. */
  elapsedMinutes: number;
  /** The total since Ready, in whole minutes. */
  leaseMinutes: number;
  hostname: string | null;
  ports: Ports;
  teraflops: number | null;
  /** What there is to say about the status. */
  message: string | null;
  /** The kind of failure, where there is one. */
  errorCode: string | null;
}
