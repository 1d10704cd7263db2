import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { REPOSITORY } from '../../infra/local/stack.ts';
import { createCheckedClock } from '../../shared/clock.ts';
import { diagnose } from '../../shared/doctor/diagnosis.ts';
import { createKeeper } from '../../shared/keeper.ts';
import { createStore, type Store } from '../../shared/store/store.ts';
import { openTable, TABLE_NAME, type Table } from '../../shared/store/table.ts';
import type { Entry } from '../../shared/telemetry.ts';
import { send } from '../../shared/upstream/send.ts';
import { createUpstream, type Upstream } from '../../shared/upstream/upstream.ts';
import { type AzuriteTable, startAzuriteTable } from '../azurite.ts';
import {
  ACCOUNT_ID,
  accountRules,
  endedSession,
  liveSession,
  minutes,
  ready,
  seconds,
  stopped,
} from '../builders.ts';
import { COMPILE_CACHE } from '../compile-cache.ts';
import { damage, dump, lockedTable, lockedUpstream, putEnded, putGate } from '../doctor-scene.ts';
import {
  cleanUpAfterEach,
  type Host,
  KEY,
  newDataFolder,
  startHost,
  untilStatus,
} from './session-host-process.ts';
import { clock as ownClock } from './upstream-fixture.ts';

/** The doctor on a real table and a real session host, between which somebody has made every kind of difference. */

let azurite: AzuriteTable;
beforeAll(async () => {
  azurite = await startAzuriteTable();
});
afterAll(() => azurite.stop());
cleanUpAfterEach();

interface Scene {
  host: Host;
  table: Table;
  upstream: Upstream;
  environment: Record<string, string>;
}

const accountsOf = (accountId: string, endpoint: string): string => {
  const upstream = { endpoint, accountId: ACCOUNT_ID, accountKey: KEY };
  return JSON.stringify([{ accountId, keys: [KEY], upstream }]);
};

const setScene = async (): Promise<Scene> => {
  const host = await startHost(newDataFolder());
  const { url } = host;
  const table = openTable({ connectionString: azurite.connectionString }, TABLE_NAME);
  return {
    host,
    table,
    upstream: createUpstream(
      { endpoint: url, tokenEndpoint: url, accountId: ACCOUNT_ID, accountKey: KEY },
      ownClock,
      send,
    ),
    environment: {
      PATH: process.env.PATH ?? '',
      ...COMPILE_CACHE,
      AzureWebJobsStorage: azurite.connectionString,
      KEEPER_ACCOUNTS: accountsOf(ACCOUNT_ID, url),
      AZURE_FUNCTIONS_ENVIRONMENT: 'Development',
    },
  };
};

const differ = async ({ host, table }: Scene, store: Store): Promise<void> => {
  const now = Date.now();
  const servers = ['kept', 'stopped-there', 'shorter', 'unwanted', 'lost', 'stray', 'unknown'];
  for (const id of servers) await host.call('PUT', `/${id}`, { maxLeaseTimeMinutes: 5, size: 'Standard' });
  for (const id of servers) await untilStatus(host, id, 'Ready');
  await host.call('POST', '/stopped-there/:stop');
  await untilStatus(host, 'stopped-there', 'Stopped');

  const five = { requestedMinutes: 5, floorMinutes: 5, grantedMinutes: 5 };
  const base = {
    upstream: host.url,
    createdAt: now - minutes(1),
    observed: ready(now - seconds(10)),
    observedAt: now - seconds(10),
    dueAt: now - seconds(1),
    leases: five,
  };
  // Its lease may be over by what is known: it is looked at.
  const old = { observed: ready(now - minutes(10)), dueAt: now - minutes(4) };
  const sessions = [
    liveSession({ ...base, sessionId: 'kept', policy: { keepAlive: true } }),
    liveSession({ ...base, ...old, sessionId: 'stopped-there' }),
    liveSession({ ...base, ...old, sessionId: 'gone' }),
    liveSession({
      ...base,
      sessionId: 'shorter',
      leases: { ...five, grantedMinutes: 9 },
      dueAt: now + minutes(3),
    }),
    liveSession({ ...base, sessionId: 'unwanted', desired: stopped('asked', now) }),
    liveSession({ ...base, sessionId: 'lost', policy: { keepAlive: true } }),
    liveSession({ ...base, sessionId: 'unreadable' }),
  ];
  for (const session of sessions) {
    const closed = session.desired.state === 'stopped';
    await store.insert(session, { lastActivityAt: now, coveredUntil: now, closed }, []);
    if (session.sessionId === 'lost') await damage(table, session, 'no due row');
    if (session.sessionId === 'shorter') await damage(table, session, 'no activity row');
    if (session.sessionId === 'unreadable') await damage(table, session, 'unreadable');
  }
  await putEnded(
    table,
    endedSession({
      sessionId: 'stray',
      upstream: host.url,
      endedAt: now - minutes(2),
      dueAt: now + minutes(99),
    }),
  );
  await putGate(table, ACCOUNT_ID, { sweptAt: now - seconds(30), graceFrom: now - minutes(60) });
};

/** What is done first about each session; how a stop goes on depends on how long it takes. */
const firstActs = (acts: readonly { sessionId: string; action: string; because: string }[]) => {
  const first = new Map<string, string>();
  for (const { sessionId, action, because } of acts)
    if (!first.has(sessionId)) first.set(sessionId, `${action} because ${because}`);
  return Object.fromEntries(first);
};

