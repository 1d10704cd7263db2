import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { type Client, eventually } from '../stack.ts';
import { type CallCounts, createCaller } from './caller.ts';
import { newStory, type Story } from './story.ts';

/** Clients at work: creates, extensions, heartbeats and stops, of both generations, in an order that chance decides. */

export interface LoadCounts {
  created: number;
  extended: number;
  used: number;
  stopped: number;
}

export interface Load {
  readonly stories: readonly Story[];
  readonly counts: Readonly<LoadCounts & CallCounts>;
  readonly strange: readonly string[];
  /** Resolves when there is another session that is to be kept alive. */
  keepAnother(): Promise<void>;
  /** Resolves when so much more has been answered. */
  answered(more: number): Promise<void>;
  /** Resolves when at least so many of each have been answered. */
  reached(counts: LoadCounts): Promise<void>;
  /** Begins nothing new; resolves when everything that clients repeat has been answered. */
  end(): Promise<void>;
  /** The same without repeating anything: nobody will answer any more. */
  giveUp(): Promise<void>;
}

const KEPT = 3;
const WORKERS = 4;
/** Of those that no stop was asked for; beyond, none is created. */
const MOST = 12;
/** The same of idle ones that were begun lately, because most of them are still there: no real account only grows. */
const MOST_LATELY = 30;
const LATELY_TIMEOUTS = 2;
const LEASE_MINUTES = 60;
const LEASE = '1:0:0';
const VERSION = 'api-version=2021-01-01';
/** So that the load leaves the machine something for the keeper. */
const LONGEST_PAUSE_MS = 60;
/** For many answers, on a machine that is busy with other things. */
const WITHIN_MS = 150_000;

