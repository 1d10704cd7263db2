import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createCheckedClock } from '../../shared/clock.ts';
import { BadRequestError, StorageUnavailableError, UpstreamUnavailableError } from '../../shared/errors.ts';
import { createKeeper, type Keeper } from '../../shared/keeper.ts';
import type { Outcome } from '../../shared/outcome.ts';
import { idleAt, idleFactsOf, type LiveSession, type Session } from '../../shared/session.ts';
import type { Store } from '../../shared/store/store.ts';
import type { Table } from '../../shared/store/table.ts';
import type { Entry } from '../../shared/telemetry.ts';
import type { Upstream } from '../../shared/upstream/upstream.ts';
import { accountRules, found, minutes, seconds, T0 } from '../builders.ts';
import { present, useTableDouble } from './store-fixture.ts';

/** The keeper on a real table, with a clock that the test moves and an upstream that answers as the test says. */

const fixture = useTableDouble();
const ENDPOINT = 'http://127.0.0.1:1';
const defaults = {
  keepAlive: false,
  idleTimeoutMinutes: 30,
  idleTimeoutExplicit: false,
  maxLifetimeMinutes: null,
};

interface Stage {
  keeper: Keeper;
  store: Store;
  accountId: string;
  calls: string[];
  reports: Entry[];
  now: number;
  isTableDown: boolean;
  /** So many reads of these rows fail from now on. */
  failingReads: number;
  failing: string;
  answers: Partial<Record<'create' | 'observe' | 'extend' | 'stop', (minutes: number) => Outcome>>;
  create(more?: object): Promise<string>;
  /** Ready since T0, by a look of the keeper. */
  createReady(more?: object): Promise<string>;
  session(sessionId: string): Promise<Session>;
}

const setStage = (endpoint = ENDPOINT): Stage => {
  const down = (table: Table): Table => {
    const guard = <Result>(work: () => Promise<Result>): Promise<Result> =>
      stage.isTableDown ? Promise.reject(new StorageUnavailableError('The table does not answer.')) : work();
    return {
      ...table,
      get(partition, rowKey) {
        if (stage.failingReads === 0 || !rowKey.startsWith(stage.failing))
          return guard(() => table.get(partition, rowKey));
        stage.failingReads -= 1;
        return Promise.reject(new StorageUnavailableError('This read has failed.'));
      },
      submit: (partition, changes) => guard(() => table.submit(partition, changes)),
    };
  };
  const answer = (op: 'create' | 'observe' | 'extend' | 'stop', detail = '', asked = 0): Promise<Outcome> => {
    stage.calls.push(`${op}${detail}`);
    const seen = found(
      { status: 'Starting', leaseMinutes: 60, sentAt: stage.now, receivedAt: stage.now },
      true,
    );
    return Promise.resolve(stage.answers[op]?.(asked) ?? (op === 'stop' ? { type: 'accepted' } : seen));
  };
  const upstream: Upstream = {
    endpoint,
    create: (_, { maxLeaseTimeMinutes }) => answer('create', ` ${maxLeaseTimeMinutes}`),
    observe: () => answer('observe'),
    extend: (_, asked) => answer('extend', ` ${asked}`, asked),
    stop: () => answer('stop'),
    list: () => Promise.resolve({ type: 'inconclusive', because: 'not in this test', retryAfterMs: null }),
    ping: () => Promise.resolve(true),
  };
  const accountId = randomUUID();
  // A clock that stands still would make what comes after something come at the same time.
  const clock = createCheckedClock(
    { now: () => (stage.now += 1), abortAt: () => AbortSignal.timeout(10) },
    () => undefined,
  );
  const store = fixture.through(down);
  const telemetry = {
    report: (entry: Entry) => void stage.reports.push(entry),
    measure: () => undefined,
  };
  const surroundings = {
    ...{ accountId, store, upstream, defaults, clock, newId: randomUUID, telemetry },
    rules: accountRules,
  };
  const stage: Stage = {
    keeper: createKeeper(surroundings),
    store,
    accountId,
    calls: [],
    reports: [],
    now: T0,
    isTableDown: false,
    failingReads: 0,
    failing: 'session:',
    answers: {},
    async create(more = {}) {
      const sessionId = randomUUID();
      await stage.keeper.create({ sessionId, size: 'Standard', models: [], leaseMinutes: 60, ...more });
      return sessionId;
    },
    async createReady(more = {}) {
      const sessionId = await stage.create(more);
      stage.answers.observe = () =>
        found({
          leaseMinutes: 60,
          elapsedMinutes: (stage.now - T0) / minutes(1),
          sentAt: stage.now,
          receivedAt: stage.now,
        });
      stage.now += seconds(10);
      await stage.keeper.show(sessionId, false);
      stage.calls.length = 0;
      return sessionId;
    },
    async session(sessionId) {
      return present(await store.read({ accountId, sessionId }, stage.now)).session;
    },
  };
  return stage;
};

