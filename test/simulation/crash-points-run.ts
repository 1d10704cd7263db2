import { type Instant, MINUTE_MS } from '../../shared/lease.ts';
import type { AccountRules } from '../../shared/session.ts';
import { RULES } from './bounds.ts';
import { disorder } from './crash-points-order.ts';
import type { Blow, Point, Strike } from './crash-points-probe.ts';
import { createStage, type Instance, type Stage } from './crash-points-stage.ts';
import { formatSince } from './trace.ts';

/** A piece of work of one process, with everything before and after it. */
export interface PointStory {
  readonly name: string;
  /** Where its account has others than most. */
  readonly rules?: Partial<AccountRules>;
  /** Where what comes of the others is not certain. */
  readonly blows?: readonly Blow[];
  /** Brings the world to where the work begins. */
  prepare(stage: Stage): Promise<PointWork>;
}

export interface PointWork {
  /** A client repeats its call at another instance until it is answered; for a timer the next minute comes. */
  readonly by: 'client' | 'timer';
  work(instance: Instance): Promise<unknown>;
  /** Whether an error is an answer, with which a client is content. */
  isAnswer?(error: unknown): boolean;
  /** When who naps wakes up, where it is not in the midst of the next sweep. */
  readonly napMs?: number;
  /** The list that is held against the table is due, too; where it is a story of its own, it has just been made. */
  readonly isAuditDue?: boolean;
  /** What is wrong when the bound is over, beyond the order that holds for all. */
  wrong(): (string | false)[];
  /** For what takes its time by itself: so much later all is over. */
  lastsMs?: number;
  wrongAtEnd?(): (string | false)[];
}

export interface PointReport {
  points: readonly Point[];
  struck: Point | undefined;
  wrong: readonly string[];
  trace: readonly string[];
}

/** Who sleeps for so long is not waited for: all is in order again by then. */
const LONG_MS = 2 * MINUTE_MS;
/** A client waits so long for an answer, and so long before it asks again. */
const PATIENCE_MS = 30_000;
const AGAIN_MS = 1_000;

/** A moment ago, by any clock. */
const lately = (now: Instant): Instant => now - 1_000;

/** One telling of a story. */
export interface Telling {
  /** How the tested process is struck, and where. */
  strike?: Strike | undefined;
  /** The other process's next sweep comes so long after the work has begun. */
  nextSweepMs: number;
  /** A process that naps wakes up so long after that sweep has begun. */
  intoSweepMs?: number;
}

export const tell = async (
  story: PointStory,
  { strike, nextSweepMs, intoSweepMs = 0 }: Telling,
): Promise<PointReport> => {
  const stage = createStage({ ...RULES, ...story.rules });
  const { world } = stage;
  const wrong: string[] = [];
  const judge = async (when: string, found: () => (string | false)[]): Promise<void> => {
    if (world.failure() !== undefined) return;
    // In the middle of a sweep nothing is in order; it is over in a moment.
    await stage.passWhile(stage.isSweeping);
    wrong.push(
      ...found()
        .filter((text) => text !== false)
        .map((text) => `${when}: ${text}`),
    );
  };

  const work = await story.prepare(stage);
  const boundMs = stage.bounds.boundMs();
  const begunAt = world.now();
  stage.writeGate({
    sweptAt: lately(begunAt),
    ...(work.isAuditDue ? { listedAt: null } : { listedAt: lately(begunAt) }),
  });
  stage.beginAudit();
  const tested = stage.start(
    'tested',
    strike && { ...strike, napsUntil: begunAt + (work.napMs ?? nextSweepMs + intoSweepMs) },
  );
  world.trace.note('tested', 'BEGINS');
  let isAnswered = work.by === 'timer';
  if (work.by === 'timer') tested.process.begin(() => work.work(tested).catch(stage.expect));
  else
    insist(stage, tested, work).then(() => {
      isAnswered = true;
    });
  stage.tick(begunAt + nextSweepMs);

  // The work is done by then, with a strike or without.
  await stage.passUntil(begunAt + MINUTE_MS / 2);
  const { at = begunAt, until = begunAt } = tested.probe.struck() ?? {};
  const inOrder = (): (string | false)[] => [
    !isAnswered && 'the client has no answer',
    ...work.wrong(),
    ...disorder(stage),
  ];
  if (until - at > LONG_MS) {
    await stage.passUntil(until - 1);
    await judge('before it wakes up', inOrder);
  }
  await stage.passUntil(until + boundMs);
  await judge('at the bound', inOrder);
  if (work.lastsMs !== undefined) {
    await stage.passUntil(until + boundMs + work.lastsMs);
    await judge('at the end', () => [...(work.wrongAtEnd?.() ?? []), ...disorder(stage)]);
  }
  const failure = world.failure();
  if (failure !== undefined)
    wrong.push(`${failure.invariant} at ${formatSince(failure.at - world.start)}: ${failure.text}`);
  return {
    points: tested.probe.points(),
    struck: tested.probe.struck()?.point,
    wrong,
    trace: world.trace.lines(),
  };
};

/** The client's call: to the tested process, and, until it is answered, to the other one. */
const insist = async (
  stage: Stage,
  tested: Instance,
  { work, isAnswer = () => false }: PointWork,
): Promise<void> => {
  const { world } = stage;
  const call = (instance: Instance): Promise<boolean> =>
    new Promise((resolve) => {
      instance.process.begin(() => {
        work(instance).then(
          () => resolve(true),
          (error: unknown) => {
            world.trace.note(
              'client',
              `${error instanceof Error ? error.name : error} (${instance.process.name})`,
            );
            stage.expect(error);
            resolve(isAnswer(error));
          },
        );
      });
      instance.process.whenEnded(() => resolve(false));
      world.after(PATIENCE_MS, () => resolve(false));
    });
  if (await call(tested)) return;
  do await world.sleep(AGAIN_MS);
  while (!(await call(stage.other)));
};
