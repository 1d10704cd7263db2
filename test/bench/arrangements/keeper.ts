import { KeeperError, SessionOverError } from '../../../shared/errors.ts';
import { MINUTE_MS } from '../../../shared/lease.ts';
import type { Account } from '../simulated/account.ts';
import type { Arrangement } from './arrangement.ts';

/** A client of the keeper says so often that it is used. */
export const BEAT_MS = 2 * MINUTE_MS;
/** A create that is refused is tried again after this. */
const RETRY_MS = MINUTE_MS;
/** What a client asks for that leaves the rest to the keeper. */
const LEASE_MINUTES = 10;

export interface KeeperArrangement extends Arrangement {
  /** Creates that were refused, because no more sessions can be kept. */
  refusals(): number;
}

/**
 * The real keeper with its default policy: sessions are created with `keepAlive`, and clients send a heartbeat
 * each two minutes while somebody works, and one when that ends. They are silent in pauses, whether or not they are
 * left open.
 */
export const createKept = (
  account: Account,
  wishes: { idleTimeoutMinutes?: number } = {},
): KeeperArrangement => {
  const { world } = account;
  const keeper = account.startKeeper();
  const used = new Set<string>();
  const beating = new Set<string>();
  const given = new Set<string>();
  const listeners: ((sessionId: string) => void)[] = [];
  let refusals = 0;

  /** What a client is answered is for it to bear; anything else is a fault of the benchmark. */
  const borne = (error: unknown): void => {
    if (!(error instanceof KeeperError)) throw error;
  };
  const finish = ({ unfinished }: { unfinished: boolean }): void => {
    if (unfinished) account.sweepSoon(keeper);
  };

  const create = (sessionId: string): void => {
    keeper
      .create({
        sessionId,
        size: 'Standard',
        models: [],
        leaseMinutes: LEASE_MINUTES,
        keepAlive: true,
        ...wishes,
      })
      .then(finish, (error: unknown) => {
        borne(error);
        refusals += 1;
        world.after(RETRY_MS, () => {
          if (!given.has(sessionId)) create(sessionId);
        });
      });
  };

  const sendBeat = (sessionId: string): void => {
    keeper.heartbeat(sessionId).catch((error: unknown) => {
      borne(error);
      if (!(error instanceof SessionOverError)) return;
      for (const listener of listeners) listener(sessionId);
    });
  };

  const beat = (sessionId: string): void => {
    if (!used.has(sessionId)) {
      beating.delete(sessionId);
      return;
    }
    sendBeat(sessionId);
    world.after(BEAT_MS, () => beat(sessionId));
  };

  return {
    create,
    attend(sessionId, { isUsed }) {
      if (isUsed) used.add(sessionId);
      else if (used.delete(sessionId)) sendBeat(sessionId);
      if (!isUsed || beating.has(sessionId)) return;
      beating.add(sessionId);
      // Not before the create was answered.
      world.after(1_000, () => beat(sessionId));
    },
    stop(sessionId) {
      used.delete(sessionId);
      given.add(sessionId);
      keeper.stop(sessionId).then(finish, borne);
    },
    whenOver: (listener) => void listeners.push(listener),
    calls: () => account.calls().length,
    refusals: () => refusals,
  };
};
