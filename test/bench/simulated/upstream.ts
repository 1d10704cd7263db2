import { BrokenExchangeError } from '../../../shared/upstream/send.ts';
import type { Process } from '../../simulation/process.ts';
import type { Books } from '../../simulation/upstream-books.ts';
import type { UpstreamCall, UpstreamService } from '../../simulation/upstream-double.ts';
import { answerOf, UPSTREAM } from '../../simulation/upstream-wire.ts';
import type { World } from '../../simulation/world.ts';

/** How long things take at the upstream: always the same, so that arrangements differ by nothing but themselves. */
export const TIMES = { startsInMs: 90_000, stopsInMs: 4_000, wayMs: 20 } as const;

const PAGE_SIZE = 100;
const TOKEN_LIFETIME_MS = 24 * 3_600_000;

/** The upstream of the simulation on a good day: it answers at once, truthfully, and in whole pages. */
export const createCalmUpstream = (world: World, books: Books): UpstreamService => {
  const calls: UpstreamCall[] = [];
  return {
    calls: () => calls,
    connect: (process: Process) => (request) =>
      process.io(request.method, (answered, failed) => {
        const { method, url, signal } = request;
        const leftAt = world.now();
        const path = url.slice(UPSTREAM.length);
        // Whoever counts calls means those about sessions: a token lives a day.
        if (!path.endsWith('/token')) calls.push({ at: leftAt, method, path });
        let isOver = false;
        const settle = (act: () => void): void => {
          if (isOver) return;
          isOver = true;
          act();
        };
        signal.addEventListener(
          'abort',
          () => settle(() => failed(new BrokenExchangeError(new Error('aborted')))),
          { once: true },
        );
        world.quietly(TIMES.wayMs, () => {
          const answer = answerOf(books, request, {
            ...{ now: world.now(), leftAt, pageSize: PAGE_SIZE },
            launch: () => ({ startsInMs: TIMES.startsInMs, isFull: false }),
            stopsInMs: () => TIMES.stopsInMs,
            refusesLease: () => false,
            token: () => ({ saysMs: TOKEN_LIFETIME_MS, holdsMs: TOKEN_LIFETIME_MS }),
            endedEarly: () => undefined,
          });
          world.after(TIMES.wayMs, () => settle(() => answered(answer)));
        });
      }),
  };
};
