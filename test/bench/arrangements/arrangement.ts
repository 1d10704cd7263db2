/**
 * One way in which users come by servers, and in which servers are let go of. Whoever drives it says what users and
 * their clients do; what becomes of the servers is in the upstream's books.
 */
export interface Arrangement {
  /** A client asks for a server of this id, which nobody had before. */
  create(sessionId: string): void;
  /** How the client of a session is from now on. */
  attend(sessionId: string, how: Attendance): void;
  /** The user is done with it, and says so. */
  stop(sessionId: string): void;
  /** Tells of a session that is refused to its client although its server may still run. */
  whenOver?(listener: (sessionId: string) => void): void;
  /** Calls that reached the upstream so far, whoever made them. */
  calls(): number;
}

export interface Attendance {
  /** The client runs, whether or not anybody sits in front of it. */
  isOpen: boolean;
  /** Somebody works with it, or a job does. */
  isUsed: boolean;
}

export const AWAY: Attendance = { isOpen: false, isUsed: false };
