import { KeeperError, UnreadableRowError } from '../../shared/errors.ts';
import type { Keeper } from '../../shared/keeper.ts';
import type { Instant } from '../../shared/lease.ts';
import type { Faults } from './faults.ts';
import { createProcess, type Process } from './process.ts';
import type { World } from './world.ts';

/**
 * The platform that runs the keeper: some instances at once, each of which may end at any moment and is replaced; calls
 * are handed to any of them.
 */
export interface Platform {
  /** One call to some instance, as its caller sees it. */
  call<T>(what: string, ask: (keeper: Keeper) => Promise<T>, limits?: CallLimits): Promise<Answer<T>>;
  /** The time of the instances' clocks, give or take a few seconds. */
  now(): Instant;
}

/** `lost`: no answer came. Where it was not even `sent`, it had no effect; otherwise nobody knows. */
export type Answer<T> =
  | { type: 'answered'; value: T; by: Process }
  | { type: 'failed'; error: unknown; by: Process }
  | { type: 'lost'; sent: boolean; by?: Process };

export interface CallLimits {
  /** So long its caller waits. */
  patienceMs?: number;
  /** So long the platform waits, before it ends the instance with everything that goes on in it. */
  endsAfterMs?: number | undefined;
  /** The same, before its question number so many of this time: out of time, in the middle of its work. */
  endsAtQuestion?: number | undefined;
}

interface Instance {
  process: Process;
  keeper: Keeper;
  isNewer: boolean;
  /** Its clock from now on. */
  jump(byMs: number): void;
}

const SLOTS = 2;
const PATIENCE_MS = 30_000;
/**
 * A machine that is off by no more than this is trusted, as DESIGN §4.5 has it, also after its clock has jumped and come
 * back: it is below the limit of 20 s by what the estimate may be off.
 */
const MOST_TRUSTED_MS = 18_000;
/** An instance that is replaced may finish what it has begun. */
const DRAIN_MS = 30_000;