describe('a create', () => {
  it('asks nobody where it cannot read whether it may, and its client learns the id all the same', async () => {
    const stage = setStage();
    await stage.createReady();
    const sessionId = randomUUID();
    const wanted = { sessionId, size: 'Standard', models: [], leaseMinutes: 60 } as const;
    Object.assign(stage, { failing: 'gate', failingReads: 1 });
    expect(await stage.keeper.create(wanted, true)).toMatchObject({ isNew: true, unfinished: true });
    expect(stage.calls).toEqual([]);
    expect(stage.failingReads).toBe(0);
    expect(await stage.session(sessionId)).toMatchObject({ creation: { attempts: 0 }, pending: null });
    await stage.keeper.sweep();
    expect(stage.calls).toContain('create 60');
  });

  it('whose table goes down after the insert is accepted, because its client has to learn the id', async () => {
    const stage = setStage();
    stage.answers.create = () => {
      stage.isTableDown = true;
      return found({ status: 'Starting', leaseMinutes: 60, sentAt: stage.now, receivedAt: stage.now }, true);
    };
    const sessionId = randomUUID();
    const wanted = { sessionId, size: 'Standard', models: [], leaseMinutes: 60 } as const;
    expect(await stage.keeper.create(wanted)).toMatchObject({ isNew: true, unfinished: true });
    expect(stage.reports).toContainEqual(
      expect.objectContaining({ kind: 'fault', what: 'left to the sweep' }),
    );
    stage.isTableDown = false;
    delete stage.answers.create;
    stage.now += minutes(1);
    await stage.keeper.sweep();
    expect(await stage.session(sessionId)).toMatchObject({
      observed: { status: 'Starting' },
      creation: { attempts: 2 },
    });
  });

  it('for another upstream than its record names is never sent, and can be stopped without asking anybody', async () => {
    const stage = setStage();
    stage.answers.create = () => ({ type: 'unsent', because: 'it cannot be reached' });
    const sessionId = await stage.create();
    expect(await stage.session(sessionId)).toMatchObject({ creation: { attempts: 0 } });
    expect(await stage.keeper.stop(sessionId)).toEqual({ unfinished: false });
    expect(await stage.session(sessionId)).toMatchObject({ life: 'ended', status: 'Stopped' });
    expect(stage.calls).not.toContain('stop');
  });
});