interface Said {
  status: number;
  out: string;
  error: string;
}
const doctor = (environment: Record<string, string>, ...argv: string[]): Promise<Said> =>
  new Promise((resolve) => {
    const script = join(REPOSITORY, 'infra', 'doctor.ts');
    execFile(process.execPath, [script, ...argv], { env: environment }, (error, out, text) => {
      resolve({ status: Number(error?.code ?? 0), out, error: text });
    });
  });

describe('the doctor', () => {
  it('finds every difference, foretells the next sweep, and changes nothing', async () => {
    const scene = await setScene();
    const { table, host, environment } = scene;
    const store = createStore(table, randomUUID);
    await differ(scene, store);
    const before = await dump(table, ACCOUNT_ID);
    const counted = (await host.call('GET', '')).body.sessions;
    const surroundings = {
      accountId: ACCOUNT_ID,
      defaults: liveSession().policy,
      rules: { ...accountRules, observeIntervalMs: minutes(60 * 24 * 30) },
      clock: createCheckedClock(ownClock, () => undefined),
      newId: randomUUID,
    };
    const [locked, lockedOne] = [lockedTable(table), lockedUpstream(scene.upstream)];
    const diagnosis = await diagnose(
      { ...surroundings, table: locked.thing, upstream: lockedOne.thing },
      { tickMs: minutes(1), isForced: false },
    );
    const kinds = Object.fromEntries(
      diagnosis.sessions.map(({ session, differences }) => [
        session.sessionId,
        differences.map(({ kind }) => kind),
      ]),
    );
    expect(kinds).toEqual({
      kept: [],
      'stopped-there': ['status', 'overdue'],
      gone: ['status', 'overdue'],
      shorter: ['lease', 'no activity row'],
      unwanted: [],
      lost: ['no due row'],
    });
    expect(diagnosis.strangers.map(({ sessionId, decision }) => [sessionId, decision.type])).toEqual(
      expect.arrayContaining([
        ['stray', 'stop'],
        ['unknown', 'none'],
      ]),
    );
    expect(diagnosis.rows.map(({ kind }) => kind)).toEqual(['unreadable']);
    expect(diagnosis).toMatchObject({ differences: 10, isWhole: true });
    expect(firstActs(diagnosis.sweep.acts)).toEqual({
      kept: 'extend because keep-alive',
      unwanted: 'stop because asked',
      gone: 'observe because lease-end',
      'stopped-there': 'observe because lease-end',
      stray: 'stop because stray',
    });

    // The same by the command, which prints it.
    const printed = await doctor(environment, '--account', ACCOUNT_ID);
    expect(printed).toMatchObject({ status: 1, error: '' });
    expect(printed.out).toMatch(/ {2}next {6}extend to \d+ min because keep-alive\n/);
    expect(printed.out).toContain('\n6 sessions, 10 differences, 7 things to do in the next sweep\n');
    expect(printed.out).not.toContain(KEY);

    expect(await dump(table, ACCOUNT_ID)).toEqual(before);
    expect(withoutTime((await host.call('GET', '')).body.sessions)).toEqual(withoutTime(counted));

    const acts: (Entry & { kind: 'decision' })[] = [];
    const report = (entry: Entry): void => {
      if (entry.kind === 'decision') acts.push(entry);
    };
    await createKeeper({
      ...surroundings,
      store,
      upstream: scene.upstream,
      telemetry: { report, measure: () => undefined },
    }).sweep();
    expect(firstActs(acts)).toEqual(firstActs(diagnosis.sweep.acts));
  });

  it('says what it cannot tell, and with what status', async () => {
    const { environment, host } = await setScene();
    const empty = '22222222-2222-2222-2222-222222222222';
    const others = (endpoint: string) => ({
      ...environment,
      KEEPER_ACCOUNTS: accountsOf(empty, endpoint),
    });
    const nowhere = azurite.connectionString.replace(/127\.0\.0\.1:\d+/, '127.0.0.1:1');
    const [well, noTable, noUpstream, noAccount] = await Promise.all([
      doctor(others(host.url), '--account', empty),
      doctor({ ...environment, AzureWebJobsStorage: nowhere }, '--account', ACCOUNT_ID),
      doctor(others('http://127.0.0.1:1'), '--account', empty),
      doctor(environment),
    ]);
    expect(well).toMatchObject({ status: 0, error: '' });
    expect(well.out).toContain('0 sessions, 0 differences, ');
    expect(noTable).toEqual({
      status: 2,
      out: '',
      error: 'The doctor could not tell: The table does not answer.\n',
    });
    expect(noUpstream).toMatchObject({ status: 2, error: '' });
    expect(noUpstream.out).toContain('the upstream did not say what it has: no token');
    expect(noAccount).toMatchObject({ status: 2, out: '' });
    expect(noAccount.error).toContain(ACCOUNT_ID);
    for (const { out, error } of [well, noTable, noUpstream, noAccount])
      expect(out + error).not.toContain(KEY);
  });
});

const withoutTime = (sessions: readonly object[] = []): object[] =>
  sessions.map((session) => ({ ...session, elapsedTimeMinutes: 0 }));
