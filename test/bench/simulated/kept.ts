import { KeepAliveRefusedError } from '../../../shared/errors.ts';
import { type Account, DEFAULT_RULES } from './account.ts';

/** Sessions that somebody wants for good, asked for one after another so that they do not renew at the same moment. */
export interface Kept {
  accepted: readonly string[];
  refused: number;
}

/** By default, so long after each other. */
export const APART_MS = 30_000;

export interface Arrivals {
  count: number;
  apartMs?: number;
  leaseMinutes?: number;
}

/**
 * Has so many asked for, of a keeper with these rules whose timer ticks from now on. `kept` is whole when the last one
 * was answered.
 */
export const createKeptSessions = (
  account: Account,
  { count, apartMs = APART_MS, leaseMinutes = 60 }: Arrivals,
  rules = DEFAULT_RULES,
): Kept => {
  const keeper = account.startKeeper(rules);
  const kept = { accepted: [] as string[], refused: 0 };
  for (let index = 1; index <= count; index += 1) {
    const sessionId = `kept-${index}`;
    account.world.after(index * apartMs, () => {
      keeper
        .create({
          ...{ sessionId, size: 'Standard', models: [], leaseMinutes },
          ...{ keepAlive: true, idleTimeoutMinutes: null },
        })
        .then(
          () => void kept.accepted.push(sessionId),
          (error: unknown) => {
            if (!(error instanceof KeepAliveRefusedError)) throw error;
            kept.refused += 1;
          },
        );
    });
  }
  return kept;
};
