import type { Ending, Entry, LivingEntry, ProcessIdentity } from './entry.ts';
import type { SessionProcess } from './process-table.ts';

/** What has become of a session that was living when the session host died. */
export type Finding =
  /** Its process runs. `spawned` is put right if the crash came between the start and its booking. */
  | { type: 'taken back'; entry: LivingEntry & { process: ProcessIdentity } }
  /** Its process has ended, or was never started: it is over, for the reason that was booked or for this one. */
  | { type: 'lost'; entry: LivingEntry; ending: Ending };

export interface Stock {
  findings: Finding[];
  /** Processes of this data folder that no living session answers for. */
  strays: SessionProcess[];
}

/**
 * Compares the books with the processes that are there. A process that is not booked is known by the session's id
 * and the port that was booked before it was started. None is ever started here: a create that was lost in the
 * crash becomes an Error, which its repetition is told, and not perhaps a second process.
 */
export const takeStock = (
  living: readonly LivingEntry[],
  found: readonly SessionProcess[],
  isAlive: (identity: ProcessIdentity) => boolean,
  now: number,
): Stock => ({
  findings: living.map((entry): Finding => {
    if (entry.process !== null) {
      return isAlive(entry.process)
        ? { type: 'taken back', entry: { ...entry, process: entry.process } }
        : { type: 'lost', entry, ending: entry.ending ?? lostWhileAway(entry, now) };
    }
    const unbooked = found.filter((candidate) => isOf(candidate, entry));
    const [first] = unbooked;
    return first === undefined
      ? { type: 'lost', entry, ending: entry.ending ?? lostWhileAway(entry, now) }
      : { type: 'taken back', entry: { ...entry, process: first.identity, spawned: unbooked.length } };
  }),
  strays: found.filter((candidate) => !living.some((entry) => isOf(candidate, entry))),
});

const isOf = (candidate: SessionProcess, entry: Entry): boolean =>
  candidate.sessionId === entry.id && candidate.port === entry.ports?.handshake;

const lostWhileAway = (entry: LivingEntry, now: number): Ending => ({
  status: 'Error',
  error: {
    code: 'ProcessLost',
    message:
      entry.process === null
        ? 'The session host was ended before the process of this session was started.'
        : 'The process of this session ended while the session host was not running.',
  },
  since: now,
});
