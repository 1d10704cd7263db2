import { describe, expect, it } from 'vitest';
import { jsonOf } from '../../infra/doctor/json.ts';
import { pageOf } from '../../infra/doctor/page.ts';
import { type Diagnosis, diagnose } from '../../shared/doctor/diagnosis.ts';
import type { Gate } from '../../shared/gate.ts';
import type { Sighting } from '../../shared/outcome.ts';
import type { LiveSession } from '../../shared/session.ts';
import { createStore } from '../../shared/store/store.ts';
import {
  ACCOUNT_ID,
  accountRules,
  activity,
  endedSession,
  liveSession,
  minutes,
  ready,
  seconds,
  stopped,
  T0,
} from '../builders.ts';
import { damage, jumpingClock, putEnded, putGate, upstreamWith } from '../doctor-scene.ts';
import { memoryTable } from '../memory-table.ts';

/** What the doctor asks, and what it prints. */

const ENDPOINT = 'http://127.0.0.1:1';
const swept = { sweptAt: T0 - seconds(20), listedAt: T0 - minutes(3), keptCount: 1, liveCount: 3 };

interface Scene {
  sessions?: readonly LiveSession[];
  servers?: Record<string, Partial<Sighting>>;
  gate?: Partial<Gate>;
  callGapMs?: number;
  isForced?: boolean;
}

const look = async ({ sessions = [], servers = {}, gate, callGapMs = 0, isForced = false }: Scene) => {
  const table = memoryTable();
  const store = createStore(table, () => 'op');
  for (const session of sessions)
    await store.insert(session, activity({ closed: session.desired.state === 'stopped' }), []);
  await putGate(table, ACCOUNT_ID, { ...swept, ...gate });
  const clock = jumpingClock(T0);
  const asked: string[] = [];
  const upstream = upstreamWith(ENDPOINT, new Map(Object.entries(servers)), clock);
  const noted = {
    ...upstream,
    observe: (...call: Parameters<typeof upstream.observe>) => {
      asked.push(`${call[0]} at ${clock.now() - T0}`);
      return upstream.observe(...call);
    },
    list: async (...call: Parameters<typeof upstream.list>) => {
      const listing = await upstream.list(...call);
      asked.push(`list at ${clock.now() - T0}`);
      return listing;
    },
  };
  const run = (): Promise<Diagnosis> =>
    diagnose(
      {
        ...{ accountId: ACCOUNT_ID, table, upstream: noted, clock, newId: () => 'an-id' },
        rules: { ...accountRules, callGapMs },
        defaults: liveSession().policy,
      },
      { tickMs: minutes(1), isForced },
    );
  return { table, asked, run };
};

const low = liveSession({
  sessionId: 'low',
  policy: { keepAlive: true },
  observed: ready(T0 - minutes(55)),
  dueAt: T0,
});
const unwanted = liveSession({
  sessionId: 'unwanted',
  desired: stopped('asked', T0 - seconds(5)),
  dueAt: T0,
});
const gone = liveSession({ sessionId: 'gone', dueAt: T0 + minutes(5) });

describe('the upstream', () => {
  it('is asked for a list, and for whoever is not on it, at the pace of the account', async () => {
    const servers = { low: { elapsedMinutes: 55 } };
    const { asked, run } = await look({ sessions: [low, unwanted, gone], servers, callGapMs: seconds(5) });
    const { account, isWhole } = await run();
    expect(asked).toEqual(['list at 0', 'gone at 5000', 'unwanted at 10000']);
    expect(account.calls).toBe(3);
    expect(isWhole).toBe(true);
  });

  it('is left alone while it told to wait, and the table is told all the same', async () => {
    const gate = { nextCallAt: T0 + seconds(90) };
    const { asked, run } = await look({ sessions: [low, unwanted], gate });
    const diagnosis = await run();
    expect(asked).toEqual([]);
    expect(diagnosis).toMatchObject({ isWhole: false, differences: 0 });
    expect(diagnosis.account.unanswered).toBe('it asked not to be called for another 90 s');
    expect(diagnosis.sessions.map(({ session }) => session.sessionId)).toContain('low');
  });

  it('is asked all the same where that is forced', async () => {
    const gate = { nextCallAt: T0 + seconds(90) };
    const { asked, run } = await look({ gate, isForced: true });
    expect(await run()).toMatchObject({ isWhole: true });
    expect(asked).toEqual(['list at 0']);
  });
});

