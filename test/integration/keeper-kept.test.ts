import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { KeepAliveRefusedError } from '../../shared/errors.ts';
import type { Keeper } from '../../shared/keeper.ts';
import type { Outcome } from '../../shared/outcome.ts';
import { minutes } from '../builders.ts';
import { setStage } from './keeper-stage.ts';
import { live, useTableDouble } from './store-fixture.ts';

const fixture = useTableDouble();

/** Two sessions can be kept with so few calls: (240 - 120) min / 3 / 20 min. */
const tight = { rules: { callGapMs: minutes(20), renewMarginMinutes: 120, extensionMinutes: 240 } };
const wanted = (more = {}) =>
  ({ sessionId: randomUUID(), size: 'Standard', models: [], leaseMinutes: 60, ...more }) as const;

describe('more kept sessions than calls can be had for', () => {
  const full = async () => {
    const stage = setStage(fixture);
    const keeper = stage.keeper(tight);
    const first = wanted({ keepAlive: true });
    await keeper.create(first);
    const second = wanted({ keepAlive: true });
    await keeper.create(second);
    return { stage, keeper, first, second };
  };
  const refusal = { status: 429, code: 'TooManyKeptSessions', target: 'keepAlive', retryAfterSeconds: 60 };
  const refused = async (work: Promise<unknown>): Promise<void> => {
    const error = await work.catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(KeepAliveRefusedError);
    expect(error).toMatchObject(refusal);
  };

  it('are refused, and nothing is made', async () => {
    const { stage, keeper } = await full();
    const third = wanted({ keepAlive: true });
    await refused(keeper.create(third));
    await expect(stage.session(third.sessionId)).rejects.toThrow(/missing/);
  });

  it('are refused where the account keeps all of its sessions', async () => {
    const { stage } = await full();
    await refused(stage.keeper({ ...tight, defaults: { keepAlive: true } }).create(wanted()));
  });

  it('are not refused without keep-alive, or where calls need no pause', async () => {
    const { stage, keeper } = await full();
    expect(await keeper.create(wanted())).toMatchObject({ isNew: true });
    expect(await stage.keeper().create(wanted({ keepAlive: true }))).toMatchObject({ isNew: true });
  });

  it('do not refuse the repetition of a create that was made', async () => {
    const { keeper, first } = await full();
    expect(await keeper.create(first)).toMatchObject({ isNew: false });
  });

  it('cannot be had by a change either, which changes nothing', async () => {
    const { stage, keeper, first } = await full();
    const plain = wanted();
    await keeper.create(plain);
    await refused(keeper.change(plain.sessionId, { keepAlive: true, tags: { a: 'b' } }, false));
    expect(await stage.live(plain.sessionId)).toMatchObject({ policy: { keepAlive: false }, tags: {} });
    // One that is kept already may be wanted so again.
    const again = await keeper.change(first.sessionId, { keepAlive: true }, false);
    expect(again.view.session.policy.keepAlive).toBe(true);
  });

  const makingRoom: [string, (keeper: Keeper, id: string) => Promise<unknown>][] = [
    ['is stopped', (keeper, id) => keeper.stop(id)],
    ['is not to be kept any more', (keeper, id) => keeper.change(id, { keepAlive: false }, false)],
  ];
  it.each(makingRoom)('have room when one of them %s', async (_, makeRoom) => {
    const { keeper, second } = await full();
    await makeRoom(keeper, second.sessionId);
    expect(await keeper.create(wanted({ keepAlive: true }))).toMatchObject({ isNew: true });
  });
});

describe('a kept session whose renewal was refused as a whole', () => {
  it('has what there is looked for by halves, in one go, also where its first call gets no answer', async () => {
    const stage = setStage(fixture);
    const keeper = stage.keeper({ rules: { renewMarginMinutes: 60, extensionMinutes: 120 } });
    const wishes = { keepAlive: true, maxLifetimeMinutes: 120, idleTimeoutMinutes: null };
    const sessionId = await stage.ready(keeper, { leaseMinutes: 60, ...wishes });
    stage.now += minutes(58);
    const { session, ...found } = live(await stage.store.read(await stage.live(sessionId), stage.now));
    const refused = { maxLeaseMinutes: 120, at: stage.now - minutes(2) };
    const leases = { ...session.leases, grantedMinutes: 61 };
    const next = { ...session, refused, leases, observedAt: stage.now, dueAt: stage.now };
    stage.servers.set(sessionId, { status: 'Ready', leaseMinutes: 61, readyAt: stage.now - minutes(58) });
    await stage.store.commit({ ...found, session }, next, [], stage.now);
    stage.taken();
    let isFirst = true;
    stage.answers.extend = () => {
      const answer: Outcome | undefined = isFirst ? { type: 'unsent', because: 'no token' } : undefined;
      isFirst = false;
      return answer;
    };
    await stage.sweep([keeper]);
    // 90, 105, 112, 116 and so on: each is granted, and is less than the margin needs.
    expect(stage.servers.get(sessionId)?.leaseMinutes).toBe(119);
    expect(stage.taken().filter(({ op }) => op === 'extend').length).toBeGreaterThan(6);
    expect(stage.faults('reconcile')).toEqual([]);
  });
});
