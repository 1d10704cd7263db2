import { setTimeout as delay } from 'node:timers/promises';
import type { Client, Reply } from '../stack.ts';

/** How clients call a keeper that dies now and then: any of its processes, and again where that is theirs to do. */

export interface CallOptions {
  body?: string;
  headers?: Record<string, string>;
}

export interface CallCounts {
  answered: number;
  /** The connection broke: whether it was done is unknown. */
  cutOff: number;
  /** 503 and 429. */
  putOff: number;
}

export interface Caller {
  readonly counts: Readonly<CallCounts>;
  /** Answers that no fault of a neighbour explains. */
  readonly strange: string[];
  /** Repeats nothing any more. */
  giveUp(): void;
  /** One call, as soon as there is somebody; undefined where there was no answer, or none but to call again. */
  once(
    method: string,
    path: string,
    expected: readonly number[],
    options?: CallOptions,
  ): Promise<Reply | undefined>;
  /** The same until it is answered; false where that takes too long, which is strange as well. */
  untilAnswered(
    method: string,
    path: string,
    expected: readonly number[],
    options?: CallOptions,
  ): Promise<boolean>;
}

const AGAIN_MS = 100;
/** Longer than the functions host takes to come back on a machine that is busy. */
const ANSWERED_WITHIN_MS = 60_000;
const PUT_OFF: readonly number[] = [503, 429];

export const createCaller = (clients: readonly Client[], chance: () => number): Caller => {
  const counts: CallCounts = { answered: 0, cutOff: 0, putOff: 0 };
  const strange: string[] = [];
  let isGivenUp = false;

  const once: Caller['once'] = async (method, path, expected, options) => {
    const client = clients[Math.floor(chance() * clients.length)] as Client;
    const reply = await client.send(method, path, options).catch(ifUnanswered);
    if (reply === 'nobody there' && !isGivenUp) {
      await delay(AGAIN_MS);
      return once(method, path, expected, options);
    }
    if (typeof reply === 'string') counts.cutOff += 1;
    else if (PUT_OFF.includes(reply.status)) counts.putOff += 1;
    else if (expected.includes(reply.status)) {
      counts.answered += 1;
      return reply;
    } else strange.push(`${method} ${path} was answered with ${reply.status}: ${reply.text}`);
    await delay(AGAIN_MS);
    return undefined;
  };

  return {
    counts,
    strange,
    giveUp() {
      isGivenUp = true;
    },
    once,
    async untilAnswered(method, path, expected, options) {
      const end = Date.now() + ANSWERED_WITHIN_MS;
      const isRefused = (): boolean => strange.some((text) => text.startsWith(`${method} ${path} `));
      while (Date.now() < end) {
        const reply = await once(method, path, expected, options);
        if (reply !== undefined) return true;
        if (isGivenUp || isRefused()) return false;
      }
      strange.push(`${method} ${path} got no good answer within ${ANSWERED_WITHIN_MS} ms`);
      return false;
    },
  };
};

/** A call that was cut off by a kill: its outcome is unknown, as it would be to any client. Or one that met nobody. */
const ifUnanswered = (error: unknown): 'cut off' | 'nobody there' => {
  const isCutOff = error instanceof TypeError && ['fetch failed', 'terminated'].includes(error.message);
  if (!isCutOff) throw error;
  const { cause } = error as { cause?: { code?: unknown } };
  return cause?.code === 'ECONNREFUSED' ? 'nobody there' : 'cut off';
};
