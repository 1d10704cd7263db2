import fc from 'fast-check';
import { expect, it } from 'vitest';
import { diagnose } from '../../shared/doctor/diagnosis.ts';
import { createKeeper } from '../../shared/keeper.ts';
import type { Sighting } from '../../shared/outcome.ts';
import type { Activity, LiveSession } from '../../shared/session.ts';
import { rowKeys } from '../../shared/store/rows.ts';
import { createStore } from '../../shared/store/store.ts';
import type { Table } from '../../shared/store/table.ts';
import { describeError, type Entry } from '../../shared/telemetry.ts';
import { anyActivity, anySession } from '../arbitraries.ts';
import { ACCOUNT_ID, accountRules, endedSession, minutes, seconds, T0 } from '../builders.ts';
import {
  type Damage,
  damage,
  dump,
  jumpingClock,
  lockedTable,
  lockedUpstream,
  putEnded,
  putGate,
  upstreamWith,
} from '../doctor-scene.ts';
import { memoryTable } from '../memory-table.ts';

/** What the doctor says that the next sweep will do is what the next sweep does, and nothing is changed to know it. */

interface Actor {
  session: LiveSession;
  /** Nothing is under way, and nothing backs off. */
  isFree: boolean;
  activity: Activity;
  server: Partial<Sighting> | undefined;
  damage: Damage;
}
const server: fc.Arbitrary<Partial<Sighting>> = fc.record({
  status: fc.constantFrom('Ready', 'Ready', 'Starting', 'Stopped', 'Expired', 'Error'),
  leaseMinutes: fc.integer({ min: 1, max: 200 }),
  elapsedMinutes: fc.integer({ min: 0, max: 60 }),
});
const actor: fc.Arbitrary<Actor> = fc.record({
  session: anySession,
  isFree: fc.boolean(),
  activity: anyActivity,
  server: fc.option(server, { nil: undefined, freq: 4 }),
  damage: fc.constantFrom<Damage>(
    'none',
    'none',
    'none',
    'no due row',
    'second due row',
    'no activity row',
    'unreadable',
  ),
});
const situation = fc.record({
  actors: fc.array(actor, { maxLength: 8, size: 'max' }),
  strangers: fc.array(
    fc.record({
      server,
      ended: fc.option(fc.constantFrom(0, 1, 31)),
      owned: fc.boolean(),
      isReadable: fc.constantFrom(true, true, true, false),
    }),
    {
      maxLength: 3,
    },
  ),
  callGapMs: fc.constantFrom(0, seconds(5)),
  isExclusive: fc.boolean(),
  dueMs: fc.array(fc.integer({ min: -minutes(2), max: minutes(5) }), { minLength: 8, maxLength: 8 }),
  gate: fc.record({
    sweptAt: fc.constantFrom(null, T0 - minutes(1), T0 - minutes(20)),
    listedAt: fc.constantFrom(null, T0 - minutes(1), T0 - minutes(11), T0 - minutes(40)),
    unaskedStops: fc.array(fc.constant(T0 - minutes(1)), { maxLength: 6 }),
    nextCallAt: fc.constantFrom(0, T0 + seconds(3)),
    strangers: fc.constantFrom({}, { 'stranger-0': T0 - minutes(20) }),
    sweeper: fc.constantFrom(null, { id: 'somebody', until: T0 + seconds(10) }),
  }),
});
type Situation = typeof situation extends fc.Arbitrary<infer Value> ? Value : never;

const prepare = async (table: Table, { actors, strangers, dueMs, gate }: Situation) => {
  const store = createStore(table, () => 'op');
  const servers = new Map<string, Partial<Sighting>>();
  for (const [index, one] of actors.entries()) {
    const sessionId = `session-${index}`;
    const dueAt = T0 - (dueMs[index] ?? 0);
    const free = one.isFree ? { pending: null, retry: null } : {};
    const session = { ...one.session, ...free, accountId: ACCOUNT_ID, sessionId, dueAt };
    await store.insert(session, { ...one.activity, closed: session.desired.state === 'stopped' }, []);
    if (one.server !== undefined) servers.set(sessionId, one.server);
    await damage(table, session, one.damage);
  }
  for (const [index, stranger] of strangers.entries()) {
    const sessionId = `stranger-${index}`;
    servers.set(sessionId, stranger.server);
    if (stranger.ended === null) continue;
    const endedAt = T0 - minutes(stranger.ended * 24 * 60) - seconds(1);
    const dueAt = endedAt + minutes(30 * 24 * 60);
    await putEnded(table, endedSession({ sessionId, owned: stranger.owned, endedAt, dueAt }));
    if (stranger.isReadable) continue;
    const columns = { policy: 'not JSON' };
    await table.submit(ACCOUNT_ID, [
      { type: 'update', rowKey: rowKeys.ended(sessionId), columns, etag: '*' },
    ]);
  }
  await putGate(table, ACCOUNT_ID, gate);
  return servers;
};

