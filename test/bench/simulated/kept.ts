import { KeepAliveRefusedError } from '../../../shared/errors.ts';
import type { Keeper } from '../../../shared/keeper.ts';
import type { World } from '../../simulation/world.ts';

/** Sessions that somebody wants for good, asked for one after another so that they do not renew at the same moment. */
export interface Kept {
  accepted: readonly string[];
  refused: number;
}

/** Asks for so many, `apartMs` from each other. `kept` is whole when the last one was answered. */
export const createKeptSessions = (
  world: World,
  keeper: Keeper,
  { count, apartMs, leaseMinutes }: { count: number; apartMs: number; leaseMinutes(index: number): number },
): Kept => {
  const kept = { accepted: [] as string[], refused: 0 };
  for (let index = 1; index <= count; index += 1) {
    const sessionId = `kept-${index}`;
    world.after(index * apartMs, () => {
      keeper
        .create({
          ...{ sessionId, size: 'Standard', models: [], leaseMinutes: leaseMinutes(index) },
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