describe('a change', () => {
  it('to keep-alive is acted on at once where little is left', async () => {
    const stage = setStage();
    const sessionId = await stage.createReady();
    stage.now = T0 + minutes(58);
    stage.answers.extend = (asked) =>
      found({ leaseMinutes: asked, elapsedMinutes: 58, sentAt: stage.now, receivedAt: stage.now });
    await stage.keeper.change(sessionId, { keepAlive: true }, true);
    expect(stage.calls.filter((call) => call.startsWith('extend'))).toEqual([
      expect.stringMatching(/extend 1\d\d/),
    ]);
  });

  it('that was answered 503 may be repeated unchanged, also once the sweep has obtained it', async () => {
    const stage = setStage();
    const sessionId = await stage.createReady();
    stage.answers.extend = () => ({ type: 'inconclusive', because: 'it answered 503', retryAfterMs: null });
    const longer = () => stage.keeper.change(sessionId, { leaseMinutes: 120 }, false);
    await expect(longer()).rejects.toThrow(UpstreamUnavailableError);
    stage.answers.extend = (asked) =>
      found({ leaseMinutes: asked, sentAt: stage.now, receivedAt: stage.now });
    stage.now += minutes(1);
    await stage.keeper.sweep();
    expect(await stage.session(sessionId)).toMatchObject({ leases: { grantedMinutes: 120 } });
    await longer();
    await expect(longer()).rejects.toThrow(/larger/);
  });

  it('that is refused is no sign of use', async () => {
    const stage = setStage();
    const sessionId = await stage.createReady();
    const before = (await stage.keeper.show(sessionId, false)).view.activity;
    stage.now += minutes(5);
    await expect(stage.keeper.change(sessionId, { leaseMinutes: 1 }, true)).rejects.toThrow(/larger/);
    expect((await stage.keeper.show(sessionId, false)).view.activity).toEqual(before);
  });

  it('that the upstream refuses is told so, and the lease is what it was', async () => {
    const stage = setStage();
    const sessionId = await stage.createReady();
    stage.answers.extend = () => ({ type: 'refused', status: 422, message: 'too long' });
    const error = await stage.keeper
      .change(sessionId, { leaseMinutes: 120 }, false)
      .catch((thrown: unknown) => thrown);
    expect(error).not.toBeInstanceOf(BadRequestError);
    expect(error).toMatchObject({ code: 'ExtensionRefused', status: 400 });
    expect(await stage.session(sessionId)).toMatchObject({
      leases: { floorMinutes: 60, grantedMinutes: 60 },
    });
  });
});

describe('idleness that nobody asked for', () => {
  it('is armed by use a minute after Ready, although an earlier note still covers it', async () => {
    const stage = setStage();
    const sessionId = await stage.createReady();
    stage.now = T0 + seconds(50);
    expect((await stage.keeper.heartbeat(sessionId)).idleAt).toBeNull();
    stage.now = T0 + seconds(100);
    expect((await stage.keeper.heartbeat(sessionId)).idleAt).toBeGreaterThanOrEqual(T0 + minutes(31));
  });

  it('is not armed by the loss of the activity row, but by use after that', async () => {
    const stage = setStage();
    const sessionId = await stage.createReady();
    const { accountId } = stage;
    const loss = { type: 'delete', rowKey: `activity:${sessionId}` } as const;
    stage.now = T0 + minutes(20);
    await fixture.table.submit(accountId, [loss]);
    const { view } = await stage.keeper.show(sessionId, false);
    expect(idleAt(idleFactsOf(view.session as LiveSession), view.activity)).toBeNull();
    await fixture.table.submit(accountId, [loss]);
    expect((await stage.keeper.heartbeat(sessionId)).idleAt).toBeGreaterThanOrEqual(T0 + minutes(50));
  });
});