export const startLoad = async (
  clients: readonly Client[],
  chance: () => number,
  idleTimeoutMs: number,
): Promise<Load> => {
  const v1 = clients[0]?.sessions ?? '';
  const v2021 = v1.replace('/v1', '');
  const caller = createCaller(clients, chance);
  const stories: Story[] = [];
  const counts: LoadCounts = { created: 0, extended: 0, used: 0, stopped: 0 };
  let isEnding = false;

  const begun = (kind: Story['kind'], minutes: number): Story => {
    const story = newStory(`https://models.invalid/${randomUUID()}`, kind, minutes, idleTimeoutMs);
    stories.push(story);
    return story;
  };

  /** With an id of the client's own: repeated until it is answered, as that generation allows. */
  const createNamed = async (kind: 'kept' | 'plain'): Promise<void> => {
    const story = begun(kind, kind === 'kept' ? 1 : LEASE_MINUTES);
    story.id = randomUUID();
    story.isBusy = true;
    const keeping = kind === 'kept' ? { keepAlive: true } : { idleTimeout: null };
    const wanted = { maxLeaseTimeMinutes: story.minutes, size: 'standard', models: [story.mark], ...keeping };
    const options = { body: JSON.stringify(wanted) };
    if (!(await caller.untilAnswered('PUT', `${v2021}/${story.id}?${VERSION}`, [200, 201], options))) return;
    story.createdAt = Date.now();
    story.isBusy = false;
    counts.created += 1;
  };

  /** The service chooses the id: a client that is cut off never learns it, and nobody will use that session. */
  const createUnnamed = async (): Promise<void> => {
    const story = begun('idle', LEASE_MINUTES);
    const wanted = {
      maxLeaseTime: LEASE,
      models: [story.mark],
      idleTimeoutMinutes: idleTimeoutMs / 60_000,
    };
    const reply = await caller.once('POST', `${v1}/create`, [202], { body: JSON.stringify(wanted) });
    if (reply === undefined) return;
    story.id = z.object({ sessionId: z.string() }).parse(JSON.parse(reply.text)).sessionId;
    story.createdAt = Date.now();
    counts.created += 1;
  };

  const extend = async (story: Story): Promise<void> => {
    const asked = story.triedMinutes + 1;
    story.triedMinutes = asked;
    const body = JSON.stringify({ maxLeaseTimeMinutes: asked });
    const reply = await caller.once('PATCH', `${v2021}/${story.id}?${VERSION}`, [200, 422], { body });
    // A stop that came in between is the only good reason to say no.
    if (reply?.status === 422 && story.stopAskedAt === null)
      caller.strange.push(`${story.id}: ${reply.text}`);
    if (reply?.status !== 200) return;
    story.minutes = asked;
    counts.extended += 1;
  };

  const use = async (story: Story): Promise<void> => {
    const sentAt = Date.now();
    // It may have fallen idle meanwhile: whether it was too early is the judge's to say.
    const expected = story.kind === 'idle' ? [200, 409] : [200];
    const reply = await caller.once('POST', `${v1}/${story.id}/heartbeat`, expected);
    story.mayBeUsedAt = Date.now();
    if (reply?.status !== 200) return;
    story.usedAt = sentAt;
    counts.used += 1;
  };

  const stop = async (story: Story): Promise<void> => {
    story.stopAskedAt = Date.now();
    if (!(await caller.untilAnswered('DELETE', `${v1}/${story.id}`, [204]))) return;
    story.stoppedAt = Date.now();
    counts.stopped += 1;
  };

  const about = async (story: Story, call: (story: Story) => Promise<void>): Promise<void> => {
    story.isBusy = true;
    await call(story);
    story.isBusy = false;
  };

  const oneCall = async (): Promise<void> => {
    const wanted = stories.filter(({ createdAt, stopAskedAt }) => createdAt !== null && stopAskedAt === null);
    const pick = (kinds: readonly Story['kind'][], alsoBusy = false): Story | undefined => {
      const possible = wanted.filter(({ kind, isBusy }) => kinds.includes(kind) && (alsoBusy || !isBusy));
      // Rather a young one: of the idle ones most are over, and some are to be left to it.
      return possible.slice(-MOST)[Math.floor(chance() * Math.min(possible.length, MOST))];
    };
    const turn = chance();
    const plain = wanted.filter(({ kind }) => kind === 'plain');
    const since = Date.now() - LATELY_TIMEOUTS * idleTimeoutMs;
    const lately = stories.filter(
      ({ kind, askedAt, stopAskedAt }) => kind === 'idle' && stopAskedAt === null && askedAt > since,
    );
    const creates = [
      ...(plain.length > MOST ? [] : [() => createNamed('plain')]),
      ...(lately.length > MOST_LATELY ? [] : [createUnnamed]),
    ];
    const target =
      turn < 0.3
        ? undefined
        : turn < 0.55
          ? pick(['plain'])
          : turn < 0.8
            ? pick(['idle', 'kept'])
            : pick(['plain', 'idle'], true);
    if (target === undefined) return creates[Math.floor(chance() * creates.length)]?.();
    return about(target, turn < 0.55 ? extend : turn < 0.8 ? use : stop);
  };

  const work = async (): Promise<void> => {
    while (!isEnding) {
      await oneCall();
      await delay(chance() * LONGEST_PAUSE_MS);
    }
  };

  await Promise.all(Array.from({ length: KEPT }, () => createNamed('kept')));
  let failure: unknown;
  const workers = Promise.all(Array.from({ length: WORKERS }, work)).catch((error: unknown) => {
    isEnding = true;
    failure = error;
  });
  const failed = (): void => {
    if (failure !== undefined) throw failure;
  };
  const until = async (what: string, holds: () => boolean): Promise<void> => {
    await eventually(what, () => (failure !== undefined || holds() ? true : undefined), WITHIN_MS);
    failed();
  };

  return {
    stories,
    get counts() {
      return { ...counts, ...caller.counts };
    },
    strange: caller.strange,
    keepAnother: () => createNamed('kept'),
    answered(more) {
      const enough = caller.counts.answered + more;
      return until('the answers to the load', () => caller.counts.answered >= enough);
    },
    reached: (least) =>
      until('so much of each', () =>
        (Object.keys(least) as (keyof LoadCounts)[]).every((name) => counts[name] >= least[name]),
      ),
    async end() {
      isEnding = true;
      await workers;
      failed();
    },
    async giveUp() {
      isEnding = true;
      caller.giveUp();
      await workers;
    },
  };
};