describe('the page', () => {
  it('says how the account stands, session by session, and what the next sweep does', async () => {
    const { table, run } = await look({
      sessions: [gone, unwanted, low],
      servers: { low: { elapsedMinutes: 55, leaseMinutes: 45 }, unwanted: {}, stray: {}, unknown: {} },
      gate: { listedAt: T0 - minutes(11) },
    });
    await putEnded(
      table,
      endedSession({ sessionId: 'stray', endedAt: T0 - minutes(9), dueAt: T0 + minutes(9) }),
    );
    await damage(table, gone, 'no due row');
    const page = pageOf(await run(), { aheadMs: 45_000, isTrusted: false });
    expect(page).toMatchInlineSnapshot(`
      "account 11111111-1111-1111-1111-111111111111   2026-01-02T03:04:00.000Z
      upstream http://127.0.0.1:1
        gate      open; no pause between calls
        swept     03:03:40 (20 s ago)
        idleness  as sessions say
        brake     off; 0 stops lately that nobody asked for
        listed    02:53:00 (11 min ago), 1 kept alive then; the next is due now
        clock     45 s ahead of the table's: not to be trusted, and the table's is used here
        asked     2 calls to the upstream, beside the keeper's own

      unwanted
        table     Ready; wanted stopped (asked) since 03:03:55 (5 s ago); 60 min granted, until 04:03:00 (in 59 min) at the earliest
        upstream  Ready; 0 of 60 min
        due       03:04:00 (now)
        idle      never, as it is
        next      stop because asked

      low
        table     Ready; wanted running, kept alive; 60 min granted, until 03:08:00 (in 4 min) at the earliest
        upstream  Ready; 55 of 45 min
        due       03:04:00 (now)
        idle      03:34:00 (in 30 min)
        ! lease: the table says 60 min, the upstream 45 min
        next      extend to 116 min because keep-alive

      gone
        table     Ready; wanted running; 60 min granted, until 04:03:00 (in 59 min) at the earliest
        upstream  no such session (404)
        due       03:09:00 (in 5 min)
        idle      never, as it is
        ! status: the table says Ready, the upstream has no such session (404)
        ! no due row: no sweep finds it before it is long due, and the whole account is listed
        next      nothing, until a client asks for it

      servers that no living session explains
        stray   Ready upstream, known since 03:04:00 (now)
          ! server of an ended session: the table says Stopped
          at the next list: stop because over
        unknown   Ready upstream, known since 03:04:00 (now)
          ! server without record: the table knows nothing of it
          at the next list: none because unknown

      the next sweep
         1. unwanted   stop because asked
         2. low   extend to 116 min because keep-alive
         3. stray   stop because stray
        report   unknown   stranger: the upstream has a server that is not known here

      3 sessions, 5 differences, 4 things to do in the next sweep"
    `);
  });

  it('has one line each for an account without anything', async () => {
    const { run } = await look({ gate: { sweptAt: null, listedAt: T0 } });
    const page = pageOf(await run(), { aheadMs: 400, isTrusted: true });
    expect(page.split('\n').at(-1)).toBe('0 sessions, 0 differences, 0 things to do in the next sweep');
    expect(page).toContain('swept     never, which counts as having been away');
    expect(page).toContain("clock     agrees with the table's\n");
  });

  it('is told to machines with instants that they can read, and no address of a model', async () => {
    const { run } = await look({ sessions: [low], servers: { low: { elapsedMinutes: 55 } } });
    const text = jsonOf(await run(), { aheadMs: 0, isTrusted: true });
    expect(JSON.parse(text)).toMatchObject({
      accountId: ACCOUNT_ID,
      at: '2026-01-02T03:04:00.000Z',
      account: { sweptAt: '2026-01-02T03:03:40.000Z', callGapMs: 0 },
      sessions: [
        {
          session: { sessionId: 'low', dueAt: '2026-01-02T03:04:00.000Z' },
          acts: [{ action: 'extend', because: 'keep-alive', maxLeaseMinutes: 116 }],
        },
      ],
      clock: { aheadMs: 0, isTrusted: true },
    });
    expect(text).not.toContain('models');
  });
});
