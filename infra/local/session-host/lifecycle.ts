import type { Books } from './books.ts';
import { type EndedEntry, type Ending, isLiving, keyOf, type LivingEntry } from './entry.ts';
import { findSessionProcesses } from './process-table.ts';
import { type Exit, endGroup, isAlive } from './processes.ts';
import { takeStock } from './recovery.ts';
import { endedEntry, nextStep } from './rules.ts';

/** At most this long between two looks: instants are by the wall clock, which may jump or sleep. */
const LOOK_MS = 500;

export interface LifecycleParts {
  books: Books;
  /** Absolute. */
  dataFolder: string;
  startupMs: number;
  /** Unix ms. */
  now: () => number;
  /** Told each change of state. */
  log: (line: string) => void;
  /** Told what went wrong without stopping the host. */
  warn: (line: string, error: unknown) => void;
}

export interface Lifecycle {
  /** Takes the living sessions of an earlier run back, and ends what cannot go on. Then starts looking. */
  recover(): void;
  /** Does what is due, and comes back by itself. */
  look(): void;
  /** Carries out an end that is booked. */
  carryOut(entry: LivingEntry): void;
  /** Books the end of a session that has no process. */
  conclude(entry: LivingEntry, ending: Ending): void;
  /** To be called when the process of a session has ended. */
  processEnded(accountId: string, id: string, exit: Exit): void;
  /** Ends every session and returns when nothing runs any more. */
  close(): Promise<void>;
}

/** Moves sessions from Starting to Ready and to their end, by time and by what becomes of their processes. */
export const createLifecycle = ({
  books,
  dataFolder,
  startupMs,
  now,
  log,
  warn,
}: LifecycleParts): Lifecycle => {
  const endings = new Map<string, Promise<void>>();
  // Of these the exit is not reported, because this process is not their parent.
  const takenBack = new Set<string>();
  let timer: NodeJS.Timeout | undefined;
  let isClosed = false;

  const conclude = (entry: LivingEntry, ending: Ending): void => {
    const ended = endedEntry(entry, entry.ending ?? ending, now());
    books.record(ended);
    takenBack.delete(keyOf(entry));
    log(describe(ended));
  };

  const carryOut = (entry: LivingEntry): void => {
    const key = keyOf(entry);
    if (entry.process === null || endings.has(key)) return;
    const finish = (): void => {
      const latest = books.find(entry.accountId, entry.id);
      if (isLiving(latest) && latest.ending !== null) conclude(latest, latest.ending);
    };
    const ending = endGroup(entry.process)
      .then(finish)
      .catch((error: unknown) =>
        warn(`session ${entry.id} could not be ended; it will be tried again`, error),
      )
      .finally(() => endings.delete(key));
    endings.set(key, ending);
  };

  const end = (entry: LivingEntry, ending: Ending): void => {
    const ended: LivingEntry = { ...entry, ending };
    books.record(ended);
    carryOut(ended);
  };

  /** Does what is due for one session; returns when it is due next. */
  const advance = (entry: LivingEntry): number => {
    if (entry.ending !== null) {
      carryOut(entry);
      return Number.POSITIVE_INFINITY;
    }
    if (takenBack.has(keyOf(entry)) && entry.process !== null && !isAlive(entry.process)) {
      end(entry, failure('The process of this session ended by itself.', now()));
      return Number.POSITIVE_INFINITY;
    }
    const step = nextStep(entry, now(), startupMs);
    switch (step.type) {
      case 'ready':
        books.record(step.entry);
        log(describe(step.entry));
        return advance(step.entry);
      case 'end':
        end(entry, step.ending);
        return Number.POSITIVE_INFINITY;
      case 'wait':
        return step.until;
      default:
        return step satisfies never;
    }
  };

  const flush = (): void => {
    try {
      books.flush();
    } catch (error) {
      warn('the books could not be written; it will be tried again', error);
    }
  };

  const look = (): void => {
    clearTimeout(timer);
    if (isClosed) return;
    const due = books.living().map(advance);
    books.forgetOld(now());
    flush();
    timer = setTimeout(look, Math.min(LOOK_MS, Math.max(0, Math.min(...due) - now())));
  };

  const recover = (): void => {
    const stock = takeStock(books.living(), findSessionProcesses(dataFolder), isAlive, now());
    for (const finding of stock.findings) {
      switch (finding.type) {
        case 'taken back':
          books.record(finding.entry);
          takenBack.add(keyOf(finding.entry));
          log(`${describe(finding.entry)} taken back`);
          break;
        case 'lost':
          if (finding.entry.process === null) conclude(finding.entry, finding.ending);
          else end(finding.entry, finding.ending);
          break;
        default:
          finding satisfies never;
      }
    }
    for (const { identity, sessionId } of stock.strays) {
      log(`session ${sessionId} is not in the books as a living one: its process ${identity.pid} is ended`);
      const key = `stray ${identity.pid}`;
      const ending = endGroup(identity)
        .catch((error: unknown) => warn(`process ${identity.pid} could not be ended`, error))
        .finally(() => endings.delete(key));
      endings.set(key, ending);
    }
    look();
  };

  return {
    recover,
    look,
    carryOut,
    conclude,
    processEnded(accountId, id, exit) {
      const entry = books.find(accountId, id);
      if (!isLiving(entry) || entry.ending !== null) return;
      const how = exit.signal === null ? `with exit code ${exit.code}` : `by signal ${exit.signal}`;
      end(entry, failure(`The process of this session ended by itself, ${how}.`, now()));
    },
    async close() {
      isClosed = true;
      clearTimeout(timer);
      const ending = shutdown(now());
      const ended = books.living().map((entry) => ({ ...entry, ending: entry.ending ?? ending }));
      books.record(...ended);
      for (const entry of ended) carryOut(entry);
      await Promise.all(endings.values());
      flush();
    },
  };
};

const failure = (message: string, since: number): Ending => ({
  status: 'Error',
  error: { code: 'ProcessEnded', message },
  since,
});

const shutdown = (since: number): Ending => ({
  status: 'Stopped',
  error: { code: 'HostShutdown', message: 'The session host was shut down.' },
  since,
});

/** One line on the state of a session. */
export const describe = (entry: LivingEntry | EndedEntry): string =>
  [
    `session ${entry.id} ${entry.status}`,
    ...(entry.process === null ? [] : [`pid ${entry.process.pid}`]),
    ...(entry.ports === null ? [] : [`port ${entry.ports.handshake}`]),
    ...(entry.error === null ? [] : [`${entry.error.code}: ${entry.error.message}`]),
  ].join(' ');