export const createPlatform = (
  world: World,
  faults: Faults,
  build: (process: Process, isNewer: boolean) => Keeper,
  isAnyUnreadable: () => boolean,
): Platform => {
  const chance = world.chance('platform');
  const slots: (Instance | undefined)[] = Array.from({ length: SLOTS }, () => undefined);
  let started = 0;
  // The keepers' time beside the upstream's; it stays as it is for the run.
  const skewMs = faults.chosen.includes('clock-skew') ? chance.integer(-600_000, 600_000) : 0;

  // Machines of one cloud mostly agree on the time to less than a second; with the upstream nothing is agreed.
  const isKept = chance.hits(0.5);

  /** Without a word of its version: as those are that run at this time. */
  const start = (slot: number, version?: { isNewer: boolean }): void => {
    if (skewMs !== 0) faults.count('clock-skew');
    started += 1;
    const name = `keeper-${started}`;
    let own = isKept ? chance.integer(-400, 400) : chance.integer(-MOST_TRUSTED_MS, MOST_TRUSTED_MS);
    const jump = (byMs: number): void => {
      own += byMs;
      world.trace.note(name, `its clock jumps by ${byMs} ms`);
    };
    const process = createProcess(name, world, faults, { platform: skewMs, own: () => own });
    const { isNewer } = version ?? { isNewer: faults.isOn('version-mixed') && chance.hits(0.5) };
    if (version === undefined && isNewer) faults.count('version-mixed');
    const instance = { process, keeper: build(process, isNewer), isNewer, jump };
    slots[slot] = instance;
    world.trace.note(name, `starts in slot ${slot}${isNewer ? ', of a newer version' : ''}`);
    process.whenEnded(() => {
      if (slots[slot] !== instance) return;
      slots[slot] = undefined;
      world.after(chance.integer(200, 20_000), () => {
        if (slots[slot] === undefined) start(slot);
      });
    });
  };

  /** Every minute: what befalls whole instances. */
  const befall = (): void => {
    const slot = chance.integer(0, SLOTS - 1);
    const instance = slots[slot];
    if (instance !== undefined) {
      if (!instance.process.isPaused() && faults.draws('pause')) pause(instance, slot);
      else if (faults.strikes('redeploy')) redeploy(instance, slot, instance.isNewer);
      else if (faults.strikes('version-mixed')) redeploy(instance, slot, !instance.isNewer);
      else if (!isAnyOff && faults.draws('clock-jump')) jumpAndReturn(instance);
    }
    world.after(chance.integer(20_000, 60_000), befall);
  };

  const pause = ({ process }: Instance, slot: number): void => {
    const sleepsMs = chance.pick([5_000, 30_000, 130_000, 900_000]);
    faults.hit('pause', sleepsMs);
    process.pause();
    world.after(sleepsMs, () => process.wake());
    // The platform may think that it is gone: then it wakes up beside its successor.
    if (chance.hits(0.5)) start(slot);
  };

  /** One clock at a time is far off: no service runs on machines of which none knows the time. */
  let isAnyOff = false;
  const jumpAndReturn = ({ jump }: Instance): void => {
    // As often by some seconds as by minutes: what nobody notices does more harm than what everybody sees.
    const mostMs = chance.pick([3_000, 15_000, 60_000, 20 * 60_000]);
    const byMs = chance.pick([-1, 1]) * chance.integer(1_000, mostMs);
    const forMs = chance.pick([60_000, 600_000, 3_600_000]);
    isAnyOff = true;
    jump(byMs);
    // Meanwhile it stops nobody who did not ask for it, and leaves that to the other one.
    faults.hit('clock-jump', forMs);
    world.after(forMs, () => {
      isAnyOff = false;
      jump(-byMs);
    });
  };

  const redeploy = ({ process }: Instance, slot: number, isNewer: boolean): void => {
    start(slot, { isNewer });
    world.after(chance.integer(0, DRAIN_MS), () => process.end('redeployed'));
  };

  for (let slot = 0; slot < SLOTS; slot += 1) start(slot);
  world.after(60_000, befall);

  return {
    now: () => world.now() + skewMs,
    async call(what, ask, { patienceMs = PATIENCE_MS, endsAfterMs, endsAtQuestion } = {}) {
      const instance = slots[chance.integer(0, SLOTS - 1)];
      if (instance === undefined) {
        await world.sleep(50);
        return { type: 'lost', sent: false };
      }
      const { process, keeper } = instance;
      return new Promise((resolve) => {
        let isOver = false;
        const outOfTime = (): void => process.end(`${what} took too long`);
        const callOff =
          endsAtQuestion === undefined
            ? undefined
            : process.beforeQuestion(endsAtQuestion, () => {
                faults.hit('function-timeout');
                outOfTime();
              });
        const over = (answer: Parameters<typeof resolve>[0]): void => {
          isOver = true;
          callOff?.();
          resolve(answer);
        };
        const lose = (): void => resolve({ type: 'lost', sent: true, by: process });
        process.begin(() => {
          ask(keeper).then(
            (value) => over({ type: 'answered', value, by: process }),
            (error: unknown) => {
              if (!(error instanceof UnreadableRowError && isAnyUnreadable()))
                checkExpected(world, what, error);
              over({ type: 'failed', error, by: process });
            },
          );
        });
        process.whenEnded(lose);
        world.after(patienceMs, lose);
        if (endsAfterMs === undefined) return;
        world.after(endsAfterMs, () => {
          if (!isOver) outOfTime();
        });
      });
    },
  };
};

/** Callers are promised errors of one family; anything else is a fault of the keeper. */
const checkExpected = (world: World, what: string, error: unknown): void => {
  if (error instanceof KeeperError && error.status !== 500) return;
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  world.fail({ invariant: 'error', at: world.now(), sessionId: what, text: `${what} throws ${text}` });
};