describe('an upstream', () => {
  it('that answers 404 to extensions is not asked in a circle, and ends nobody by that alone', async () => {
    const stage = setStage();
    const sessionId = await stage.createReady({ keepAlive: true });
    stage.answers.extend = () => ({ type: 'missing', sentAt: stage.now });
    stage.now = T0 + minutes(20);
    await stage.keeper.heartbeat(sessionId);
    stage.now = T0 + minutes(52);
    await stage.keeper.heartbeat(sessionId).catch(() => undefined);
    const before = stage.calls.length;
    for (let sweep = 0; sweep < 5; sweep += 1) {
      await stage.keeper.sweep();
      stage.now += seconds(2);
    }
    expect(stage.calls.length - before).toBeLessThan(15);
    expect((await stage.session(sessionId)).life).toBe('live');
  });

  it('that cannot answer a stop is asked whether the session has ended by itself', async () => {
    const stage = setStage();
    const sessionId = await stage.createReady();
    stage.answers.stop = () => ({ type: 'inconclusive', because: 'it answered 500', retryAfterMs: null });
    await stage.keeper.stop(sessionId);
    stage.answers.observe = () =>
      found({ status: 'Expired', errorMessage: 'over', sentAt: stage.now, receivedAt: stage.now });
    stage.now += minutes(1);
    await stage.keeper.sweep();
    expect(await stage.session(sessionId)).toMatchObject({ life: 'ended', status: 'Expired' });
  });
});

describe('a sweep', () => {
  it('of a table that is down ends with a report, and leaves the rest to the next one', async () => {
    const stage = setStage();
    await stage.create();
    stage.now += minutes(1);
    stage.isTableDown = true;
    expect(await stage.keeper.sweep()).toMatchObject({ unfinished: true });
    expect(stage.reports).toContainEqual(expect.objectContaining({ kind: 'fault', what: 'sweep' }));
    stage.isTableDown = false;
    expect(await stage.keeper.sweep()).toEqual({ looked: 1, unfinished: false });
  });

  it('goes on past an operation of the table that fails', async () => {
    const stage = setStage();
    const ids = await Promise.all(Array.from({ length: 4 }, () => stage.create()));
    stage.now += seconds(10);
    stage.answers.observe = () => found({ sentAt: stage.now, receivedAt: stage.now });
    stage.failingReads = 2;
    expect(await stage.keeper.sweep()).toMatchObject({ looked: 4 });
    const sessions = await Promise.all(ids.map((id) => stage.session(id)));
    expect(sessions.every((one) => one.life === 'live' && one.observed.status === 'Ready')).toBe(true);
  });

  it('that cannot read the gate leaves all to the next one, and says so', async () => {
    const stage = setStage();
    await stage.create();
    stage.now += seconds(10);
    stage.calls.length = 0;
    stage.failing = 'gate';
    // Again and again: one failure is nothing unusual.
    stage.failingReads = 6;
    expect(await stage.keeper.sweep()).toEqual({ looked: 0, unfinished: true });
    expect(stage.calls).toEqual([]);
    expect(stage.reports).toContainEqual(expect.objectContaining({ kind: 'fault', what: 'sweep' }));
    stage.failingReads = 1;
    expect(await stage.keeper.sweep()).toEqual({ looked: 1, unfinished: false });
  });

  it('takes away a due row that has no record', async () => {
    const stage = setStage();
    const rowKey = `due:${String(T0 - 5).padStart(15, '0')}:nobody`;
    await fixture.table.submit(stage.accountId, [{ type: 'put', rowKey, columns: {} }]);
    await stage.keeper.sweep();
    expect(await fixture.table.get(stage.accountId, rowKey)).toBeUndefined();
  });

  it('goes on past a row that cannot be read', async () => {
    const stage = setStage();
    const [broken, sound] = [await stage.create(), await stage.create()];
    const columns = { leases: '{"nonsense":true}' };
    await fixture.table.submit(stage.accountId, [
      { type: 'update', rowKey: `session:${broken}`, columns, etag: '*' },
    ]);
    stage.now += seconds(10);
    stage.answers.observe = () => found({ sentAt: stage.now, receivedAt: stage.now });
    await stage.keeper.sweep();
    expect(await stage.session(sound)).toMatchObject({ observed: { status: 'Ready' } });
    const faults = stage.reports.filter((entry) => entry.kind === 'fault' && entry.sessionId === broken);
    expect(faults).toHaveLength(1);
    expect((await stage.keeper.list()).map(({ session }) => session.sessionId)).toEqual([sound]);
  });
});