const actLine = (sessionId: string, action: string, because: string, lease: number | null = null): string =>
  `${sessionId} ${action} ${because} ${lease}`;
const faultLine = (sessionId: string | null, what: string, text: string): string =>
  `${sessionId} ${what} ${text}`;

it('foretells the next sweep in any situation, and changes nothing', async () => {
  const seen = { create: 0, observe: 0, extend: 0, stop: 0, forget: 0, reports: 0, differences: 0 };
  await fc.assert(
    fc.asyncProperty(situation, async (given) => {
      const plain = memoryTable();
      const servers = await prepare(plain, given);
      const table = lockedTable(plain);
      const { callGapMs, isExclusive } = given;
      const endpoint = given.actors[0]?.session.upstream ?? 'http://127.0.0.1:1';
      const upstreamFor = (clock = jumpingClock(T0)) =>
        lockedUpstream(upstreamWith(endpoint, servers, clock));
      const surroundings = {
        accountId: ACCOUNT_ID,
        defaults: {
          keepAlive: false,
          idleTimeoutMinutes: 30,
          idleTimeoutExplicit: false,
          maxLifetimeMinutes: null,
        },
        rules: { ...accountRules, callGapMs, isExclusive },
        newId: () => 'an-id',
      };
      const before = await dump(plain, ACCOUNT_ID);
      // It asks at an instant at which it may ask.
      const doctorsClock = { ...jumpingClock(T0), abortAt: () => AbortSignal.abort() };
      const diagnosis = await diagnose(
        { ...surroundings, table: table.thing, upstream: upstreamFor().thing, clock: doctorsClock },
        { tickMs: minutes(1), isForced: true },
      );
      expect(await dump(plain, ACCOUNT_ID)).toEqual(before);

      const { sweeper, ...gate } = given.gate;
      await putGate(plain, ACCOUNT_ID, gate);
      table.unlock();
      const done = new Map<string, string>();
      const told = new Set<string>();
      const clock = jumpingClock(T0);
      const upstream = upstreamFor(clock);
      upstream.unlock();
      const report = (entry: Entry): void => {
        if (entry.kind === 'fault') told.add(faultLine(entry.sessionId ?? null, entry.what, entry.error));
        if (entry.kind !== 'decision') return;
        const act = actLine(entry.sessionId, entry.action, entry.because, entry.maxLeaseMinutes);
        if (!done.has(act)) done.set(act, `${clock.now()} ${act}`);
      };
      const store = createStore(table.thing, () => 'an-id');
      const swept = await createKeeper({
        ...{ ...surroundings, store, clock },
        upstream: upstream.thing,
        telemetry: { report, measure: () => undefined },
      })
        .sweep()
        .catch((error: unknown) => {
          told.add(faultLine(null, 'the sweep fails', describeError(error)));
          return { unfinished: true };
        });

      const { acts, reports, isUnfinished } = diagnosis.sweep;
      // Those that one list has shown are recorded at the same instant, in any order.
      const foretold = acts.map(
        ({ at, ...act }) => `${at} ${actLine(act.sessionId, act.action, act.because, act.maxLeaseMinutes)}`,
      );
      expect(foretold.toSorted()).toEqual([...done.values()].toSorted());
      expect(reports.map(({ sessionId, what, text }) => faultLine(sessionId, what, text)).toSorted()).toEqual(
        [...told].toSorted(),
      );
      expect(isUnfinished).toBe(swept.unfinished);
      for (const { action } of acts) seen[action] += 1;
      seen.reports += reports.length;
      seen.differences += diagnosis.differences;
    }),
    { numRuns: 200 },
  );
  // The situations are such that there is something to tell.
  expect(Math.min(...Object.values(seen))).toBeGreaterThan(5);
});
