import { expect, it } from 'vitest';
import { KeepAliveRefusedError } from '../../shared/errors.ts';
import { MINUTE_MS } from '../../shared/lease.ts';
import { extensionMinutes, longestSurvivedOutageMs, marginMs, mostKept, RULES } from './bounds.ts';
import { createPointClient, type PointClient } from './crash-points-client.ts';
import { createStage, type Stage } from './crash-points-stage.ts';
import type { FaultName } from './fault-kinds.ts';

/** So few calls that there are not too many sessions for a test: what takes time is the calls of all of them. */
const CALL_GAP_MS = 55_000;
const SLOW = { ...RULES, callGapMs: CALL_GAP_MS };
const MOST_KEPT = mostKept(SLOW);
const KEPT = Math.floor(0.95 * MOST_KEPT);
/** Longer than the calls of one create, with half of all for the renewals of others, and a quarter for lists: it is made. */
const BETWEEN_CREATES_MS = 12 * CALL_GAP_MS;
/** The outage that is promised to be survived, but for the moments in which it begins and ends. */
const OUTAGE_MS = longestSurvivedOutageMs(RULES) - 6_000;
const LEASE_MINUTES = 60;
const MADE_MS = KEPT * BETWEEN_CREATES_MS;
const MARGIN_MS = marginMs(SLOW, KEPT);
/** From the first create on, in so long each of them has been renewed at least once: an extension, less the margin of so many. */
const RENEWED_MS = MADE_MS + extensionMinutes(SLOW, KEPT) * MINUTE_MS - MARGIN_MS;
/** When the leases end that all end at once; the last of them is made with more than the margin of so many. */
const TOGETHER_MINUTES = Math.ceil((MADE_MS + MARGIN_MS) / MINUTE_MS) + 10;
const TOGETHER_MARGIN_MS = TOGETHER_MINUTES * MINUTE_MS - MARGIN_MS;
/** Whatever an outage has made late has lapsed in so long: the margin, with room. */
const LAPSED_MS = MARGIN_MS + 10 * MINUTE_MS;

interface Account {
  stage: Stage;
  /** What has ended that should not have. */
  lapsed: string[];
  keepOneMore(): Promise<unknown>;
}

const openAccount = (pageSize: number, areTogether: boolean): Account => {
  const stage = createStage(SLOW, pageSize);
  const { world, books, other } = stage;
  const lapsed: string[] = [];
  books.watch({
    ended({ id, status, isForeign }) {
      if (!isForeign) lapsed.push(`${id}: ${status}`);
    },
  });
  stage.tick(world.now() + 1_000);
  let made = 0;
  const next = (): PointClient => {
    made += 1;
    const elapsedMinutes = Math.floor((world.now() - world.start) / MINUTE_MS);
    const leaseMinutes = areTogether && made <= KEPT ? TOGETHER_MINUTES - elapsedMinutes : LEASE_MINUTES;
    const wishes = { keepAlive: true, leaseMinutes, idleTimeoutMinutes: null };
    return createPointClient(stage, `kept-${made}`, wishes);
  };
  return {
    stage,
    lapsed,
    async keepOneMore() {
      const creating = next().create(other.keeper);
      const from = world.now();
      await stage.done(creating);
      await stage.passUntil(from + BETWEEN_CREATES_MS);
    },
  };
};

const standOf = ({ stage: { books, world }, lapsed }: Account) => {
  const living = books.living().filter(({ isForeign }) => !isForeign);
  const ready = living.filter(({ status }) => status === 'Ready').length;
  return { lapsed, ready, failure: world.failure() };
};
const inOrder = { lapsed: [], ready: KEPT, failure: undefined };

it.each<[number, string, FaultName]>([
  [100, 'all at once', 'table-outage'],
  [30, 'one by one', 'upstream-outage'],
  [10, 'one by one', 'upstream-unreachable'],
])(
  'nearly as many kept sessions as calls can carry, with pages of %i and to be renewed %s, survive time and %s',
  async (pageSize, when, fault) => {
    const areTogether = when === 'all at once';
    const account = openAccount(pageSize, areTogether);
    const { stage } = account;
    const { world, faults, other } = stage;
    for (let made = 0; made < KEPT; made += 1) await account.keepOneMore();
    await stage.passUntil(world.start + (areTogether ? TOGETHER_MARGIN_MS : RENEWED_MS));
    expect(standOf(account)).toEqual(inOrder);

    faults.turn(fault, true);
    await stage.passUntil(world.now() + OUTAGE_MS);
    faults.turn(fault, false);
    await stage.passUntil(world.now() + LAPSED_MS);
    expect(standOf(account)).toEqual(inOrder);

    for (let made = KEPT; made < MOST_KEPT; made += 1) await account.keepOneMore();
    await expect(account.keepOneMore()).rejects.toThrow(KeepAliveRefusedError);
    const plain = createPointClient(stage, 'plain', { idleTimeoutMinutes: null });
    await stage.done(plain.create(other.keeper));
    const keeping = stage.done(plain.change(other.keeper, { keepAlive: true }));
    await expect(keeping).rejects.toThrow(KeepAliveRefusedError);
  },
);
